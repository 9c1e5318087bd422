#!/usr/bin/python3
"""Many writers and years of their history: what a sync costs is what is new, not what has been.

Counted, not timed: system calls, bytes that they read, and (where there is valgrind) instructions. Ten
times the history must cost the same; a branch more may cost a few calls, since each of a remote's branches is
looked at. CTS_ALL=1 does it with a hundred writers and 100,000 commits over ten years.
"""
import os
import re
import shutil
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import ctsync  # noqa: E402
from crowd import Crowd  # noqa: E402
from oracle import GitReader, Oracle  # noqa: E402

ALL = os.environ.get("CTS_ALL") == "1"
CAN_COUNT_STEPS = shutil.which("valgrind") is not None and "ASAN_OPTIONS" not in os.environ
# System calls and bytes read: what two runs of the same may differ by; what a branch may cost, for its folders,
# files and locks here and in the hub. Instructions the same way, in which LMDB and packs show, which are mapped.
SAME, A_BRANCH = (60, 32 * 1024), (30, 600)
SAME_STEPS, STEPS_A_BRANCH = (3_000_000,), (200_000,)


class World:
    def __init__(self, lab, writers, changes):
        self.lab, self.number = lab, 0
        self.hub = lab.hub("hub")
        self.a = lab.init("a", "DPMC")
        self.a.run("remote", "add", "origin", self.hub.path)
        self.a.run("push")
        self.crowd = Crowd(self.hub, next(r for r in self.hub.refs() if "/dpmc/" in r))
        self.crowd.live(writers, changes)
        self.reader = lab.clone(self.hub.path, "reader", "NZP")  # pulls, and never pushes
        self.a.run("pull", timeout=600)
        self.a.run("set", "agency/dpmc", "name=One")
        self.a.run("push", timeout=600)
        shutil.copytree(self.hub.path, lab.path("second"))
        self.a.run("remote", "add", "second", lab.path("second"))
        self.a.run("push", "second")
        self.reader.run("pull")

    def calls(self, store, *args):
        """(system calls, bytes that they read) of a command, and its answer."""
        log = self.lab.path("strace")
        # Nothing under strace can be looked through for leaks.
        env = {"ASAN_OPTIONS": os.environ["ASAN_OPTIONS"] + ":detect_leaks=0"} if "ASAN_OPTIONS" in os.environ else {}
        result = store.run(*args, prefix=("strace", "-f", "-qq", "-o", log), env=env)
        calls = size = 0
        with open(log, encoding="utf-8", errors="replace") as f:
            for line in f:
                # Of a call that another thread came between the end stands on a line of its own.
                call = re.match(r"(?:\d+ +)?(?:<\.\.\. )?(\w+)(?:\(| resumed).*= (-?\d+)", line)
                calls += call is not None
                if call and call[1] in ("read", "pread64", "readv", "recvfrom"):
                    size += max(0, int(call[2]))
        return (calls, size), result

    def steps(self, store, *args):
        """(instructions,) of a command and what it runs, and its answer."""
        result = store.run(*args, prefix=("valgrind", "--tool=callgrind", "--trace-children=yes", "--callgrind-out-file=/dev/null"))
        return (sum(map(int, re.findall(r"Collected : (\d+)", result.err))),), result

    def costs(self, count):
        """What each command costs, counted so; each must say what it did."""
        found = {}

        def cost(name, *args, says="", store=None):
            found[name], result = count(store or self.a, *args)
            assert says in result.out + result.err, result

        def change():
            self.number += 1
            self.a.run("set", "agency/dpmc", f"name=Name {self.number}")

        self.a.run("sync")
        cost("status", "status")
        cost("pull of nothing", "pull", says="nothing new")
        cost("push of nothing", "push", says="nothing to push")
        self.crowd.change(3)
        cost("pull of one", "pull", says="received 1 commit ")
        self.a.run("push")  # main
        change()
        self.a.run("push")
        self.a.run("push", "second")
        change()
        cost("push of one", "push", says="pushed 1 commit ")
        cost("push of one to another hub", "push", "second", says="pushed 1 commit ")
        change()
        cost("push of one to the first again", "push", says="pushed 1 commit ")
        self.reader.run("pull")
        self.crowd.change(5)
        cost("pull of one by a reader", "pull", says="received 1 commit ", store=self.reader)
        cost("log", "log", "-n", "1")
        cost("log of a record", "log", self.crowd.writers[5].key, "-n", "1")
        return found


def world(writers, changes):
    if shutil.which("strace") is None:
        raise ctsync.Skip("there is no strace here")
    lab = ctsync.Lab("crowd")
    return lab, World(lab, writers, changes)


def compare(what, first, then, allowed):
    for name, before in first.items():
        after = then[name]
        said = f"{name}, {what}: {before} -> {after}"
        assert all(b <= a + more for a, b, more in zip(before, after, allowed)), said


def test_ten_times_the_history_and_more_branches():
    few, many, short, long = (20, 100, 10, 1000) if ALL else (20, 60, 4, 40)
    found = {}
    for writers, changes in [(few, short), (few, long), (many, short)] + [(many, long)] * ALL:
        lab, w = world(writers, changes)
        with lab:
            found[writers, changes] = w.costs(w.calls), w.costs(w.steps) if CAN_COUNT_STEPS and (ALL or writers == few) else {}
    for n, (same, a_branch) in enumerate([(SAME, A_BRANCH), (SAME_STEPS, STEPS_A_BRANCH)]):
        per_branches = [more * (many - few) for more in a_branch]
        compare(f"{long // short} times the history", found[few, short][n], found[few, long][n], same)
        if found[many, short][n]:
            compare(f"{many - few} more branches", found[few, short][n], found[many, short][n], list(map(sum, zip(same, per_branches))))
        if ALL:
            compare("all of it", found[many, short][n], found[many, long][n], same)
    calls, steps = found[max(found) if ALL else (few, long)]
    return "; ".join(f"{name}: {calls[name][0]} calls" + (f", {steps[name][0] / 1e6:.0f} million steps" if steps else "") for name in calls)


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
