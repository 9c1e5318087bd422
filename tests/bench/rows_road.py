"""The road: push, pull, merge and clone, over a path and real servers, against git over the same road."""
import os
import statistics

import proxy
from fixtures import AUTHOR, mirror_of, once
from lab import peak, seconds
from rows import Measure, quantity, row
from sessions import Session, session

SEALS = "the push seals the changes first, where git's commits are there"


def over(road):
    return "a path" if road == "path" else road


def push_row(count, road, **goal):
    changes = f"{count:,} change{'s' if count > 1 else ''}"

    @row(f"push-{count}-{road}", f"push of {changes} over {over(road)}",
         f"git push over {'file://' if road == 'path' else road}", **goal)
    def measure(fixture):
        took = session(fixture, road).exchange(count)
        return Measure(took["push"], took["git push"],
                       note=f"{SEALS}; sealed before: {quantity(statistics.median(took['push of sealed']), 's')}")

    return measure


def pull_row(count, road, **goal):
    changes = f"{count:,} change{'s' if count > 1 else ''}"

    @row(f"pull-{count}-{road}", f"pull of {changes} over {over(road)}, applied",
         f"git fetch over {'file://' if road == 'path' else road}", **goal)
    def measure(fixture):
        took = session(fixture, road).exchange(count)
        return Measure(took["pull"], took["git fetch"])

    return measure


def idle_row(verb, road):
    @row(f"noop-{verb}-{road}", f"{verb} with nothing to do over {over(road)}",
         f"git fetch over {'file://' if road == 'path' else road}", within=1.0)
    def measure(fixture):
        took = session(fixture, road).idle()
        return Measure(took[verb], took["git fetch"])

    return measure


def pull_rows(road):
    pull_row(1, road, faster={"1m": 2})
    pull_row(1000, road, within={"1m": 1.0})
    idle_row("pull", road)
    idle_row("push", road)


def server_rows(road):
    push_row(1, road, within=1.0)
    push_row(1000, road, faster=1.5)
    pull_rows(road)


push_row(100, "path", faster={"100k": 3})
pull_row(100, "path", faster={"100k": 3})
pull_rows("path")


@row("push-1-grow", "push of 1 change to a path", "the same at 1,000 records", within={"1m": 1.5})
def row_push_grow(fixture):
    big, small, ours, theirs = session(fixture, "path"), session(fixture.other("1k"), "path"), [], []
    bench = fixture.bench
    for i in range(2 * fixture.light):
        both = [(big, ours), (small, theirs)]
        for s, took in both if i % 2 else both[::-1]:
            s.edit(1)
            bench.settle()
            took.append(bench.time(*s.push_command()).s)
    for s in (big, small):  # they are whole for whoever comes next
        bench.time(*s.git_push_command())
        bench.time(*s.pull_command())
        bench.time(*s.fetch_command())
    return Measure(ours, theirs)


server_rows("http")


@row("bytes-push", "bytes sent by a push of 1,000 changes over http", "git push", within=1.3)
def row_bytes_push(fixture):
    bench = fixture.bench
    s = session(fixture, "http")
    ours, theirs = [], []
    with proxy.CuttingProxy(s.server.port) as counter:
        for _ in range(2):
            s.edit(1000)
            fixture.set_url(s.a, s.server.url(os.path.basename(s.hub), port=counter.port))
            counter.heal()
            bench.time(*s.push_command())
            ours.append(counter.counts()["up"])
            counter.heal()
            bench.time(*s.git_push_command(s.server.url(os.path.basename(s.hub2), port=counter.port)))
            theirs.append(counter.counts()["up"])
            fixture.set_url(s.a, s.url(s.hub))
            bench.time(*s.pull_command())
            bench.time(*s.fetch_command())
    return Measure(ours, theirs, "B", note="all that went up the connection, headers of http included")


server_rows("ssh")


# ---- two who were apart ----

APART = 1000


class Meeting(Session):
    """A and B edit the same records apart; B has sealed its part before the clock starts, as git has."""

    def meet(self, field, turn):
        """B's field is the one that A edits, or another. Seconds of the pull, and of git's fetch and merge."""
        bench, first = self.bench, self.next
        self.edit(APART)
        bench.time(*self.push_command())
        self.fixture.edit(self.b, first, APART, field, year=2100)
        self.fixture.seal(self.b)
        own = self.branch_of_b()
        bench.run("git", "-C", self.g, "fetch", "-q", mirror_of(self.b), f"+{own}:refs/b")
        bench.settle()
        took = {}
        for name in ("pull", "git") if turn % 2 == 0 else ("git", "pull"):
            if name == "pull":
                took[name] = bench.time(*self.pull_command()).s
                continue
            took[name] = bench.time(*self.fetch_command()).s
            head = max(self.new_heads(), key=lambda oid: self.date(oid))
            if field != "due":  # where git would only report conflicts
                took[name] += bench.time("git", "-C", self.g, "merge-tree", "--write-tree", "refs/b", head).s
        return took

    def branch_of_b(self):
        names = [n for n in self.fixture.branches(mirror_of(self.b)) if n.startswith("refs/heads/bbb/")]
        counts = {n: int(self.bench.run("git", "-C", mirror_of(self.b), "rev-list", "--count", n)) for n in names}
        return max(counts, key=counts.get)

    def new_heads(self):
        return [oid for name, oid in self.fixture.branches(self.g).items() if name.startswith("refs/heads/aaa/")]

    def date(self, oid):
        return int(self.bench.run("git", "-C", self.g, "rev-list", "--count", oid))


@once
def meetings(fixture):
    """Pulls that merge and pulls that bring conflicts, in turn."""
    meeting, took = Meeting(fixture, "path"), {"status": [], "due": []}
    for turn in range(2 if fixture.size == "10k" else 3):
        for field in took if turn % 2 == 0 else reversed(took):
            took[field].append(meeting.meet(field, turn))
    conflicts = len(fixture.bench.ctsync(meeting.b, "conflicts", "-o", "ndjson").splitlines())
    wanted = APART * len(took["due"])
    if conflicts != wanted:
        raise RuntimeError(f"{conflicts} conflicts, not {wanted}")
    meeting.close()
    return took


@row("merge", "pull that merges 2 x 1,000 concurrent changes", "git fetch, then git merge-tree --write-tree",
     faster={"1m": 2})
def row_merge(fixture):
    took = meetings(fixture)["status"]
    return Measure([t["pull"] for t in took], [t["git"] for t in took],
                   note="the same records, another field; both sides are commits before")


@row("conflicts", "pull that brings 1,000 fields into conflict", "the same pull, other fields, without conflicts",
     within=1.5)
def row_conflicts(fixture):
    took = meetings(fixture)
    return Measure([t["pull"] for t in took["due"]], [t["pull"] for t in took["status"]])


@row("clone", "clone with a tenth as many commits, LMDB and history built", "git clone --bare over file://",
     within={"100k": 3})
def row_clone(fixture):
    bench, ours, theirs = fixture.bench, [], []
    hub = os.path.join(fixture.history, "hub.git")
    for _ in range(fixture.heavy):
        store, repository = bench.new("clone"), bench.new("clone.git")
        bench.settle()
        ours.append(bench.time(bench.program, "clone", hub, store, "--agency", "CCC", "--author", AUTHOR["CCC"]))
        bench.settle()
        theirs.append(bench.time("git", "clone", "-q", "--bare", "file://" + hub, repository))
        bench.remove(store, repository)
    return Measure(seconds(ours), seconds(theirs), peak_kib=peak(ours), reference_peak_kib=peak(theirs))
