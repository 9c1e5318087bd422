#!/usr/bin/python3
"""kill -9 at every system call of `set`, `push`, `pull`, `rebuild`, `clone`, `compact` and `backup`, and torn writes.

A tracer kills the command as it enters its N-th system call, for every N there is; for calls that write,
once more in the middle of the write. After each kill the store must open, hold its invariants and every
acknowledged change exactly once, the killed command must work when given again, and git fsck --strict must
have nothing to say of mirror and hub. The stores live on through all kills of a chunk.

By default the calls that change something, and a sample of the others, are tried; CTS_ALL=1 tries all.
"""
import multiprocessing
import os
import platform
import random
import shutil
import sys
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import ctsync  # noqa: E402
from ctsync import Failure  # noqa: E402

KILLED = 137
CHUNK = 24  # kills that one pair of stores lives through
# x86-64: write pwrite64 writev pwritev open openat creat fsync fdatasync msync ftruncate truncate rename* unlink*
# mkdir* rmdir link* flock fcntl sendfile copy_file_range fallocate fchmod close munmap
CHANGING = {1, 18, 20, 296, 2, 257, 85, 74, 75, 26, 77, 76, 82, 264, 316, 87, 263, 83, 258, 84, 86, 265, 73, 72, 40,
            326, 285, 91, 3, 11}
WRITES = {1, 18}


class Scene:
    """Two agencies and a hub; what each acknowledged is remembered."""

    def __init__(self, lab):
        self.lab, self.killat = lab, ctsync.tool(lab, "killat")
        self.hub = lab.hub("hub")
        self.a = lab.init("a", "DPMC")
        self.a.run("remote", "add", "origin", self.hub.path)
        self.a.run("add", "initiative/i1", "title=t", "overview=o", "points=p")
        self.a.run("add", "initiative/i2", "title=t")
        self.a.run("push")
        self.b = lab.clone(self.hub.path, "b", "NZP")
        self.acked = {self.a: set(), self.b: set()}
        self.count = 0

    def set(self, store, key="initiative/i1", field="title"):
        self.count += 1
        result = store.run("set", key, f"{field}=v{self.count}", "--settle")
        self.acked[store].add(result.change())
        return f"v{self.count}"

    def killed(self, store, point, torn, *args):
        """Runs a command of `store` and kills it; True when it was killed, False when it ended well."""
        argv = [self.killat, *(["torn"] if torn else []), str(point), self.lab.path("calls"),
                self.lab.program, "-C", store.path, *args]
        result = self.lab.execute(argv, ok=(0, KILLED), env=store.env)
        return result.status == KILLED, result

    def calls(self):
        with open(self.lab.path("calls"), encoding="ascii") as f:
            return [int(line.split()[1]) for line in f]

    def check(self, *stores):
        for store in stores:
            store.check()
            changes = [c["change"] for c in store.log()]
            if len(changes) != len(set(changes)):
                raise Failure(f"{store.path}: a change twice in the log")
            missing = self.acked[store] - set(changes)
            if missing:
                raise Failure(f"{store.path}: acknowledged, and gone: {missing}")
            store.fsck()
        self.hub.fsck()

    def meet(self):
        """Both sync; then they must hold the same, each change once."""
        for store in (self.a, self.b, self.a):
            store.run("sync", "origin")
        self.check(self.a, self.b)
        if self.a.check() != self.b.check():
            raise Failure(f"stores differ: {self.a.check()} {self.b.check()}")
        if {c["change"] for c in self.a.log()} != {c["change"] for c in self.b.log()}:
            raise Failure("histories differ")


def try_set(scene, point, torn):
    before = scene.a.show("initiative/i1")["fields"]["title"]
    scene.count += 1
    typed = f"v{scene.count}"
    killed, result = scene.killed(scene.a, point, torn, "set", "initiative/i1", f"title={typed}")
    if not killed:
        scene.acked[scene.a].add(result.change())
    scene.check(scene.a)
    now = scene.a.show("initiative/i1")["fields"]["title"]
    times = sum(e["new"] == typed for c in scene.a.log("initiative/i1") for e in c["edits"])
    if (now, times) not in [(typed, 1)] + ([(before, 0)] if killed else []):
        raise Failure(f"after the kill the title is {now}, {typed} is {times} times in the history")
    again = scene.set(scene.a)
    if scene.a.show("initiative/i1")["fields"]["title"] != again:
        raise Failure("the command given again did nothing")
    if point % 8 == 0:
        scene.meet()
    return killed


