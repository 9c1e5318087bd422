"""The place in which everything is measured: tests/support's lab, below the folder asked for, with a way to
time commands and to copy what was built once.

Methods, for all rows: subject and reference alternate; the middle of several runs counts; the page cache is
warm, since both have just been written or read; what was copied is synced before a clock starts.
"""
import json
import os
import shutil
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "support"))

import ctsync  # noqa: E402 (tests/support/ctsync.py)
import servers  # noqa: E402

HOURS = 6 * 3600


class Timing:
    """One run of a command."""

    def __init__(self, line):
        ns, user, system, self.peak_kib = map(int, line.split())
        self.s, self.cpu_s = ns / 1e9, (user + system) / 1e6


class Bench(ctsync.Lab):
    def __init__(self, build, folder, keep=False):
        os.makedirs(folder, exist_ok=True)
        os.environ["CTSYNC"] = os.path.join(build, "ctsync")
        os.environ["TMPDIR"] = folder
        super().__init__("bench")
        self.build, self.keep = build, keep
        # Neither side has its housekeeping counted.
        self.git_config("maintenance.auto", "false")
        self.durable = self.dir
        if is_in_memory(self.dir):
            disk = os.path.join(build, "durable")
            os.makedirs(disk, exist_ok=True)
            self.durable = tempfile.mkdtemp(prefix="bench-", dir=disk)
        self.servers = {}
        self.marks = 0

    def close(self):
        for server in self.servers.values():
            server.__exit__()
        self.log.close()
        for folder in {self.dir, self.durable}:
            if self.keep:
                print(f"kept: {folder}", file=sys.stderr)
            else:
                shutil.rmtree(folder, ignore_errors=True)

    def git_config(self, name, value):
        self.execute(["git", "config", "-f", self.env["GIT_CONFIG_GLOBAL"], name, value])

    def tool(self, name):
        return os.path.join(self.build, "tests", "bench", "bench_" + name)

    def run(self, *argv, **more):
        """A command that is not measured; its stdout."""
        return self.execute(list(map(str, argv)), timeout=HOURS, **more).out

    def ctsync(self, store, *args):
        return self.run(self.program, "-C", store, *args)

    def told(self, name, *args):
        """The JSON that one of the measuring programs prints."""
        return json.loads(self.run(self.tool(name), *args))

    def new(self, name, durable=False):
        """A path that nothing has yet."""
        self.marks += 1
        return os.path.join(self.durable if durable else self.dir, f"{self.marks:03}-{name}")

    def copy(self, source, target):
        self.run("cp", "-a", "--reflink=auto", source, target)
        self.settle()
        return target

    def settle(self):
        """Nothing that was written before is still on its way to the disk when a clock starts."""
        os.sync()

    def remove(self, *paths):
        for path in paths:
            shutil.rmtree(path, ignore_errors=True)

    # ---- the clock ----

    def time_all(self, commands):
        """Runs commands in order; a command is a list of words, or (stdin's path, words)."""
        errors = self.path("stderr")
        script = []
        for command in commands:
            given, words = command if isinstance(command, tuple) else ("/dev/null", command)
            script.append("\t".join([given, *map(str, words)]))
            if any(c in word for word in map(str, words) for c in "\t\n"):
                raise ValueError(f"a tab or a line break in {words}")
        result = self.execute([self.tool("timed"), errors], stdin="\n".join(script) + "\n", ok=None, timeout=HOURS)
        timings = [Timing(line) for line in result.out.splitlines()]
        if result.status != 0 or len(timings) != len(script):
            with open(errors, encoding="utf-8", errors="replace") as f:
                said = f.read().strip()
            failed = script[min(len(timings), len(script) - 1)].split("\t")[1:]
            said = " ".join((result.err + said).split())[-1000:]
            raise ctsync.Failure(f"{' '.join(failed)[:300]}: exit {result.status}: {said}")
        return timings

    def time(self, *words, stdin="/dev/null"):
        return self.time_all([(stdin, list(words))])[0]

    def alternate(self, rounds, *commands):
        """Each command `rounds` times, in turn, and in the other order every second time; Timings by command."""
        order = []
        for i in range(rounds):
            turn = list(range(len(commands)))
            order += turn if i % 2 == 0 else turn[::-1]
        timings = self.time_all([commands[i] for i in order])
        return [[t for t, which in zip(timings, order) if which == i] for i in range(len(commands))]

    # ---- servers ----

    def server(self, road):
        """The server of a road ("http", "ssh"), started when it is first asked for."""
        if road not in self.servers:
            server = {"http": servers.HttpServer, "ssh": servers.SshServer}[road](self)
            server.__enter__()
            self.servers[road] = server
        return self.servers[road]


def is_in_memory(path):
    """tmpfs has no disk to wait for."""
    run = os.popen(f"stat -f -c %T '{path}'").read().strip()
    return run in ("tmpfs", "ramfs")


def seconds(timings):
    return [t.s for t in timings]


def peak(timings):
    return max(t.peak_kib for t in timings)
