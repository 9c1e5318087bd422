#!/usr/bin/python3
"""What disks, people and other processes do to a store, and that nothing acknowledged is lost by it.

Processes at once; a full disk; a read-only folder; a corrupted data.mdb; a journal file cut at every byte,
with an LMDB that knows of its entries and with one that does not; a copied store.
"""
import json
import os
import random
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import ctsync  # noqa: E402
from ctsync import DAMAGED, INTEGRITY, IO, LOCKED, NO_SPACE, NOT_FOUND, OK, REFUSED, Failure, Skip, expect_error  # noqa: E402
from oracle import GitReader, Oracle  # noqa: E402

SEED = int(os.environ.get("CTS_SEED") or random.SystemRandom().randrange(1 << 30))
CUTS = 10 * int(os.environ.get("CTS_POINTS") or 40)  # of a journal, unless all with CTS_ALL


def pair(lab):
    hub = lab.hub("hub")
    a = lab.init("a", "DPMC")
    a.run("remote", "add", "origin", hub.path)
    a.run("add", "initiative/i1", "title=t0", "points=p0")
    a.run("push")
    return hub, a, lab.clone(hub.path, "b", "NZP")


def file_of(store, name):
    return os.path.join(store.inner, name)


def read(path):
    with open(path, "rb") as f:
        return f.read()


def write_in_place(path, data):
    """The file keeps its inode, so the store does not look like a copy."""
    with open(path, "r+b") as f:
        f.write(data)
        f.truncate()
        os.fsync(f.fileno())


def history(store):
    changes = [c["change"] for c in store.log()]
    if len(changes) != len(set(changes)):
        raise Failure(f"a change twice in the log of {store.path}")
    return set(changes)


# ---- processes at once ----------------------------------------------------------------------------


def test_many_processes_write_pull_push_and_read_one_store_at_once():
    with ctsync.Lab("faults") as lab:
        hub, a, b = pair(lab)
        acked, troubles, stop = {a: [], b: []}, [], threading.Event()
        lock = threading.Lock()

        def loop(work, times):
            try:
                for n in range(times):
                    if stop.is_set():
                        return
                    work(n)
            except Exception as e:
                troubles.append(e)
                stop.set()

        def writer(store, name):
            def work(n):
                result = store.run("set", "initiative/i1", f"points+={name}{n}", "--settle", f"labels+={name}{n}")
                with lock:
                    acked[store].append((result.change(), f"{name}{n}"))
            return work

        def reader(n):
            a.check()
            assert a.show("initiative/i1")["kind"] == "initiative"
            history(a)

        def other(n):
            b.run("set", "initiative/i1", f"lead_note=n{n}", "--settle")
            b.run("sync")

        jobs = [(writer(a, "x"), 40), (writer(a, "y"), 40), (writer(b, "z"), 15), (lambda n: a.run("sync"), 15),
                (lambda n: a.run("pull"), 15), (reader, 25), (other, 15)]
        threads = [threading.Thread(target=loop, args=job) for job in jobs]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        if troubles:
            raise troubles[0]
        for store in (a, b, a, b):
            store.run("sync")
        for store in (a, b):
            changes = history(store)
            for changed, _ in acked[a] + acked[b]:
                assert changed in changes, f"{changed} is gone"
            labels = set(store.show("initiative/i1")["labels"])
            missing = {name for _, name in acked[a] + acked[b]} - labels
            assert not missing, missing
            store.fsck()
        hub.fsck()
        assert a.check() == b.check()
        readers = GitReader(hub.path, lab.env)
        oracle = Oracle(readers)
        oracle.check_commits()
        oracle.compare_store(a)
        readers.close()
        return f"{len(acked[a]) + len(acked[b])} acknowledged changes"


