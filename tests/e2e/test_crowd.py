#!/usr/bin/python3
"""Many writers and years of their history: what a sync costs is what is new, not what has been.

Counted, not timed: system calls, bytes that they read, and pages of memory that were touched (LMDB and packs
are read through maps, where no call shows). Ten times the history must cost the same; a branch more may cost a
few calls, since each of a remote's branches is looked at. CTS_ALL=1 does it with a hundred writers and
100,000 commits over ten years.
"""
import os
import re
import resource
import shutil
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import ctsync  # noqa: E402
from crowd import Crowd  # noqa: E402
from oracle import GitReader, Oracle  # noqa: E402

ALL = os.environ.get("CTS_ALL") == "1"
CALLS_A_BRANCH = 30  # folders, files and locks of one branch here and in the hub
SAME_CALLS, SAME_BYTES, SAME_PAGES = 60, 32 * 1024, 250  # what two runs of the same may differ by


class World:
    def __init__(self, lab, writers, changes):
        self.lab, self.writers, self.changes = lab, writers, changes
        self.hub = lab.hub("hub")
        self.a = lab.init("a", "DPMC")
        self.a.run("remote", "add", "origin", self.hub.path)
        self.a.run("push")
        self.crowd = Crowd(self.hub, next(r for r in self.hub.refs() if "/dpmc/" in r))
        self.crowd.live(writers, changes)
        self.a.run("pull", timeout=600)
        self.a.run("set", "agency/dpmc", "name=One")
        self.a.run("push", timeout=600)

    def cost(self, *args, says="", is_twice=False):
        """(calls, bytes read, pages) of a command; it must say that. Pages are of what can be done twice."""
        log = self.lab.path("strace")
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_minflt
        plain = self.a.run(*args) if is_twice else None  # strace touches pages of its own
        pages = resource.getrusage(resource.RUSAGE_CHILDREN).ru_minflt - before
        result = self.a.run(*args, prefix=("strace", "-f", "-qq", "-o", log))
        for answer in filter(None, (plain, result)):
            assert says in answer.out + answer.err, answer
        calls = size = 0
        with open(log, encoding="utf-8", errors="replace") as f:
            for line in f:
                call = re.match(r"(?:\d+ +)?(\w+)\(.*= (-?\d+)", line)
                calls += call is not None
                if call and call[1] in ("read", "pread64", "readv", "recvfrom"):
                    size += max(0, int(call[2]))
        return calls, size, pages

    def costs(self):
        found = {}
        found["status"] = self.cost("status", is_twice=True)
        found["pull of nothing"] = self.cost("pull", says="nothing new", is_twice=True)
        found["push of nothing"] = self.cost("push", says="nothing to push", is_twice=True)
        self.crowd.change(3)
        found["pull of one"] = self.cost("pull", says="received 1 commit ")
        self.a.run("push")  # main
        self.a.run("set", "agency/dpmc", "name=Two")
        self.a.run("push")
        self.a.run("set", "agency/dpmc", "name=Three")
        found["push of one"] = self.cost("push", says="pushed 1 commit ")
        found["log"] = self.cost("log", "-n", "1", is_twice=True)
        found["log of a record"] = self.cost("log", self.crowd.writers[5].key, "-n", "1", is_twice=True)
        return found


def world(writers, changes):
    if shutil.which("strace") is None:
        raise ctsync.Skip("there is no strace here")
    lab = ctsync.Lab("crowd")
    return lab, World(lab, writers, changes)


def compare(what, first, then, calls, size):
    for name, before in first.items():
        after = then[name]
        said = f"{name}, {what}: calls, bytes and pages {before} -> {after}"
        assert after[0] <= before[0] + SAME_CALLS + calls, said
        assert after[1] <= before[1] + SAME_BYTES + size, said
        assert after[2] <= before[2] + SAME_PAGES, said


def test_history_and_branches_cost_nothing():
    few, many, short, long = (20, 100, 10, 1000) if ALL else (20, 60, 4, 40)
    with_few, a = world(few, short)
    with with_few:
        least = a.costs()
    with_history, b = world(few, long)
    with with_history:
        older = b.costs()
    compare(f"{long // short} times the history", least, older, 0, 0)
    with_branches, c = world(many, short)
    with with_branches:
        more = c.costs()
    compare(f"{many - few} more branches", least, more, (many - few) * CALLS_A_BRANCH, (many - few) * 600)
    note = ", ".join(f"{name} {cost[0]}" for name, cost in older.items())
    if ALL:
        with_all, d = world(many, long)
        with with_all:
            most = d.costs()
        compare("all of it", more, most, 0, 0)
        note = ", ".join(f"{name} {cost[0]}" for name, cost in most.items())
    return "calls: " + note


def test_the_crowd_is_as_the_program_would_have_made_it():
    """What the figures stand on is judged by the oracle, and all ways of taking it in agree."""
    lab, w = world(70, 6)
    with lab:
        assert not w.a.json("status")["refused"]
        w.crowd.change(3)
        w.a.run("sync")
        clone = lab.clone(w.hub.path, "late", "MSD")
        clone.run("pull", "--receipt")  # seventy heads are more than one seen commit can join
        clone.run("push")
        w.a.run("sync")
        digests = {repr(s.check()) for s in (w.a, clone)}
        w.a.run("rebuild")
        digests |= {repr(w.a.check())}
        assert len(digests) == 1, digests
        w.hub.fsck()
        w.a.fsck()
        reader = GitReader(w.hub.path, lab.env)
        oracle = Oracle(reader)
        oracle.check_commits()
        oracle.compare_main(oracle.view())
        oracle.compare_store(w.a)
        reader.close()


if __name__ == "__main__":
    ctsync.main(globals())
