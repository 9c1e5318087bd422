#!/usr/bin/python3
"""Sixteen agencies at once on one hub: what each pushes lands at the first attempt, and stands there once.

No agency waits for another, since each writes a branch of its own; what they share (root, main, other people's
branches) is carried as far as it goes, and whoever pushes last brings main up to all of it. In CI each makes a
few changes; CTS_ALL=1 makes a hundred each and a push after every one of them on the path, which is the
figure that is reported.
"""
import os
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import ctsync  # noqa: E402
from oracle import GitReader, Oracle  # noqa: E402
from servers import HttpServer, NoisyPath, PathServer, SshServer  # noqa: E402

AGENCIES = ["DPMC", "NZP", "GCSB", "MSD", "MBIE", "MFAT", "NZDF", "MOH", "DIA", "MOE", "MPI", "LINZ", "DOC", "IRD", "MOT", "TPK"]
ALL = os.environ.get("CTS_ALL") == "1"


def is_shared(n):
    """Every third change is of the record that all of them share."""
    return n % 3 == 2


class Agency(threading.Thread):
    """Makes its changes and pushes them, as a person at a laptop of their own would; some pull in between."""

    def __init__(self, number, store, changes, pushes_after, pulls_after):
        super().__init__()
        self.number, self.store, self.changes = number, store, changes
        self.pushes_after, self.pulls_after = pushes_after, pulls_after
        self.pushes, self.wrong = 0, None

    def run(self):
        try:
            for n in range(1, self.changes + 1):
                self.change(n)
                if n % self.pushes_after == 0 or n == self.changes:
                    self.push()
                if self.pulls_after and n % self.pulls_after == 0:
                    self.store.run("pull")
        except BaseException as e:  # told by whoever waits for this thread
            self.wrong = e

    def change(self, n):
        if not is_shared(n):
            self.store.run("set", f"initiative/own{self.number}", f"title=Change {n}")
        else:
            self.store.run("set", "initiative/shared", f"labels+=a{self.number}-{n}")

    def push(self):
        answer = self.store.json("push")  # status 0, at the first attempt
        agency = self.store.agency.lower()
        assert answer["commits"] > 0 and any(b.startswith(agency + "/") for b in answer["branches"]), answer
        self.pushes += 1


def trailers(hub):
    """(writer, number, is a seen commit) of every commit of every writer's branch."""
    found = []
    names = [n for n in hub.refs() if n not in ("refs/heads/main", "refs/heads/root")]
    fields = "".join(f"%(trailers:key={key},valueonly,separator=)%x09" for key in ("Ctsync-Writer", "Ctsync-Seq", "Ctsync-Seen"))
    for line in hub.git("log", f"--format={fields}", *names).splitlines():
        writer, seq, seen = line.split("\t")[:3]
        found.append((writer, int(seq), bool(seen)))
    return found


def compare_history(hub, count, changes):
    commits = trailers(hub)
    numbers = {}
    for writer, seq, _ in commits:
        numbers.setdefault(writer, []).append(seq)
    assert len(numbers) == count, f"{len(numbers)} writers"
    for writer, seqs in numbers.items():
        assert sorted(seqs) == list(range(1, len(seqs) + 1)), f"{writer}: {sorted(seqs)}"
    # The root, what was there for all, and each one's changes, once each.
    assert sum(not seen for *_, seen in commits) == 2 + count * (1 + changes), len(commits)


def at_once(road, count, changes, pushes_after, pulls_after):
    with ctsync.Lab("many") as lab, road(lab) as server:
        hub = server.hub()
        stores = [lab.init("s0", AGENCIES[0])]
        stores[0].run("remote", "add", "origin", server.url())
        stores[0].run("add", "initiative/shared", "title=All of us")
        stores[0].run("push")
        stores += [lab.clone(server.url(), f"s{n}", AGENCIES[n]) for n in range(1, count)]
        for n, store in enumerate(stores):
            store.run("add", f"initiative/own{n}", "title=Own")
        agencies = [Agency(n, store, changes, pushes_after, pulls_after if n % 4 == 3 else 0)
                    for n, store in enumerate(stores)]
        began = time.monotonic()
        for agency in agencies:
            agency.start()
        for agency in agencies:
            agency.join()
        took = time.monotonic() - began
        for agency in agencies:
            if agency.wrong:
                raise agency.wrong
        compare_history(hub, count, changes)
        # Whoever comes last brings main up to all, without a change of their own.
        stores[0].run("sync")
        stores[0].run("push")
        for store in stores:
            store.run("sync")
        digests = {repr(store.check()) for store in stores}
        assert len(digests) == 1, digests
        reader = GitReader(hub.path, lab.env)
        oracle = Oracle(reader)
        view = oracle.view()
        oracle.compare_main(view)
        oracle.compare_store(stores[-1], view)
        reader.close()
        labels = stores[1].show("initiative/shared")["labels"]
        assert len(labels) == count * sum(map(is_shared, range(1, changes + 1))), labels
        assert not stores[1].items("conflicts")
        for n, agency in enumerate(agencies):
            last = max(k for k in range(1, changes + 1) if not is_shared(k))
            assert stores[2].show(f"initiative/own{n}")["fields"]["title"] == f"Change {last}"
        compare_history(hub, count, changes)
        hub.fsck()
        pushes = sum(a.pushes for a in agencies)
        return (f"{count} agencies, {count * changes} changes in {pushes} pushes: {took:.1f} s, "
                f"{count * changes / took:.0f} changes and {pushes / took:.0f} pushes a second")


def test_sixteen_agencies_on_a_path():
    return at_once(PathServer, 16, 100 if ALL else 4, 1 if ALL else 2, 25 if ALL else 2)


def test_sixteen_agencies_on_a_path_whose_hooks_are_run():
    return at_once(NoisyPath, 16, 100 if ALL else 2, 10 if ALL else 1, 25 if ALL else 0)


def test_sixteen_agencies_over_http():
    return at_once(HttpServer, 16, 100 if ALL else 2, 10 if ALL else 2, 25 if ALL else 0)


def test_agencies_over_ssh():
    return at_once(SshServer, 16 if ALL else 6, 100 if ALL else 2, 10 if ALL else 2, 25 if ALL else 0)


if __name__ == "__main__":
    ctsync.main(globals())