def test_a_store_that_is_rebuilt_while_others_write_and_push_loses_nothing():
    """Whoever has the old data.mdb open when the new one takes its place neither writes into it nor seals
    out of it."""
    with ctsync.Lab("faults") as lab:
        hub, a, _ = pair(lab)
        acked, troubles = [], []

        def write():
            for n in range(40):
                result = a.run("add", f"initiative/n{n}", "title=x", ok=None)
                if result.status == OK:
                    acked.append(f"initiative/n{n}")
                elif result.status != LOCKED:
                    troubles.append(result.err)

        def do(command, times):
            for _ in range(times):
                result = a.run(command, ok=None)
                if result.status not in (OK, LOCKED):
                    troubles.append(result.err)

        jobs = [threading.Thread(target=write), threading.Thread(target=do, args=("rebuild", 6)),
                threading.Thread(target=do, args=("push", 8))]
        for job in jobs:
            job.start()
        for job in jobs:
            job.join()
        assert not troubles, troubles
        a.run("push")
        a.check()
        lost = [key for key in acked if a.run("show", key, ok=None).status != OK]
        assert not lost, lost
        twice = [key for key in acked if len(a.items("log", key)) != 1]
        assert not twice, f"applied twice: {twice}"
        branches = [ref for ref in hub.refs() if "/dpmc/" in ref]
        assert len(branches) == 1, f"one writer became several: {branches}"
        return f"{len(acked)} acknowledged changes"


def test_a_process_that_holds_the_write_lock_makes_others_wait_and_then_say_so():
    with ctsync.Lab("faults") as lab:
        _, a, _ = pair(lab)
        import fcntl
        names = [n for n in os.listdir(a.inner) if n == "lock"]
        if not names:
            raise Skip("this store has no lock file")
        with open(file_of(a, "lock"), "r+b") as f:
            fcntl.flock(f, fcntl.LOCK_EX)
            start = time.monotonic()
            result = a.run("set", "initiative/i1", "title=t1", ok=None)
            waited = time.monotonic() - start
            expect_error(result, LOCKED)
            assert 8 < waited < 20, f"gave up after {waited:.1f} s"
            assert a.show("initiative/i1")["fields"]["title"] == "t0", "readers never wait"
        a.run("set", "initiative/i1", "title=t1")
        return f"gave up after {waited:.1f} s"


# ---- the disk -------------------------------------------------------------------------------------


