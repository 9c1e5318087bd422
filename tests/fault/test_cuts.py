#!/usr/bin/python3
"""A bad network at any point of a push, a pull and a clone: a cut, a reset, a stall, a flipped bit.

A proxy before a real sshd and a real nginx (tests/support/proxy.py) harms one exchange at one byte of one
direction. Whatever that does, the store is as it was or advanced, `check` holds, the status and the message
tell what happened and what to do, nothing keeps running, and the same command on a sound network brings both
stores to the same records with each change once.

CI tries a sample of points, at most CTS_POINTS a road; the seed is printed and CTS_SEED repeats it. CTS_ALL=1
tries every byte, which takes hours.
"""
import os
import random
import shutil
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import ctsync  # noqa: E402
from ctsync import AUTH, INTEGRITY, OK, REFUSED, REJECTED, UNREACHABLE, Failure  # noqa: E402
from proxy import CuttingProxy  # noqa: E402
from servers import HttpServer, SshServer  # noqa: E402

SEED = int(os.environ.get("CTS_SEED") or random.SystemRandom().randrange(1 << 30))
ALL = bool(os.environ.get("CTS_ALL"))
POINTS = int(os.environ.get("CTS_POINTS") or 34)
PATIENCE = 90  # seconds until a command counts as one that hangs; a clone waits for 60, others for 1

# What may come of a fault. After an end of the network there is one answer; a flipped bit that nothing
# below us notices (http on this machine, where nothing is encrypted) can turn a word into any other.
ENDED = {UNREACHABLE}
FLIPPED = {"ssh": {UNREACHABLE, AUTH}, "http": {UNREACHABLE, AUTH, REFUSED, REJECTED, INTEGRITY}}