def try_push(scene, point, torn):
    scene.set(scene.a)
    scene.set(scene.a, "initiative/i2")
    killed, _ = scene.killed(scene.a, point, torn, "push", "origin")
    scene.check(scene.a)
    scene.a.run("push", "origin")
    scene.check(scene.a)
    if any(c["state"] != "pushed" for c in scene.a.log()):
        raise Failure("something is not pushed after a push")
    scene.meet()
    return killed


def try_pull(scene, point, torn):
    scene.set(scene.b)
    scene.set(scene.b, "initiative/i2", "overview")
    scene.b.run("push", "origin")
    scene.set(scene.a, "initiative/i2", "lead_note")
    killed, _ = scene.killed(scene.a, point, torn, "pull", "origin")
    scene.check(scene.a)
    scene.a.run("pull", "origin")
    missing = scene.acked[scene.b] - {c["change"] for c in scene.a.log()}
    if missing:
        raise Failure(f"not pulled: {missing}")
    scene.meet()
    return killed


def try_rebuild(scene, point, torn):
    scene.set(scene.a)
    digest = scene.a.check()
    killed, _ = scene.killed(scene.a, point, torn, "rebuild")
    if scene.a.check() != digest:
        raise Failure("a killed rebuild changed what the store shows")
    scene.a.run("rebuild")
    if scene.a.check() != digest:
        raise Failure("a rebuild changed what the store shows")
    scene.check(scene.a)
    return killed


def try_clone(scene, point, torn):
    path = scene.lab.path("clone")
    shutil.rmtree(path, ignore_errors=True)
    argv = ["clone", scene.hub.path, path, "--agency", "GCSB", "--author", "Gi <gi@gcsb.example>"]
    outside = ctsync.Store(scene.lab, scene.lab.dir, "NONE")
    killed, _ = scene.killed(outside, point, torn, *argv)
    store = ctsync.Store(scene.lab, path, "GCSB")
    if os.path.exists(store.inner):
        if store.check() != scene.a.check():
            raise Failure("half a clone")
    else:
        scene.lab.execute([scene.lab.program, *argv])
    store.fsck()
    if store.check() != scene.a.check():
        raise Failure("the clone given again is not whole")
    return killed


def loosen(scene):
    """Packs to join, and a database with pages that nothing uses any more."""
    for n in range(2):
        scene.count += 1
        lines = [f"set initiative/i2 --settle overview='{scene.count} {k} {'words ' * 200}'" for k in range(20)]
        lines += [f"add recommendation/w{scene.count}-{k} number={1 + k % 44}" for k in range(60)]
        scene.acked[scene.a].add(scene.a.run("batch", "-", stdin="\n".join(lines) + "\n").change())
        scene.a.run("push", "origin")


def leftovers(store):
    return [name for name in os.listdir(store.inner) if name.startswith(("compacting.", "quarantine.", "rebuild."))]


def try_compact(scene, point, torn):
    loosen(scene)
    scene.set(scene.a)
    digest, objects, writer = scene.a.check(), scene.a.mirror.objects(), scene.a.json("status")["writer"]
    killed, _ = scene.killed(scene.a, point, torn, "compact")
    scene.check(scene.a)
    if scene.a.check() != digest:
        raise Failure("a killed compact changed what the store shows")
    lost = objects - scene.a.mirror.objects()
    if lost:
        raise Failure(f"a killed compact lost objects: {lost}")
    scene.a.run("compact")
    scene.set(scene.a)
    if scene.a.json("status")["writer"] != writer:
        raise Failure("compacting made the store another writer")
    scene.check(scene.a)
    # A pack that lost its idx just before the kill is cleared ten minutes later: it might be coming.
    packs = [name for name in os.listdir(os.path.join(scene.a.mirror.path, "objects", "pack")) if name.endswith(".idx")]
    if len(packs) != 1 or objects - scene.a.mirror.objects() or leftovers(scene.a):
        raise Failure(f"left after a compact: {packs} {leftovers(scene.a)}")
    if point % 8 == 0:
        scene.meet()
    return killed


