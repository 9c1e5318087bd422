#!/usr/bin/python3
"""A store is compacted and backed up again and again while others write, pull, push and read.

Nothing is lost, nothing is there twice, no reader ever meets a missing object, every backup is a whole store,
and git fsck --strict has nothing to say of any repository.
"""
import os
import shutil
import sys
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import ctsync  # noqa: E402
from ctsync import LOCKED, OK  # noqa: E402
from servers import HttpServer  # noqa: E402

ROUNDS = int(os.environ.get("CTS_ROUNDS") or 12)


def stores(lab):
    hub = lab.hub("hub")
    a = lab.init("a", "DPMC")
    a.run("remote", "add", "origin", hub.path)
    lines = [f"add initiative/i{n} title=t{n} overview='{'words ' * 40}'" for n in range(60)]
    a.run("batch", "-", stdin="\n".join(lines) + "\n")
    a.run("push")
    return hub, a, lab.clone(hub.path, "b", "NZP")


def packs(store):
    return [n for n in os.listdir(os.path.join(store.mirror.path, "objects", "pack")) if n.endswith(".idx")]


def unpack(lab, path, where):
    shutil.rmtree(where, ignore_errors=True)
    os.mkdir(where)
    lab.execute(["tar", "xf", path], cwd=where)
    return ctsync.Store(lab, os.path.join(where, *os.listdir(where)), "DPMC")


def log_of(store):
    changes = [c["change"] for c in store.log()]
    assert len(changes) == len(set(changes)), f"a change twice in {store.path}"
    return set(changes)


class Crowd:
    """Things that go on at once until the first of `counted` is done or one fails."""

    def __init__(self):
        self.troubles, self.stop, self.threads, self.counted = [], threading.Event(), [], []

    def add(self, work, times=None):
        def loop():
            n = 0
            try:
                while not self.stop.is_set() and n != times:
                    work(n)
                    n += 1
            except Exception as e:  # told at the end
                self.troubles.append(e)
                self.stop.set()
        thread = threading.Thread(target=loop)
        (self.threads if times is None else self.counted).append(thread)

    def run(self):
        for thread in self.threads + self.counted:
            thread.start()
        for thread in self.counted:
            thread.join()
        self.stop.set()
        for thread in self.threads:
            thread.join()
        if self.troubles:
            raise self.troubles[0]