class Road:
    """Two agencies, a hub, and a proxy between."""

    def __init__(self, server_of):
        self.lab = ctsync.Lab("cuts")
        self.server = server_of(self.lab)
        self.turn = 0

    def __enter__(self):
        self.server.__enter__()
        self.proxy = CuttingProxy(self.server.port).__enter__()
        self.hub = self.server.hub()
        self.url = self.server.url(port=self.proxy.port)
        self.a = self.lab.init("a", "DPMC")
        self.a.run("remote", "add", "origin", self.url)
        self.a.run("add", "initiative/i1", "title=Grow")
        self.a.run("push")
        self.b = self.lab.clone(self.url, "b", "NZP")
        for store in (self.a, self.b):
            self.lab.execute(["git", "config", "-f", os.path.join(store.inner, "config"), "network.idletimeout", "1"])
        self.made = [c["change"] for c in self.a.log()]
        return self

    def __exit__(self, *why):
        self.proxy.__exit__()
        self.server.__exit__(*why)
        self.lab.__exit__(*why)

    def work(self):
        """Something new of a."""
        self.turn += 1
        self.made.append(self.a.run("set", "initiative/i1", f"title=turn {self.turn}",
                                    f"labels+=l{self.turn}").change())
        self.made.append(self.a.run("add", f"body/t{self.turn}", f"code=T{self.turn}", f"name=Body {self.turn}").change())

    def run(self, command):
        """The command over the proxy; fails when it hangs."""
        argv = {"push": (self.a, "push"), "pull": (self.b, "pull")}
        try:
            if command == "clone":
                return self.lab.execute([self.lab.program, "clone", self.url, self.lab.path("c"), "--agency", "GCSB"],
                                        ok=None, timeout=PATIENCE)
            store, word = argv[command]
            return store.run(word, ok=None, timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            raise Failure(f"{command} hangs; {self.proxy.counts()} have passed") from None

    def prepare(self, command):
        self.work()
        if command != "push":
            self.a.run("push")

    def measure(self, command):
        """How many bytes pass in an undisturbed exchange, by direction."""
        self.prepare(command)
        self.proxy.heal()
        result = self.run(command)
        if result.status != OK:
            raise Failure(f"an undisturbed {command} fails: {result}")
        size = self.proxy.counts()
        self.settle()
        return size

    def settle(self):
        """On a sound network everybody gets everything."""
        self.proxy.heal()
        shutil.rmtree(self.lab.path("c"), ignore_errors=True)
        self.a.run("push")
        self.b.run("pull")
        if self.a.check() != self.b.check():
            raise Failure("the stores do not agree")

    def own_head(self):
        refs = self.a.mirror.refs()
        return next((name, oid) for name, oid in refs.items() if "/dpmc/" in name)

    def left_running(self):
        """Programs of ours that still run: none may outlive the command."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    words = f.read().split(b"\0")
                with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
                    state = f.read().rpartition(")")[2].split()[0]
            except OSError:
                continue
            ours = words[0].startswith(self.lab.program.encode()) and self.lab.dir.encode() in b" ".join(words)
            if state != "Z" and (ours or str(self.proxy.port).encode() in words):
                found.append(b" ".join(words).decode())
        return found

    def try_one(self, command, fault, direction, offset, bit=0):
        self.prepare(command)
        store = self.a if command == "push" else self.b
        before = store.check()
        self.proxy.arm(fault, direction, offset, bit)
        result = self.run(command)
        fired = self.proxy.has_fired
        point = f"{command} over {self.server.name}, {fault} {direction} at {offset} (bit {bit}, fired {fired})"
        try:
            self.judge(command, fault, result, fired)
            self.proxy.heal()
            self.look(command, store, before, result)
            self.settle()
        except Exception as e:
            raise Failure(f"{point}: {e}\n{result}") from e
        return result.status

    def judge(self, command, fault, result, fired):
        if not fired or fault in ("delay", "crumbs"):
            allowed = {OK}
        elif fault == "flip":
            allowed = FLIPPED[self.server.name] | {OK}
        else:
            # A cut behind what counts is none: the branch is there, and what was best effort is told.
            allowed = ENDED | {OK}
        if result.status not in allowed:
            raise Failure(f"exit {result.status}, not one of {sorted(allowed)}")
        lines = result.err.splitlines()
        if result.status != OK:
            if not any(line.startswith("ctsync: ") for line in lines):
                raise Failure("no line says what happened")
            if not any(line.startswith("hint: ") for line in lines) and result.status != INTEGRITY:
                raise Failure("no line says what to do")
            if fault == "stall" and "silent" not in result.err:
                raise Failure("nothing says that the server fell silent")
        for _ in range(100):
            if not (left := self.left_running()):
                break
            time.sleep(0.05)
        else:
            raise Failure(f"still running: {left}")

    def look(self, command, store, before, result):
        """The store is as it was, or advanced; success means that it happened."""
        name, head = self.own_head()
        is_there = self.hub.refs().get(name) == head
        after = store.check()
        left = [n for n in os.listdir(store.inner) if n.startswith("quarantine")]
        if left:
            raise Failure(f"left behind: {left}")
        if command == "push":
            if after != before:
                raise Failure("a push has changed the records")
            if result.status == OK and not is_there:
                raise Failure("the push says that it succeeded, and the hub does not have it")
        elif command == "pull":
            if after not in (before, self.a.check()):
                raise Failure("the pull has left the store in between")
            if result.status == OK and after == before and self.proxy.fault != "flip" and \
                    before != self.a.check():
                raise Failure("the pull says that it succeeded, and nothing came")
        else:
            copies = [n for n in os.listdir(self.lab.dir) if n.startswith("c") and n != "commands"]
            if result.status != OK and copies:
                raise Failure(f"a clone that failed has left {copies}")
            if result.status == OK:
                c = ctsync.Store(self.lab, self.lab.path("c"), "GCSB")
                if c.check() != self.a.check():
                    raise Failure("the clone is not the programme")

    def end(self):
        """Each change once, and everything whole."""
        self.settle()
        for store in (self.a, self.b):
            changes = [c["change"] for c in store.log()]
            if len(changes) != len(set(changes)) or set(changes) != set(self.made):
                raise Failure(f"{store.path}: {len(changes)} changes, {len(set(changes))} different, {len(self.made)} made")
            store.fsck()
        self.hub.fsck()


def plan(rng, sizes):
    """[(command, fault, direction, offset, bit)] of one road; every sort of fault meets every exchange."""
    found = []

    def add(command, fault, direction, size, step=1):
        for offset in range(0, size + 2, step) if ALL else [rng.randrange(size)]:
            found.append((command, fault, direction, offset, rng.randrange(8)))

    for command, size in sizes.items():
        for direction in ("up", "down"):
            for fault in ("cut", "reset", "flip"):
                add(command, fault, direction, size[direction])
            if command != "clone":  # it has no store yet that could say how long to wait
                add(command, "stall", direction, size[direction], 97)
        for fault in ("delay", "crumbs"):
            add(command, fault, rng.choice(("up", "down")), min(size.values()), 61)
        found.append((command, "cut", "down", size["down"] + 100000, 0))
        found.append((command, rng.choice(("cut", "reset")), "up", 0, 0))
    rng.shuffle(found)
    return found if ALL else found[:POINTS]


def sweep(server_of):
    rng = random.Random(SEED)
    with Road(server_of) as road:
        sizes = {command: road.measure(command) for command in ("push", "pull", "clone")}
        chosen = plan(rng, sizes)
        statuses = {}
        for point in chosen:
            status = road.try_one(*point)
            statuses[status] = statuses.get(status, 0) + 1
        road.end()
        if len(chosen) > 10 and not statuses.get(UNREACHABLE):
            raise Failure(f"nothing was ever cut: {statuses}")
        told = ", ".join(f"{n} x exit {status}" for status, n in sorted(statuses.items()))
        return f"{len(chosen)} points, seed {SEED}: {told}"


def test_a_bad_network_over_http_loses_nothing():
    return sweep(HttpServer)


def test_a_bad_network_over_ssh_loses_nothing():
    return sweep(SshServer)


if __name__ == "__main__":
    print(f"seed {SEED}", flush=True)
    ctsync.main(globals())
