"""Cold processes that read: show and log of one record, in a store with a tenth as many commits as records."""
import os

from ctsync import Failure
from fixtures import mirror_of, once, store_of
from lab import seconds
from rows import Measure, row

ROUNDS = 25


class Reading:
    """A record that was changed a few times, and the best that git can be asked it with."""

    def __init__(self, fixture):
        bench = fixture.bench
        self.fixture, self.store = fixture, os.path.join(fixture.history, "a")
        self.key = self.choose()
        self.git = fixture.path("log.git")
        bench.run("git", "clone", "-q", "--bare", "file://" + mirror_of(self.store), self.git)
        bench.run("git", "-C", self.git, "gc", "-q")
        bench.run("git", "-C", self.git, "commit-graph", "write", "--reachable", "--changed-paths")
        branches = fixture.own_branches(self.git)
        counts = {b: int(bench.run("git", "-C", self.git, "rev-list", "--count", b)) for b in branches}
        self.branch = max(counts, key=counts.get)
        self.commits = counts[self.branch]
        name = self.key.split("/")[1] + ".json"
        paths = bench.run("git", "-C", self.git, "ls-tree", "-r", "--name-only", self.branch).splitlines()
        self.file = next(p for p in paths if p.endswith("/" + name))

    def choose(self):
        """The hundredth records are those that are changed often (edit.c)."""
        for number in range(0, self.fixture.milestones, 100):
            key = f"milestone/m{number:07}"
            count = len(self.fixture.bench.ctsync(self.store, "log", key, "-o", "ndjson").splitlines())
            if 4 <= count <= 8:
                return key
        raise Failure("no record has from 4 to 8 changes")

    def command(self, name):
        bench = self.fixture.bench
        return {
            "show": [bench.program, "-C", self.store, "show", self.key],
            "log": [bench.program, "-C", self.store, "log", self.key],
            "git": ["git", "-C", self.git, "log", "--format=%h %an %at %s", self.branch, "--", self.file],
            "open": [bench.tool("lmdb_get"), store_of(self.store), "records", self.key],
        }[name]

    @once
    def against(self, ours, theirs):
        rounds = ROUNDS if theirs == "git" else 4 * ROUNDS
        a, b = self.fixture.bench.alternate(rounds, self.command(ours), self.command(theirs))
        return Measure(seconds(a), seconds(b),
                       note=f"medians of {rounds} processes each" + (f"; {self.commits:,} commits" if theirs == "git" else ""))


@once
def reading(fixture):
    return Reading(fixture)


GIT = "git log -- path, changed-path filters"
OPEN = "a program that opens LMDB and gets one key"


@row("show-git", "show REC, cold process", GIT, faster={"1m": 20})
def row_show_git(fixture):
    return reading(fixture).against("show", "git")


@row("log-git", "log REC, cold process", GIT, faster={"1m": 20})
def row_log_git(fixture):
    return reading(fixture).against("log", "git")


@row("show-open", "show REC, cold process", OPEN, within={"1m": 2})
def row_show_open(fixture):
    return reading(fixture).against("show", "open")


@row("log-open", "log REC, cold process", OPEN, within={"1m": 2})
def row_log_open(fixture):
    return reading(fixture).against("log", "open")