def try_backup(scene, point, torn):
    path, where = scene.lab.path("a.tar"), scene.lab.path("unpacked")
    scene.set(scene.a)
    digest = scene.a.check()
    killed, _ = scene.killed(scene.a, point, torn, "backup", path)
    scene.check(scene.a)
    if not killed or point % 4 == 0:
        scene.a.run("backup", path)
    if os.path.exists(path):  # whole, whichever it is
        shutil.rmtree(where, ignore_errors=True)
        os.mkdir(where)
        scene.lab.execute(["tar", "xf", path], cwd=where)
        copy = ctsync.Store(scene.lab, os.path.join(where, *os.listdir(where)), scene.a.agency)
        state = copy.check()
        copy.fsck()
        if (not killed or point % 4 == 0) and state != digest:
            raise Failure("a backup is not the store")
    return killed


TRIALS = {"set": try_set, "push": try_push, "pull": try_pull, "rebuild": try_rebuild, "clone": try_clone,
          "compact": try_compact, "backup": try_backup}


def chunk(task):
    """One pair of stores through some kills of one command."""
    name, points, first = task
    at, killed = None, 0
    try:
        with lab(name) as l:
            scene = Scene(l)
            # Every second chunk meets a mirror with a history of packs, the others a new one.
            if first % 2:
                for _ in range(25):
                    scene.set(scene.a)
                    scene.a.run("push", "origin")
                scene.meet()
            for at in points:
                killed += TRIALS[name](scene, *at)
            scene.meet()
        return killed, None
    except BaseException:  # told with its point
        return killed, f"{name} killed at call {at and at[0]}{' (torn)' if at and at[1] else ''}:\n{traceback.format_exc()}"


def lab(name):
    made = ctsync.Lab(f"kill-{name}")
    made.env["ASAN_OPTIONS"] = made.env.get("ASAN_OPTIONS", "") + ":detect_leaks=0"  # cannot work when traced
    return made


def count_calls(name):
    with lab(name) as l:
        scene = Scene(l)
        if scene.killat is None:
            return None
        try:
            TRIALS[name](scene, 0, False)
        except Failure as e:
            if "exit 99" in str(e):
                return None
            raise
        return scene.calls()


def points_of(calls, rng):
    every = list(range(1, len(calls) + 1))
    known = platform.machine() == "x86_64"
    torn = [(n, True) for n in every if known and calls[n - 1] in WRITES]
    if os.environ.get("CTS_ALL"):
        return [(n, False) for n in every] + torn
    changing = [n for n in every if known and calls[n - 1] in CHANGING]
    others = sorted(set(every) - set(changing))
    budget = int(os.environ.get("CTS_POINTS") or 50)
    some = rng.sample(changing, min(len(changing), budget)) + rng.sample(others, min(len(others), budget // 4 if known else budget))
    return [(n, False) for n in some] + rng.sample(torn, min(len(torn), budget // 4))


def main():
    ctsync.program()
    seed = int(os.environ.get("CTS_SEED") or random.SystemRandom().randrange(1 << 30))
    rng = random.Random(seed)
    print(f"CTS_SEED={seed}", flush=True)
    tasks, totals = [], {}
    for name in [n for n in TRIALS if not sys.argv[1:] or n in sys.argv[1:]]:
        calls = count_calls(name)
        if calls is None:
            print("skip: no compiler for the tracer, or tracing is not allowed here")
            return
        points = points_of(calls, rng)
        rng.shuffle(points)
        totals[name] = [len(calls), len(points), sum(t for _, t in points), 0]
        tasks += [(name, points[i:i + CHUNK], i // CHUNK) for i in range(0, len(points), CHUNK)]
    failed = False
    with multiprocessing.Pool(int(os.environ.get("CTS_JOBS") or os.cpu_count() or 1)) as pool:
        for task, (killed, trouble) in zip(tasks, pool.imap(chunk, tasks)):
            totals[task[0]][3] += killed
            if trouble:
                failed = True
                print(f"FAIL {trouble}", flush=True)
    for name, (calls, tried, torn, killed) in totals.items():
        print(f"{name}: {calls} system calls, {tried} kill points tried ({torn} of them torn writes), {killed} killed")
        if not killed:
            failed = True
            print(f"FAIL {name}: nothing was killed")
    print(f"kill points tried: {sum(t[1] for t in totals.values())} of {sum(t[0] for t in totals.values())} calls")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
