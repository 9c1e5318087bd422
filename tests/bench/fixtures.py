"""What is built once for a number of records, and copied for each repetition.

    records     the NDJSON file
    imported    store A after the import of it, nothing sealed
    raw         A's records in an LMDB environment of their own
    net         a  A, sealed and pushed; b  store B, a clone; hub.git; g.git  a bare clone by git
    pending     a copy of net's A with 10,000 changes that wait to be sealed
    fast        a repository into which git fast-import took the import, as commits of the same ids
    history     net's A and hub with a tenth as many commits as records: a and hub.git

A copied store takes a new writer at its first edit, as the program means it to, so a copy that is edited
begins a branch of its own.
"""
import functools
import os
import subprocess

from rows import SIZES

AUTHOR = {"AAA": "Ana Reid <ana@aaa.example>", "BBB": "Ben Tui <ben@bbb.example>", "CCC": "Cara Moss <cara@ccc.example>"}
SEED = 20210615
CHANGES = 10_000  # to be sealed
DATABASES = ("records", "index", "history", "changes", "touched", "arrivals", "commits", "vectors", "lines", "journal",
             "stale", "meta")


def once(function):
    """The answer is kept, and so is a failure: what took minutes to fail is not tried again for the next row."""
    kept = {}

    @functools.wraps(function)
    def ask(*key):
        if key not in kept:
            try:
                kept[key] = function(*key), None
            except Exception as e:  # pylint: disable=broad-except
                kept[key] = None, e
        answer, failed = kept[key]
        if failed:
            raise failed
        return answer

    return ask


def store_of(path):
    return os.path.join(path, ".ctsync")


def mirror_of(path):
    return os.path.join(path, ".ctsync", "mirror.git")


class Fixture:
    def __init__(self, bench, size, pool):
        self.bench, self.size, self.pool = bench, size, pool
        self.count = SIZES[size]
        self.milestones = self.count - max(self.count // 1000, 1) - 1
        self.dir = bench.path(size)
        os.mkdir(self.dir)
        # Fewer repetitions of what takes long.
        self.light = 5 if size == "1m" else 7
        self.heavy = {"1k": 5, "10k": 5, "100k": 3, "1m": 1}[size]
        self.seed = SEED
        self.session = None  # sessions.py

    def other(self, size):
        """The fixture of another size, for rows that compare two."""
        return self.pool(size)

    def path(self, name):
        return os.path.join(self.dir, name)

    # ---- steps ----

    def init(self, path, agency):
        self.bench.run(self.bench.program, "init", path, "--agency", agency, "--author", AUTHOR[agency])

    def edit(self, store, first, count, field, year=2030):
        self.seed += 1
        self.bench.run(self.bench.tool("edit"), store_of(store), self.milestones, first, count, field, year, self.seed)

    def seal(self, store):
        """Not as a row measures it, but what it tells is the same."""
        return self.bench.told("seal", store_of(store))

    def set_url(self, store, url):
        self.bench.ctsync(store, "remote", "set-url", "origin", url)

    def branches(self, repository):
        lines = self.bench.run("git", "-C", repository, "for-each-ref", "--format=%(refname) %(objectname)", "refs/heads")
        return dict(line.split(" ") for line in lines.splitlines())

    def export(self, repository, name, *revisions):
        """A stream for git fast-import that makes the same commits."""
        path = self.path(name)
        with open(path, "wb") as out:
            subprocess.run(["git", "-C", repository, "fast-export", "--reference-excluded-parents", *revisions],
                           stdout=out, env=self.bench.env, check=True)
        return path

    def bare(self, path):
        self.bench.run("git", "init", "-q", "--bare", "-b", "main", path)
        return path

    # ---- what there is ----

    @functools.cached_property
    def records(self):
        path = self.path("records.ndjson")
        self.bench.run("sh", "-c", '"$0" "$1" "$2" >"$3"', self.bench.tool("make_records"), self.count, SEED, path)
        return path

    @functools.cached_property
    def imported(self):
        path = self.path("imported")
        self.init(path, "AAA")
        self.bench.ctsync(path, "import", self.records)
        return path

    def dump_of(self, name, *databases):
        path = self.path(name)
        self.bench.run(self.bench.tool("dump"), store_of(self.imported), path, *databases)
        return path

    @functools.cached_property
    def dump(self):
        return self.dump_of("dump", "records")

    @functools.cached_property
    def whole_dump(self):
        return self.dump_of("whole-dump", *DATABASES)

    @functools.cached_property
    def raw(self):
        path = self.path("raw")
        os.mkdir(path)
        self.bench.run(self.bench.tool("load"), self.dump, path)
        return path

    @functools.cached_property
    def net(self):
        path = self.path("net")
        os.mkdir(path)
        a, b, hub, g = (os.path.join(path, name) for name in ("a", "b", "hub.git", "g.git"))
        self.bench.copy(self.imported, a)
        self.bench.ctsync(a, "remote", "add", "origin", hub, "--create")
        self.bench.ctsync(a, "push")
        self.bench.run("git", "-C", hub, "config", "http.receivepack", "true")
        self.bench.run(self.bench.program, "clone", hub, b, "--agency", "BBB", "--author", AUTHOR["BBB"])
        self.bench.run("git", "clone", "-q", "--bare", "file://" + hub, g)
        self.bench.run("git", "-C", g, "config", "remote.origin.fetch", "+refs/heads/*:refs/heads/*")
        return path

    @functools.cached_property
    def pending(self):
        path = self.path("pending")
        self.bench.copy(os.path.join(self.net, "a"), path)
        self.edit(path, 0, CHANGES, "mixed")
        return path

    @functools.cached_property
    def import_stream(self):
        """The two commits of init and import."""
        mirror = mirror_of(os.path.join(self.net, "a"))
        return self.export(mirror, "import.stream", *self.own_branches(mirror))

    def own_branches(self, repository):
        return [name for name in self.branches(repository) if name.startswith("refs/heads/aaa/")]

    @functools.cached_property
    def fast(self):
        path = self.bare(self.path("fast.git"))
        self.bench.time("git", "-C", path, "fast-import", "--quiet", stdin=self.import_stream)
        return path

    @functools.cached_property
    def history(self):
        path = self.path("history")
        os.mkdir(path)
        a, hub = os.path.join(path, "a"), os.path.join(path, "hub.git")
        self.bench.copy(os.path.join(self.net, "a"), a)
        self.bench.copy(os.path.join(self.net, "hub.git"), hub)
        self.set_url(a, hub)
        self.edit(a, 0, self.count // 10, "mixed")
        self.bench.ctsync(a, "push")
        return path
