"""Agencies at work over one road: copies of a fixture's net, in which rounds of edits, pushes and pulls are
measured.

A Session has store A, which edits and pushes; a hub; store B, which pulls; and for git, a second hub that git
pushes the same commits to, and a bare clone that fetches them from the first. `road` is path, http or ssh; git
goes over file:// where ctsync goes over a path.
"""
import os

from ctsync import Failure
from fixtures import mirror_of, once
from lab import seconds


class Session:
    def __init__(self, fixture, road):
        bench = self.bench = fixture.bench
        self.fixture, self.road = fixture, road
        self.dir = bench.new(f"{road}-{fixture.size}")
        self.server = None if road == "path" else bench.server(road)
        where = self.server.root if self.server else self.dir
        os.mkdir(self.dir)
        self.a, self.b, self.g = (os.path.join(self.dir, name) for name in ("a", "b", "g.git"))
        self.hub, self.hub2 = (os.path.join(where, f"{os.path.basename(self.dir)}-{name}.git") for name in ("hub", "hub2"))
        net = fixture.net
        for source, target in (("a", self.a), ("b", self.b), ("g.git", self.g), ("hub.git", self.hub), ("hub.git", self.hub2)):
            bench.run("cp", "-a", "--reflink=auto", os.path.join(net, source), target)
        for store in (self.a, self.b):
            fixture.set_url(store, self.url(self.hub))
        bench.run("git", "-C", self.g, "config", "remote.origin.url", self.git_url(self.hub))
        self.next = 0
        # The copies take new writers, and caches are warm, before a clock runs.
        fixture.edit(self.b, 0, 1, "status")
        fixture.seal(self.b)
        self.round(1)
        bench.settle()

    def url(self, hub):
        return self.server.url(os.path.basename(hub)) if self.server else hub

    def git_url(self, hub):
        return self.server.url(os.path.basename(hub)) if self.server else "file://" + hub

    def close(self):
        self.bench.remove(self.dir, self.hub, self.hub2)

    # ---- steps ----

    def edit(self, count):
        if self.next + count > self.fixture.milestones:
            self.next = 0
        self.fixture.edit(self.a, self.next, count, "due")
        self.next += count

    def push_command(self):
        return [self.bench.program, "-C", self.a, "push"]

    def pull_command(self):
        return [self.bench.program, "-C", self.b, "pull"]

    def fetch_command(self):
        return ["git", "-C", self.g, "fetch", "-q", "origin"]

    def git_push_command(self, url=None):
        """The references that ctsync moved in its hub, at the same commits, from A's own mirror."""
        ours, theirs = self.fixture.branches(self.hub), self.fixture.branches(self.hub2)
        moves = [f"{oid}:{name}" for name, oid in ours.items() if theirs.get(name) != oid]
        if not moves:
            raise Failure("the push moved nothing")
        return ["git", "-C", mirror_of(self.a), "push", "-q", url or self.git_url(self.hub2), *moves]

    def round(self, count, turn=0, is_sealed=False):
        """A edits and pushes, git pushes the same; B pulls, git fetches the same. Timings by name."""
        self.edit(count)
        if is_sealed:
            self.fixture.seal(self.a)
        self.bench.settle()
        took = {"push": self.bench.time(*self.push_command())}
        took["git push"] = self.bench.time(*self.git_push_command())
        order = ["pull", "git fetch"]
        for name in order if turn % 2 == 0 else order[::-1]:
            took[name] = self.bench.time(*(self.pull_command() if name == "pull" else self.fetch_command()))
        self.check()
        return took

    def check(self):
        """What A has is what git and B have: nothing was measured that did nothing."""
        hub, hub2, g = (self.fixture.branches(r) for r in (self.hub, self.hub2, self.g))
        if not hub == hub2 == g:
            raise Failure(f"the hubs differ: {hub}, {hub2}, {g}")
        b = self.fixture.branches(mirror_of(self.b))
        for name, oid in hub.items():
            if name.startswith("refs/heads/aaa/") and b.get(name) != oid:
                raise Failure(f"B has {b.get(name)} as {name}, not {oid}")

    # ---- measurements, each once ----

    @once
    def exchange(self, count):
        """Rounds of `count` changes: lists of seconds by name."""
        rounds = self.fixture.light if count < 1000 else max(3, self.fixture.heavy)
        took = [self.round(count, turn) for turn in range(rounds)]
        answer = {name: seconds([t[name] for t in took]) for name in took[0]}
        answer["push of sealed"] = [self.round(count, turn, is_sealed=True)["push"].s for turn in range(3)]
        return answer

    @once
    def idle(self):
        """Nothing new: push, pull, and git fetch."""
        push, pull, fetch = self.bench.alternate(15, self.push_command(), self.pull_command(), self.fetch_command())
        return {"push": seconds(push), "pull": seconds(pull), "git fetch": seconds(fetch)}


@once
def open_session(fixture, road):
    return Session(fixture, road)


def session(fixture, road):
    """The session of a road. At a million records one takes gigabytes, so there is one at a time; the rows of a
    road stand together."""
    if fixture.session and fixture.session.road != road:
        fixture.session.close()
    fixture.session = open_session(fixture, road)
    return fixture.session