class Mounted:
    """A small tmpfs, where one may be mounted."""

    def __init__(self, lab, size="8m"):
        self.path, self.size = lab.path("small"), size

    def __enter__(self):
        os.mkdir(self.path)
        if os.geteuid() != 0:
            raise Skip("only root can mount a small tmpfs")
        run = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={self.size}", "none", self.path], capture_output=True, text=True)
        if run.returncode:
            raise Skip(f"a tmpfs cannot be mounted here: {run.stderr.strip()}")
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", self.path], check=False)

    def fill(self):
        f = os.open(os.path.join(self.path, "filler"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        size = 1 << 20
        while size:
            try:
                os.write(f, b"x" * size)
            except OSError:
                size //= 2
        os.close(f)

    def empty(self):
        os.unlink(os.path.join(self.path, "filler"))


def test_a_full_disk_refuses_the_edit_and_keeps_what_was_acknowledged():
    with ctsync.Lab("faults") as lab, Mounted(lab) as disk:
        hub = lab.hub("hub")
        a = lab.init("small/a", "DPMC")
        a.run("remote", "add", "origin", hub.path)
        a.run("add", "initiative/i1", "title=t0")
        acked = [a.run("set", "initiative/i1", f"title=t{n}").change() for n in range(1, 6)]
        disk.fill()
        failures = 0
        for n in range(30):
            result = a.run("set", "initiative/i1", f"overview={'long ' * 2000}{n}", ok=(OK, NO_SPACE))
            if result.status == OK:
                acked.append(result.change())
            else:
                failures += 1
                expect_error(result, NO_SPACE)
        assert failures, "the disk was never full"
        assert a.show("initiative/i1")["fields"]["title"] == "t5", "reading goes on"
        for command in ("push", "pull"):
            assert a.run(command, ok=(OK, NO_SPACE)).status in (OK, NO_SPACE)
        disk.empty()
        a.check()
        assert set(acked) <= history(a)
        a.run("set", "initiative/i1", "title=after")
        a.run("push")
        a.check()
        a.fsck()
        hub.fsck()
        b = lab.clone(hub.path, "b", "NZP")
        assert b.check() == a.check() and history(b) == history(a)
        return f"{failures} edits refused, {len(acked)} kept"


def test_a_disk_that_is_almost_full_at_any_point_loses_nothing():
    """The disk has room for a little more each time, so every write of a command is once the one that fails."""
    with ctsync.Lab("faults") as lab, Mounted(lab) as disk:
        hub = lab.hub("hub")
        a = lab.init("small/a", "DPMC")
        a.run("remote", "add", "origin", hub.path)
        a.run("add", "initiative/i1", "title=t0")
        a.run("push")
        acked, refused = set(), 0
        filler = os.path.join(disk.path, "filler")
        for n in range(24):
            disk.fill()
            with open(filler, "r+b") as f:  # pages that the command may have
                f.truncate(max(0, os.path.getsize(filler) - n * 4096))
            for argv in (["set", "initiative/i1", f"title=v{n}"], ["push"]):
                result = a.run(*argv, ok=None)
                if result.status == OK and argv[0] == "set":
                    acked.add(result.change())
                elif result.status != OK:
                    assert result.status == NO_SPACE, result
                    refused += 1
            disk.empty()
            a.check()
            assert acked <= history(a), f"lost: {acked - history(a)}"
            a.fsck()
            hub.fsck()
        a.run("push")
        b = lab.clone(hub.path, "b", "NZP")
        assert b.check() == a.check()
        return f"{refused} commands refused, {len(acked)} changes kept"


def test_a_disk_that_fills_while_a_store_is_compacted_or_backed_up_loses_nothing():
    with ctsync.Lab("faults") as lab, Mounted(lab) as disk:
        hub = lab.hub("hub")
        a = lab.init("small/a", "DPMC")
        a.run("remote", "add", "origin", hub.path)
        a.run("add", "initiative/i1", "title=t0")
        filler, refused, whole = os.path.join(disk.path, "filler"), 0, 0
        backup, where = os.path.join(disk.path, "a.tar"), lab.path("unpacked")
        for pages in (0, 1, 2, 4, 8, 16, 24, 32, 48, 64, 80, 96, 128, 160, 400):
            lines = [f"set initiative/i1 --settle overview='{pages} {n} {'words ' * 300}'" for n in range(40)]
            a.run("batch", "-", stdin="\n".join(lines) + "\n")
            a.run("push")
            a.run("set", "initiative/i1", f"title=before {pages}")
            digest, objects, writer = a.check(), a.mirror.objects(), a.json("status")["writer"]
            for argv in (["compact"], ["backup", backup]):
                disk.fill()
                with open(filler, "r+b") as f:
                    f.truncate(max(0, os.path.getsize(filler) - pages * 4096))
                result = a.run(*argv, ok=(OK, NO_SPACE))
                if result.status == NO_SPACE:
                    expect_error(result, NO_SPACE)
                    refused += 1
                disk.empty()
                assert a.check() == digest and not objects - a.mirror.objects()
                a.fsck()
                left = [n for n in os.listdir(a.inner) if n.startswith("compacting.")]
                assert not left, left
            if os.path.exists(backup):
                shutil.rmtree(where, ignore_errors=True)
                os.mkdir(where)
                lab.execute(["tar", "xf", backup], cwd=where)
                ctsync.Store(lab, os.path.join(where, *os.listdir(where)), "DPMC").check()
                whole += 1
            assert sorted(os.listdir(disk.path)) == ["a"] + ["a.tar"] * os.path.exists(backup)
            a.run("set", "initiative/i1", f"title=after {pages}")
            assert a.json("status")["writer"] == writer
        assert refused and whole, f"{refused} refused, {whole} backups"
        a.run("compact")
        a.run("push")
        assert lab.clone(hub.path, "b", "NZP").check() == a.check()
        hub.fsck()
        return f"{refused} commands refused"


def test_a_read_only_folder_is_read_and_not_written():
    with ctsync.Lab("faults") as lab:
        hub, a, _ = pair(lab)
        if os.geteuid() == 0:
            where = lab.path("ro")
            os.mkdir(where)
            for argv in (["mount", "--bind", a.path, where], ["mount", "-o", "remount,ro,bind", where]):
                run = subprocess.run(argv, capture_output=True, text=True)
                if run.returncode:
                    subprocess.run(["umount", "-l", where], check=False, capture_output=True)
                    raise Skip(f"a read-only mount cannot be made here: {run.stderr.strip()}")
            undo = lambda: subprocess.run(["umount", "-l", where], check=True)  # noqa: E731
        else:
            where = a.path
            for folder, _, files in os.walk(a.path):
                for name in [*files, "."]:
                    path = os.path.join(folder, name)
                    os.chmod(path, os.stat(path).st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
            undo = lambda: subprocess.run(["chmod", "-R", "u+w", a.path], check=True)  # noqa: E731
        before = {name: read(file_of(a, name)) for name in ("data.mdb", "journal")}
        store = ctsync.Store(lab, where, "DPMC")
        try:
            assert store.show("initiative/i1")["fields"]["title"] == "t0", "reading goes on"
            assert store.log()
            for argv in (["set", "initiative/i1", "title=t1"], ["add", "initiative/i2", "title=x"], ["push"], ["pull"]):
                result = store.run(*argv, ok=None)
                if argv == ["push"] and result.status == OK:
                    continue  # nothing to push
                expect_error(result, IO)
            result = lab.execute([lab.program, "init", os.path.join(where, "new"), "--agency", "MSD", "--author", "M <m@m>"], ok=None)
            expect_error(result, IO)
        finally:
            undo()
        assert {name: read(file_of(a, name)) for name in ("data.mdb", "journal")} == before
        a.run("set", "initiative/i1", "title=t1")
        a.check()


# ---- damage ---------------------------------------------------------------------------------------


def told(change):
    """What a rebuild must know again; that a remote had it already shows at the next push."""
    return json.dumps([change[k] for k in ("change", "commit", "time", "agency", "author", "message", "edits")])


def test_a_corrupted_database_says_so_and_a_rebuild_loses_nothing():
    """LMDB's pages have no checksum, so garbage in two of them may read as a record that is not there; a check
    reads all of them and sees it."""
    rng, said, rounds, quiet = random.Random(SEED), 0, int(os.environ.get("CTS_ROUNDS") or 20), 0
    for n in range(rounds):
        with ctsync.Lab(f"faults-{n}") as lab:
            hub, a, b = pair(lab)
            b.run("set", "initiative/i1", "title=from b", "points+=b")
            b.run("push")
            a.run("set", "initiative/i1", "title=from a", "labels+=l", "-m", "a reason")  # a conflict
            a.run("sync")
            for k in range(3):
                a.run("set", "initiative/i1", f"lead_note=unpushed {k}")
            a.run("add", "milestone/m1", "parent=initiative/i1", "due=Q3 2021")
            digest, log = a.check(), a.log()
            path = file_of(a, "data.mdb")
            data = bytearray(read(path))
            how = rng.choice(["everything", "meta", "bits", "page", "short"])
            if how == "everything":
                data = bytearray(rng.randbytes(len(data)))
            elif how == "meta":
                data[:8192] = rng.randbytes(8192)
            elif how == "bits":
                for _ in range(200):
                    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
            elif how == "page":
                for _ in range(8):
                    at = rng.randrange(len(data) // 4096) * 4096
                    data[at:at + 4096] = rng.randbytes(4096)
            else:
                data = data[:rng.randrange(len(data))]
            write_in_place(path, bytes(data))
            seen = False
            for argv in (["check"], ["show", "initiative/i1"], ["log"], ["set", "initiative/i1", "rating=red"]):
                result = a.run(*argv, ok=(OK, DAMAGED, INTEGRITY, NOT_FOUND))
                seen = seen or result.status in (DAMAGED, INTEGRITY)
                assert seen or result.status == OK, f"seed {SEED}, {how}: {argv[0]} misses a record, check did not"
                if result.status == DAMAGED:
                    # What a log or a check has found is told as it is found.
                    expect_error(result, DAMAGED, hint="rebuild", quiet=argv[0] not in ("log", "check"))
                    said += 1
                elif argv[0] == "set":
                    quiet += 1
            done = result.status == OK
            a.run("rebuild")
            if not done:
                assert a.check() == digest, f"seed {SEED}, {how}: a rebuild gives another state"
                assert sorted(map(told, a.log())) == sorted(map(told, log)), f"seed {SEED}, {how}: another history"
            assert a.show("initiative/i1")["fields"]["lead_note"] == "unpushed 2"
            assert {c["change"] for c in log} <= history(a)
            for store in (a, b, a, b):
                store.run("sync")
            assert a.check() == b.check() and {c["change"] for c in log} <= history(b)
            for repository in (a.mirror, b.mirror, hub):
                repository.fsck()
    return f"{rounds} corruptions, {said} commands said so, {quiet} edits went through beside the damage (CTS_SEED={SEED})"


def test_a_rebuild_keeps_when_each_change_was_made_and_received():
    """Or `show --at DATE` would tell another past than it told before."""
    with ctsync.Lab("faults") as lab:
        _, a, b = pair(lab)
        b.run("set", "initiative/i1", "title=from b")
        b.run("push")
        a.run("set", "initiative/i1", "lead_note=own, before the pull")
        time.sleep(1.2)
        a.run("pull")
        a.run("set", "initiative/i1", "notes=own, after the pull")
        a.run("push")
        before = {c["change"]: (c["time"], c["received"]) for c in a.log()}
        time.sleep(1.2)
        a.run("rebuild")
        after = {c["change"]: (c["time"], c["received"]) for c in a.log()}
        assert after == before, f"{ {k: (before[k], after.get(k)) for k in before if before[k] != after.get(k)} }"


def test_a_lost_database_is_rebuilt():
    with ctsync.Lab("faults") as lab:
        hub, a, b = pair(lab)
        a.run("set", "initiative/i1", "title=unpushed", "points+=p1")
        digest = a.check()
        os.unlink(file_of(a, "data.mdb"))
        result = a.run("show", "initiative/i1", ok=None)
        assert result.status in (DAMAGED, ctsync.NO_STORE), result
        a.run("rebuild")
        assert a.check() == digest
        a.run("sync")
        b.run("sync")
        assert a.check() == b.check()


def test_a_journal_cut_at_every_byte_costs_nothing_that_the_database_holds():
    with ctsync.Lab("faults") as lab:
        _, a, _ = pair(lab)
        for n in range(3):
            a.run("set", "initiative/i1", f"title=t{n + 1}", f"points+=p{n + 1}")
        path, digest, log = file_of(a, "journal"), a.check(), a.log()
        whole, database = read(path), read(file_of(a, "data.mdb"))
        assert whole, "pending changes stand in the journal file"
        sizes = range(len(whole)) if os.environ.get("CTS_ALL") or len(whole) < CUTS else \
            sorted(random.Random(SEED).sample(range(len(whole)), CUTS))
        for size in sizes:
            write_in_place(file_of(a, "data.mdb"), database)
            write_in_place(path, whole[:size])
            assert a.check() == digest, f"cut at {size} of {len(whole)}"
            if size % 16 == 0:
                assert [c["change"] for c in a.log()] == [c["change"] for c in log]
                changed = a.run("set", "initiative/i1", "title=after").change()
                assert changed in history(a) and {c["change"] for c in log} <= history(a)
                a.check()
                a.run("rebuild")
                assert {c["change"] for c in log} | {changed} <= history(a), f"cut at {size}: a rebuild lost something"
        return f"{len(sizes)} of {len(whole)} places"


def test_a_journal_ahead_of_the_database_is_replayed_up_to_where_it_was_torn():
    """A power loss: LMDB forgot its last transactions, the journal file has them, the last of them torn."""
    with ctsync.Lab("faults") as lab:
        _, a, _ = pair(lab)
        path, database = file_of(a, "journal"), file_of(a, "data.mdb")
        old, ends, states, changes = read(database), [os.path.getsize(path)], [a.check()["digest"]], []
        for n in range(4):
            changes.append(a.run("set", "initiative/i1", f"title=t{n + 1}").change())
            ends.append(os.path.getsize(path))
            states.append(a.check()["digest"])
        whole, final = read(path), read(database)
        assert ends == sorted(set(ends)), f"an edit is appended: {ends}"
        sizes = range(ends[0], len(whole) + 1) if os.environ.get("CTS_ALL") or len(whole) < CUTS else \
            sorted({*ends, *random.Random(SEED).sample(range(ends[0], len(whole) + 1), min(CUTS, len(whole) - ends[0]))})
        for size in sizes:
            write_in_place(database, old)
            write_in_place(path, whole[:size])
            held = max(i for i, end in enumerate(ends) if end <= size)
            assert a.check()["digest"] == states[held], f"cut at {size}: not the state after {held} edits ({ends})"
            if size % 8 == 0 or size in ends:
                found = history(a)
                assert set(changes[:held]) <= found and not set(changes[held:]) & found
                after = a.run("set", "initiative/i1", "title=after").change()
                assert after not in changes[:held] and after in history(a)
                a.check()
        write_in_place(database, final)
        write_in_place(path, whole)
        a.check()
        a.run("push")
        return f"{len(sizes)} places in {len(whole)} bytes, 4 edits"


def test_leftovers_of_dead_processes_are_cleared():
    """Stale git lock files and quarantines do not stop the next push or pull."""
    with ctsync.Lab("faults") as lab:
        hub, a, b = pair(lab)
        a.run("set", "initiative/i1", "title=t1")
        a.run("push")
        own = next(r for r in a.mirror.refs() if r.startswith("refs/heads/dpmc/"))
        old = time.time() - 3600
        for path in (os.path.join(a.mirror.path, own + ".lock"), os.path.join(a.mirror.path, "packed-refs.lock"),
                     os.path.join(hub.path, own + ".lock")):
            with open(path, "w", encoding="ascii"):
                os.utime(path, (old, old))
        b.run("set", "initiative/i1", "points+=p1")
        b.run("push")
        a.run("set", "initiative/i1", "title=t2")
        a.run("sync")
        b.run("sync")
        assert a.check() == b.check()
        for repository in (a.mirror, b.mirror, hub):
            repository.fsck()


# ---- copies ---------------------------------------------------------------------------------------


def writer_of(store):
    return store.json("status")["writer"]


def test_a_copied_store_takes_a_new_writer_before_its_next_edit():
    with ctsync.Lab("faults") as lab:
        hub, a, b = pair(lab)
        a.run("set", "initiative/i1", "title=pending when copied")
        twin = a.copy("twin")
        first = a.run("set", "initiative/i1", "title=of the first").change()
        second = twin.run("set", "initiative/i1", "title=of the copy").change()
        assert first.split(".")[0] != second.split(".")[0], f"one writer in two stores: {first} {second}"
        for store in (a, twin, b, a, twin, b):
            store.run("sync")
        assert a.check() == twin.check() == b.check()
        titles = {s["value"] for c in a.items("conflicts") for s in c["sides"]}
        assert titles == {"of the first", "of the copy"}, titles
        for store in (a, twin, b):
            changes = history(store)
            assert {first, second} <= changes
            assert sum(e["new"] == "pending when copied" for c in store.log() for e in c["edits"]) == 1
            store.fsck()
        hub.fsck()


def test_an_older_copy_put_back_in_place_forks_and_both_lines_are_kept():
    """Restored below the same inode, a store cannot know it; what it makes is a second line of one writer."""
    with ctsync.Lab("faults") as lab:
        hub, a, b = pair(lab)
        saved = {name: read(file_of(a, name)) for name in ("data.mdb", "journal", "received")}
        mirror = lab.path("mirror-before")
        shutil.copytree(a.mirror.path, mirror)
        lost = a.run("set", "initiative/i1", "title=before the restore").change()
        a.run("push")
        b.run("pull")
        for name, data in saved.items():
            write_in_place(file_of(a, name), data)
        shutil.rmtree(a.mirror.path)
        shutil.copytree(mirror, a.mirror.path)
        a.run("set", "initiative/i1", "title=after the restore")
        for store in (a, b, a, b, a, b):
            store.run("sync", ok=None)
        later = a.run("set", "initiative/i1", "lead_note=goes on", "--settle").change()
        assert later.split(".")[0] != lost.split(".")[0], "a forked writer goes on as a new one"
        for store in (a, b, a, b):
            store.run("sync", ok=(OK, INTEGRITY, REFUSED))
        assert a.check() == b.check()
        values = {s["value"] for c in b.items("conflicts") for s in c["sides"] if c["field"] == "title"}
        assert values == {"before the restore", "after the restore"}, values
        for repository in (a.mirror, b.mirror, hub):
            repository.fsck()


def test_a_push_that_cannot_be_sealed_ends_with_a_status():
    """Whatever was begun beside sealing: a process that exits in the middle of it may die of that."""
    no_files = ("bash", "-c", "ulimit -f 0; trap '' XFSZ; exec \"$@\"", "bash")
    with ctsync.Lab("faults") as lab:
        _, a, _ = pair(lab)
        a.run("set", "initiative/i1", "title=t1")
        for _ in range(100):
            expect_error(a.run("push", ok=(IO,), prefix=no_files), IO)
        a.run("push")
        a.check()


def test_an_interrupted_command_leaves_no_trace():
    """Ctrl-C at random moments of random commands."""
    rng = random.Random(SEED)
    with ctsync.Lab("faults") as lab:
        hub, a, b = pair(lab)
        acked = set()
        for n in range(60):
            argv = rng.choice([["set", "initiative/i1", f"title=v{n}", "--settle"], ["push"], ["pull"], ["sync"], ["check"]])
            process = subprocess.Popen([lab.program, "-C", a.path, *argv], env=lab.env, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, text=True)
            time.sleep(rng.random() * 0.012)
            process.send_signal(rng.choice([signal.SIGINT, signal.SIGTERM, signal.SIGKILL]))
            out, _ = process.communicate(timeout=30)
            if process.returncode == 0 and argv[0] == "set" and out.strip():
                acked.add(out.split()[0])
            if n % 5 == 0:
                b.run("set", "initiative/i1", f"points+=b{n}", "--settle")
                b.run("sync")
        a.check()
        assert acked <= history(a), f"lost: {acked - history(a)}"
        for store in (a, b, a, b):
            store.run("sync")
        assert a.check() == b.check()
        for repository in (a.mirror, b.mirror, hub):
            repository.fsck()
        return f"{len(acked)} acknowledged (CTS_SEED={SEED})"


if __name__ == "__main__":
    ctsync.main(globals())