def test_a_store_in_use_is_compacted_and_backed_up():
    with ctsync.Lab("compact") as lab:
        hub, a, b = stores(lab)
        acked, compacted, lock = [], [], threading.Lock()
        crowd = Crowd()

        def write(store, name):
            def work(n):
                changed = store.run("set", f"initiative/i{n % 60}", f"points+={name}{n}", "--settle").change()
                with lock:
                    acked.append(changed)
            return work

        def other(n):
            b.run("set", f"initiative/i{n % 60}", f"lead_note=n{n}", "--settle")
            b.run("sync")

        def compact(_):
            result = a.run("compact", ok=(OK, LOCKED))
            compacted.append(result.status)

        def back_up(n):
            path = lab.path(f"backup{n % 2}.tar")
            a.run("backup", path)
            copy = unpack(lab, path, lab.path("unpacked"))
            copy.check()
            copy.fsck()
            copy.run("set", "initiative/i0", "title=of the copy", "--settle")
            copy.check()

        crowd.add(write(a, "x"))
        crowd.add(write(a, "y"))
        crowd.add(lambda _: a.run("sync"))
        crowd.add(lambda _: a.check())
        crowd.add(lambda _: a.run("bundle", "create", "--force", lab.path("all.bundle")))
        crowd.add(lambda _: a.mirror.git("log", "--branches", "-p", "-50"))  # git itself; fsck wants a still house
        crowd.add(other)
        crowd.add(back_up, ROUNDS // 2)
        crowd.add(compact, ROUNDS)
        crowd.run()

        assert compacted.count(OK) >= ROUNDS // 2, compacted
        for store in (a, b, a, b):
            store.run("sync")
        assert a.check() == b.check()
        missing = set(acked) - log_of(a) | set(acked) - log_of(b)
        assert not missing, missing
        writers = {c.split(".")[0] for c in acked}
        assert len(writers) == 1, f"compacting made new writers: {writers}"
        for repository in (a.mirror, b.mirror, hub):
            repository.fsck()
        a.run("compact")
        assert len(packs(a)) == 1
        left = [n for n in os.listdir(a.inner) if "." in n and n.split(".")[0] in ("compacting", "quarantine", "rebuild")]
        assert not left, left
        return f"{len(acked)} changes, {compacted.count(OK)} compactions, {ROUNDS // 2} backups"


def test_packs_are_not_taken_from_under_a_fetch():
    """Over http a pull keeps what it fetches in a quarantine that reads the mirror's packs."""
    with ctsync.Lab("compact") as lab, HttpServer(lab) as server:
        hub = server.hub("hub.git")
        a = lab.init("a", "DPMC")
        a.run("remote", "add", "origin", server.url("hub.git"))
        a.run("add", "initiative/i1", "title=t")
        a.run("push")
        b = lab.clone(hub.path, "b", "NZP")
        crowd, done = Crowd(), []

        def other(n):
            b.run("set", "initiative/i1", f"points+=b{n}", "--settle")
            b.run("sync")

        def write(n):
            a.run("set", "initiative/i1", f"labels+=a{n}", "--settle")
            a.run("sync", ok=(OK, LOCKED))

        crowd.add(other)
        crowd.add(write, 2 * ROUNDS)
        crowd.add(lambda _: done.append(a.run("compact", ok=(OK, LOCKED)).status), ROUNDS)
        crowd.run()
        for store in (b, a, b, a):
            store.run("sync")
        assert a.check() == b.check()
        labels = a.show("initiative/i1")["labels"]
        assert {f"a{n}" for n in range(2 * ROUNDS)} <= set(labels), labels
        for repository in (a.mirror, b.mirror, hub):
            repository.fsck()
        return f"{done.count(OK)} compactions"


def test_packs_stay_few_by_themselves():
    with ctsync.Lab("compact") as lab:
        hub, a, b = stores(lab)
        most = 0
        for n in range(40):
            a.run("set", f"initiative/i{n}", f"title=v{n}")
            a.run("push")
            b.run("pull")
            most = max(most, len(packs(a)), len(packs(b)))
        assert 5 < most <= 24, most
        for store in (a, b):
            store.check()
            store.fsck()
        hub.fsck()
        return f"at most {most}"


def test_a_backup_takes_the_place_of_a_lost_store():
    """The machine is gone; what was backed up comes back, what came after it from the hub."""
    with ctsync.Lab("compact") as lab:
        hub, a, b = stores(lab)
        a.run("set", "initiative/i1", "title=pushed before")
        a.run("push")
        pending = a.run("set", "initiative/i2", "title=pending then").change()
        a.run("backup", lab.path("a.tar"))
        after = a.run("set", "initiative/i3", "title=after the backup").change()
        a.run("push")
        lost = a.run("set", "initiative/i4", "title=never pushed").change()
        shutil.rmtree(a.path)
        copy = unpack(lab, lab.path("a.tar"), lab.path("unpacked"))
        assert pending in log_of(copy) and after not in log_of(copy)
        copy.run("pull")
        assert {pending, after} <= log_of(copy) and lost not in log_of(copy)
        new = copy.run("set", "initiative/i2", "title=goes on").change()
        assert new.split(".")[0] != pending.split(".")[0]
        copy.run("push")
        b.run("sync")
        copy.run("sync")
        assert b.check() == copy.check()
        for store in (b, copy):
            assert {pending, after, new} <= log_of(store)
            titles = [e["new"] for c in store.log("initiative/i2") for e in c["edits"] if e["field"] == "title"]
            assert sorted(titles) == ["goes on", "pending then", "t2"], titles
            store.fsck()
        hub.fsck()


def test_a_backup_and_its_original_go_on_side_by_side():
    with ctsync.Lab("compact") as lab:
        hub, a, b = stores(lab)
        a.run("set", "initiative/i1", "title=pending in both")
        a.run("backup", lab.path("a.tar"))
        copy = unpack(lab, lab.path("a.tar"), lab.path("unpacked"))
        copy.run("push")  # what was pending, sealed by the copy first
        a.run("push")
        a.run("set", "initiative/i2", "title=of the first")
        copy.run("set", "initiative/i2", "title=of the copy")
        for store in (copy, a, b, copy, a, b):
            store.run("sync")
        assert a.check() == b.check() == copy.check()
        for store in (a, b, copy):
            edits = [e["new"] for c in store.log() for e in c["edits"] if e["field"] == "title"]
            assert edits.count("pending in both") == 1, edits.count("pending in both")
        values = {s["value"] for c in b.items("conflicts") for s in c["sides"]}
        assert values == {"of the first", "of the copy"}, values
        assert a.json("status")["refused"] == []
        for repository in (a.mirror, b.mirror, copy.mirror, hub):
            repository.fsck()


if __name__ == "__main__":
    ctsync.main(globals())
