#!/usr/bin/python3
"""Servers that send what no honest one sends, and what a store makes of it.

A fetch gets any references and any pack that a test likes (tests/support/fakegit.py), over a real nginx and a
real sshd, or lies in a folder. For each: the evil is refused with words that name it, whatever else came with
it and is sound arrives, the store is untouched otherwise, and the next honest pull works.
"""
import hashlib
import os
import struct
import sys
import zlib

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import ctsync  # noqa: E402
from ctsync import INTEGRITY, OK, UNREACHABLE, Failure, expect_error  # noqa: E402
from fakegit import FakeGit, head_of_object, object_id, pack_of  # noqa: E402
from servers import HttpServer, PathServer, SshServer  # noqa: E402

ROADS = (HttpServer, SshServer, PathServer)
MIB = 1 << 20


class Evil:
    """Commits of an agency that follows no rules, made as raw objects."""

    def __init__(self, world, number, name=""):
        self.name = name or f"evil {number:x}"
        self.world, self.agency, self.writer = world, "gcsb", f"{number:016x}"
        self.branch = f"refs/heads/gcsb/{self.writer}"
        self.objects, self.withheld = {}, set()
        self.time, self.seq = 1750000000, 0
        self.parent = world.head_of_a()
        self.base = world.hub.git("rev-parse", self.parent + "^{tree}").strip()
        self.see()

    def put(self, kind, data):
        data = data.encode() if isinstance(data, str) else data
        oid = object_id(kind, data)
        self.objects[oid] = (kind, data)
        return oid

    def text(self, tree, parents, trailers=(), subject="an edit", when=None, zone="+0000", extra="", message=None):
        self.seq += 1
        self.time += 60
        person = f"Eve <eve@gcsb.example> {when if when is not None else self.time} {zone}"
        message = message if message is not None else "\n".join([
            subject, "", f"Ctsync-Agency: {self.agency}", f"Ctsync-Writer: {self.writer}", f"Ctsync-Seq: {self.seq}",
            *trailers, "Ctsync-Format: 1", ""])
        return "\n".join([f"tree {tree}", *(f"parent {p}" for p in parents), f"author {person}", f"committer {person}"]) \
            + "\n" + extra + "\n" + message

    def see(self):
        self.head = self.put("commit", self.text(self.base, [self.parent], ["Ctsync-Seen: 1"], f"seen dpmc@{self.world.seq_of_a()}"))

    def edit(self, tree, **more):
        self.head = self.put("commit", self.text(tree, [self.head], **more))

    def tree(self, *entries):
        """A tree as given: (mode, name, id), in that order."""
        return self.put("tree", b"".join(mode.encode() + b" " + (name if isinstance(name, bytes) else name.encode()) + b"\0"
                                         + bytes.fromhex(oid) for mode, name, oid in entries))

    def entries(self, tree):
        lines = self.world.hub.git("ls-tree", "-z", tree).split("\0")
        found = []
        for line in filter(None, lines):
            head, _, name = line.partition("\t")
            mode, _, oid = head.split()
            found.append((mode.lstrip("0"), name, oid))
        return found

    def with_kind(self, kind, tree):
        """The base's tree with another folder of a kind."""
        records = dict((name, (mode, name, oid)) for mode, name, oid in self.entries(self.base + ":records"))
        records[kind] = ("40000", kind, tree)
        root = dict((name, (mode, name, oid)) for mode, name, oid in self.entries(self.base))
        root["records"] = ("40000", "records", self.tree(*(records[k] for k in sorted(records))))
        return self.tree(*(root[k] for k in sorted(root)))

    def with_entries(self, *entries):
        return self.with_kind("initiative", self.tree(*entries))

    def with_record(self, name, blob):
        """The base with one more initiative."""
        there = self.entries(self.base + ":records/initiative")
        return self.with_entries(*sorted(there + [("100644", name + ".json", blob)], key=lambda e: e[1]))

    def record(self, name, **fields):
        from oracle import canonical
        return self.put("blob", canonical({"kind": "initiative", "id": name, "fields": {"title": name} | fields}) + "\n")


class World:
    """An honest hub with an honest agency a, and b, who reads from a server that may not be honest."""

    def __init__(self, road):
        self.lab = ctsync.Lab("hostile")
        self.server = road(self.lab)
        self.turn = 0

    def __enter__(self):
        self.server.__enter__()
        self.hub = self.server.hub()
        self.fake = None
        if not isinstance(self.server, PathServer):
            self.fake = FakeGit(self.lab)
            self.server.programs(self.fake.path if isinstance(self.server, SshServer) else self.fake.folder)
        self.a = self.lab.init("a", "DPMC")
        self.a.run("remote", "add", "origin", self.hub.path)
        self.a.run("add", "initiative/i1", "title=Grow")
        self.a.run("push")
        self.b = self.lab.clone(self.server.url(), "b", "NZP")
        return self

    def __exit__(self, *why):
        self.server.__exit__(*why)
        self.lab.__exit__(*why)

    def work(self):
        self.turn += 1
        self.a.run("set", "initiative/i1", f"title=turn {self.turn}")
        self.a.run("push")

    def head_of_a(self):
        return next(oid for name, oid in self.hub.refs().items() if "/dpmc/" in name)

    def seq_of_a(self):
        return self.hub.git("show", "-s", "--format=%(trailers:key=Ctsync-Seq,valueonly,separator=)", self.head_of_a()).strip()

    def honest(self):
        """Every object of the hub."""
        raw = self.hub.git("cat-file", "--batch-all-objects", "--batch", text=False)
        found, at = [], 0
        while at < len(raw):
            end = raw.index(b"\n", at)
            _, kind, size = raw[at:end].decode().split()
            found.append((kind, raw[end + 1:end + 1 + int(size)]))
            at = end + 1 + int(size) + 1
        return found

    def serve(self, *evil, refs=None, pack=None, withhold=(), spoil=None):
        """The honest hub and the evil branches beside it."""
        branches = {e.branch: e.head for e in evil} | (refs or {})
        made = {oid: o for e in evil for oid, o in e.objects.items() if oid not in withhold}
        objects = [o for oid, o in made.items() if oid not in self.hub.objects()] if self.fake and made else []
        if self.fake is None:
            for e in evil:
                for oid, (kind, data) in e.objects.items():
                    if oid not in withhold:
                        write_loose(self.hub.path, oid, kind, data)
            for name, oid in branches.items():
                path = os.path.join(self.hub.path, name)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "w", encoding="ascii") as f:
                    f.write(oid + "\n")
            return
        self.fake.tell(refs=self.hub.refs() | branches,
                       pack=pack if pack is not None else pack_of(self.honest() + objects, spoil))

    def be_honest(self, *evil):
        if self.fake is None:
            for e in evil:
                path = os.path.join(self.hub.path, e.branch)
                if os.path.exists(path):
                    os.unlink(path)
                for oid in e.objects:
                    path = loose(self.hub.path, oid)
                    if os.path.exists(path):
                        os.unlink(path)
        else:
            self.fake.tell()

    def afterwards(self, *evil):
        """The store is whole, and the honest hub can be read."""
        self.b.check()
        self.b.fsck()
        there = self.b.mirror.objects()
        for e in evil:
            assert e.head not in there, f"{e.head} is in the mirror"
        assert not [n for n in os.listdir(self.b.inner) if n.startswith("quarantine")], os.listdir(self.b.inner)
        self.be_honest(*evil)
        self.work()
        assert self.b.json("pull")["commits"] >= 1
        assert self.b.check() == self.a.check()

    def refused(self, expected):
        """Every branch is refused, each with its own words, and the good of others arrives."""
        self.work()
        withheld = set().union(*(e.withheld for e in expected))
        self.serve(*expected, withhold=withheld)
        result = self.b.run("-o", "json", "pull", ok=None, timeout=120)
        if result.status != INTEGRITY:
            raise Failure(f"exit {result.status}, not 71: {result}")
        answer = result.json()
        assert "\x1b" not in result.err
        assert self.b.show("initiative/i1")["fields"]["title"] == f"turn {self.turn}", "the good of others did not arrive"
        assert self.b.check() == self.a.check()
        for evil, words in expected.items():
            why = [r["why"] for r in answer["refused"] if r["commit"] in evil.objects]
            if len(why) < 1:
                raise Failure(f"{evil.name} was not refused: {answer}")
            for word in words:
                if word.lower() not in " ".join(why).lower():
                    raise Failure(f"{evil.name}: '{word}' is not said: {why}")
        return answer


def loose(repository, oid):
    return os.path.join(repository, "objects", oid[:2], oid[2:])


def write_loose(repository, oid, kind, data):
    path = loose(repository, oid)
    if not os.path.exists(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(zlib.compress(b"%s %d\0" % (kind.encode(), len(data)) + data, 1))


# ---- trees, blobs and commits ---------------------------------------------------------------------
# Each makes an evil commit and gives the words that it must be refused with.


def missing_tree(e):
    tree = e.with_record("x", e.record("x"))
    e.edit(tree)
    e.withheld.add(tree)
    return ("missing",)


def missing_folder(e):
    folder = e.tree(("100644", "x.json", e.record("x")))
    e.edit(e.with_kind("initiative", folder))
    e.withheld.add(folder)
    return ("missing",)


def missing_blob(e):
    blob = e.record("x")
    e.edit(e.with_record("x", blob))
    e.withheld.add(blob)
    return ("missing",)


def missing_commit(e):
    seen = e.head
    e.edit(e.with_record("x", e.record("x")))
    e.withheld.add(seen)
    return ("missing",)


def named(name):
    def make(e):
        e.edit(e.with_entries(("100644", name, e.record("x"))))
        return ()
    return make


def of_mode(mode):
    def make(e):
        e.edit(e.with_entries((mode, "x.json", e.record("x"))))
        return ("mode",)
    return make


def there_twice(e):
    blob = e.record("x")
    e.edit(e.with_entries(("100644", "x.json", blob), ("100644", "x.json", blob)))
    return "x.json", "twice"


def out_of_order(e):
    e.edit(e.with_entries(("100644", "y.json", e.record("y")), ("100644", "x.json", e.record("x"))))
    return "x.json", "order"


def cut_off(e):
    whole = b"100644 x.json\0" + bytes.fromhex(e.record("x"))
    e.edit(e.with_kind("initiative", e.put("tree", whole[:-7])))
    return ()


def blob_for_a_tree(e):
    e.edit(e.with_kind("initiative", e.put("blob", "no tree")))
    return "blob", "tree"


def tree_for_a_blob(e):
    e.edit(e.with_entries(("100644", "x.json", e.base)))
    return "tree", "blob"


def big_blob(e):
    e.edit(e.with_record("x", e.put("blob", b"\0" * (16 * MIB + 1))))
    return "bytes", "limit"


def bomb(e):
    e.edit(e.with_record("x", e.put("blob", b"\0" * (160 * MIB))))
    return "bytes", "limit"


def big_tree(e):
    blob = e.record("x")
    many = [("100644", f"x{n:06}.json", blob) for n in range(16 * MIB // 40)]
    e.edit(e.with_entries(*many))
    return ("records",)


def big_commit(e):
    e.edit(e.base, subject="x" * 70000)
    return ()


def endless_json(e):
    e.edit(e.with_record("x", e.put("blob", b"[" * 200000)))
    return ("x",)


def no_utf8(e):
    e.edit(e.with_record("x", e.put("blob", b'{\n  "fields": {\n    "title": "\xff\xfe"\n  },\n  "id": "x",\n  "kind": "initiative"\n}\n')))
    return ("x",)


def odd_commit(**more):
    def make(e):
        e.edit(e.with_record("x", e.record("x")), **more)
        return ()
    return make


def other_agency(e):
    e.agency = "dpmc"
    e.edit(e.with_record("x", e.record("x")))
    return ("agency",)


def wrong_number(e):
    e.seq += 5
    e.edit(e.with_record("x", e.record("x")))
    return ("number",)


TREES = {
    "missing tree": missing_tree, "missing folder": missing_folder, "missing blob": missing_blob,
    "missing commit": missing_commit, "blob for a tree": blob_for_a_tree, "tree for a blob": tree_for_a_blob,
    "there twice": there_twice, "out of order": out_of_order, "cut off": cut_off,
}
NAMES = {repr(name): named(name) for name in (
    ".git", ".GIT", "..", ".", "", "../../../x.json", "a/b.json", b"\x1b[31m.json", b"x\n.json", b"\xff\xfe.json",
    "git~1", ".gitmodules", "x" * 300 + ".json", "CON.json", "x.JSON", "\u202ex.json")}
MODES = {mode: of_mode(mode) for mode in ("100755", "100664", "120000", "160000", "0100644", "777", "99999999999")}
SIZES = {"big blob": big_blob, "bomb": bomb, "big tree": big_tree, "big commit": big_commit}
TEXTS = {
    "endless json": endless_json, "no utf-8": no_utf8, "future": odd_commit(when=1 << 40), "ancient": odd_commit(when=-5),
    "2201": odd_commit(when=7289740800), "zone": odd_commit(zone="+1300"), "extra header": odd_commit(extra="encoding latin1\n"),
    "header of another": odd_commit(extra="mergetag object 0\n"), "no trailers": odd_commit(message="hello\n"),
    "no message": odd_commit(message=""), "nul": odd_commit(message="x\0y\n"), "other agency": other_agency,
    "wrong number": wrong_number,
}


def refuse_all(road, cases):
    """All at once: one evil branch harms no other."""
    with World(road) as world:
        expected = {}
        for number, (name, make) in enumerate(cases.items()):
            evil = Evil(world, number + 0xee00, name)
            expected[evil] = make(evil)
        world.refused(expected)
        world.afterwards(*expected)
        world.hub.fsck()
        return f"{len(expected)} refused from {world.server.name}"


def test_trees_that_are_none_are_refused_from_every_server():
    return ", ".join(refuse_all(road, TREES) for road in ROADS)


def test_evil_names_are_refused():
    return refuse_all(HttpServer, NAMES)


def test_evil_modes_are_refused():
    return refuse_all(HttpServer, MODES)


def test_what_is_too_big_is_refused_before_it_is_read():
    return ", ".join(refuse_all(road, SIZES) for road in (HttpServer, PathServer))


def test_evil_commits_are_refused():
    return refuse_all(HttpServer, TEXTS)


def test_what_was_missing_is_taken_when_it_comes():
    for road in (HttpServer, SshServer):
        with World(road) as world:
            evil = Evil(world, 0xee)
            world.refused({evil: missing_blob(evil)})
            evil.withheld.clear()
            world.work()
            world.serve(evil)
            assert world.b.json("pull")["commits"] >= 2
            assert world.b.show("initiative/x")["fields"]["title"] == "x"
            world.b.check()
            world.b.fsck()


def test_a_clone_from_a_hostile_server_takes_the_good():
    with World(HttpServer) as world:
        evil = Evil(world, 0xee)
        missing_blob(evil)
        other = Evil(world, 0xef)
        named("..")(other)
        world.serve(evil, other, withhold=evil.withheld)
        result = world.lab.execute([world.lab.program, "clone", world.server.url(), world.lab.path("c"), "--agency", "MSD"], ok=None)
        assert result.status in (OK, INTEGRITY), result
        c = ctsync.Store(world.lab, world.lab.path("c"), "MSD")
        assert c.check() == world.a.check()
        assert len(c.json("status")["refused"]) >= 1
        world.be_honest()
        world.work()
        c.run("pull")
        assert c.check() == world.a.check()


# ---- packs ----------------------------------------------------------------------------------------


def harmless(world, build, clone=False):
    """The whole exchange is refused and nothing has come of it, or all that is good in it has arrived."""
    status = (UNREACHABLE, INTEGRITY)
    world.work()
    before, objects = world.b.check(), world.b.mirror.objects()
    world.serve(pack=build(honest_entries(world)))
    result = world.b.run("pull", ok=None, timeout=60)
    if result.status != OK:
        expect_error(result, result.status, hint="")
        assert result.status in status, result
        assert world.b.check() == before and world.b.mirror.objects() == objects
    else:
        assert world.b.check() == world.a.check(), result
        world.b.fsck()
    assert not [n for n in os.listdir(world.b.inner) if n.startswith("quarantine")], os.listdir(world.b.inner)
    if clone:
        again = world.lab.execute([world.lab.program, "clone", world.server.url(), world.lab.path("c"), "--agency", "MSD"],
                                  ok=None, timeout=60)
        left = [n for n in os.listdir(world.lab.dir) if n.startswith("c") and n != "commands"]
        assert again.status in status and not left, again
    return result.status


def delta_of(base_size, pieces, result_size):
    """A delta that copies the first bytes of its base over and over."""
    def size(n):
        out = b""
        while n > 127:
            out, n = out + bytes([n & 127 | 128]), n >> 7
        return out + bytes([n])
    # copy: offset 0, size three bytes
    return size(base_size) + size(result_size) + b"".join(b"\xf0" + struct.pack("<I", n)[:3] for n in pieces)


def raw_pack(entries, count=None, version=2):
    """A pack of entries that are given as bytes; its checksum is right whatever they are."""
    out = b"PACK" + struct.pack(">II", version, len(entries) if count is None else count) + b"".join(entries)
    return out + hashlib.sha1(out).digest()


def entry(kind, data, size=None, base=b""):
    return head_of_object(kind, len(data) if size is None else size) + base + zlib.compress(data)


def honest_entries(world):
    return [entry(kind, data) for kind, data in world.honest()]


def spoilt(entries):
    """A bit of the deflated bytes of the first object is another."""
    first = bytearray(entries[0])
    first[-3] ^= 1
    return raw_pack([bytes(first), *entries[1:]])


def flipped(pack):
    return pack[:len(pack) // 2] + bytes([pack[len(pack) // 2] ^ 1]) + pack[len(pack) // 2 + 1:]


BASE = b"x" * MIB
BASE_ID, HELLO_ID = (bytes.fromhex(object_id("blob", data)) for data in (BASE, b"hello"))
ODD_DELTA = b"\5\5\x90\5"  # of 5 bytes, gives 5 bytes: those
PACKS = {
    "no pack at all": lambda good: b"",
    "words": lambda good: b"hello, world\n" * 9,
    "cut in its middle": lambda good: raw_pack(good)[:sum(map(len, good)) // 2],
    "without its checksum": lambda good: raw_pack(good)[:-20],
    "a wrong checksum": lambda good: raw_pack(good)[:-1] + bytes([raw_pack(good)[-1] ^ 1]),
    "a flipped bit": lambda good: flipped(raw_pack(good)),
    "a flipped bit with the right checksum": spoilt,
    "fewer objects than it says": lambda good: raw_pack(good, count=4000),
    "more objects than it says": lambda good: raw_pack(good, count=len(good) - 1),
    "four thousand million objects": lambda good: raw_pack(good, count=0xffffffff),
    "another version": lambda good: raw_pack(good, version=9),
    "an object twice": lambda good: raw_pack(good + good[-1:]),
    "an object of no kind": lambda good: raw_pack(good + [b"\x05" + zlib.compress(b"hello")]),
    "an object longer than it says": lambda good: raw_pack(good + [entry("blob", BASE, size=3)]),
    "an object shorter than it says": lambda good: raw_pack(good + [entry("blob", b"hello", size=1 << 33)]),
    "a delta of what is not there": lambda good: raw_pack(good + [entry("ref-delta", ODD_DELTA, base=b"\7" * 20)]),
    "a delta of itself": lambda good: raw_pack(good + [entry("ofs-delta", ODD_DELTA, base=b"\0")]),
    "a delta of what lies before the pack": lambda good: raw_pack(good + [entry("ofs-delta", ODD_DELTA, base=b"\xff\xff\x7f")]),
    "a delta that reads beyond its base": lambda good: raw_pack(
        good + [entry("blob", b"hello"), entry("ref-delta", delta_of(5, [1000], 1000), base=HELLO_ID)]),
    "a delta of a terabyte": lambda good: raw_pack(
        good + [entry("blob", BASE), entry("ref-delta", delta_of(MIB, [MIB - 1] * 3, 1 << 40), base=BASE_ID)]),
}


def refuse_packs(road, names, clone_each):
    with World(road) as world:
        taken = []
        for n, name in enumerate(names):
            try:
                if harmless(world, PACKS[name], clone=n % clone_each == 0) == OK:
                    taken.append(name)
            except Exception as e:
                raise Failure(f"{name}: {type(e).__name__} {e}") from e
        world.afterwards()
        # An object that nobody names harms nobody, whatever is wrong with it.
        assert all(name.startswith("an object ") for name in taken), taken
        return f"{len(names)} packs"


def test_packs_that_are_none_leave_nothing_behind():
    return refuse_packs(HttpServer, PACKS, 5)


def test_packs_that_are_none_leave_nothing_behind_over_ssh():
    return refuse_packs(SshServer, ("no pack at all", "cut in its middle", "a wrong checksum", "four thousand million objects"), 2)


def test_a_delta_bomb_is_stopped_or_harmless():
    """A few hundred bytes that unfold to half a gigabyte, beside good work."""
    base = b"x" * (1 << 23)
    pieces = [len(base) - 1] * 64
    bomb_entries = [entry("blob", base), entry("ref-delta", delta_of(len(base), pieces, sum(pieces)),
                                               base=bytes.fromhex(object_id("blob", base)))]
    with World(HttpServer) as world:
        harmless(world, lambda good: raw_pack(good + bomb_entries))
        world.afterwards()


def test_an_object_that_is_not_what_its_name_says_is_refused():
    """In a folder a file of another content stands under the name; in a pack it has its own name."""
    with World(PathServer) as world:
        evil = Evil(world, 0xee)
        blob = evil.record("x")
        evil.edit(evil.with_record("x", blob))
        world.work()
        world.serve(evil, withhold={blob})
        path = loose(world.hub.path, blob)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        data = evil.objects[blob][1].replace(b"x", b"y")
        with open(path, "wb") as f:
            f.write(zlib.compress(b"blob %d\0" % len(data) + data))
        result = world.b.run("pull", ok=None)
        expect_error(result, INTEGRITY, blob[:10], quiet=False)
        assert world.b.check() == world.a.check()
        world.afterwards(evil)


# ---- references -----------------------------------------------------------------------------------


def test_a_branch_that_was_rewritten_rolled_back_or_deleted_takes_nothing_away():
    for road in (HttpServer, SshServer):
        with World(road) as world:
            branch, old = next((name, oid) for name, oid in world.hub.refs().items() if "/dpmc/" in name)
            world.work()
            world.b.run("pull")
            full = world.b.check()
            new = world.head_of_a()
            # rolled back
            world.hub.git("update-ref", branch, old)
            result = world.b.run("-o", "json", "pull", ok=(INTEGRITY,))
            why = result.json()["refused"][0]["why"]
            assert old in why and new in why and "went back" in why, why
            assert world.b.check() == full
            world.b.run("push")
            assert world.hub.refs()[branch] == new
            # deleted
            world.hub.git("update-ref", "-d", branch)
            world.b.json("pull")
            assert world.b.check() == full
            world.b.run("push")
            assert world.hub.refs()[branch] == new
            # rewritten: another commit of the same number, with the same parent
            evil = Evil(world, 0)
            evil.agency, evil.writer, evil.branch = "dpmc", branch[-16:], branch
            evil.objects, evil.head, evil.seq = {}, old, int(world.seq_of_a()) - 1
            evil.edit(evil.with_record("rewritten", evil.record("rewritten")))
            world.serve(evil)
            result = world.b.run("-o", "json", "pull", ok=(INTEGRITY,))
            why = result.json()["refused"][0]["why"]
            assert new in why and evil.head in why and "rewritten" in why, why
            assert world.b.show("initiative/i1")["fields"]["title"] == "turn 1", "what was there is there"
            world.b.check()
            world.b.fsck()


def test_junk_among_the_references_is_named_or_ignored_and_harms_nothing():
    """A branch where a folder of branches belongs; names that escape; branches that are no commits."""
    with World(HttpServer) as world:
        world.work()
        head = world.head_of_a()
        evil = Evil(world, 0xee)
        blob, tag = evil.record("x"), evil.put("tag", f"object {head}\ntype commit\ntag x\ntagger E <e@x> 1 +0000\n\nx\n")
        refs = {"refs/heads/nzp": head, "refs/heads/UPPER/0123456789abcdef": head, "refs/heads/gcsb/short": head,
                "refs/heads/a/b/c": head, "refs/tags/v1": tag, "refs/notes/x": blob, "refs/pull/1/head": head,
                f"refs/heads/gcsb/{1:016x}": head, f"refs/heads/msd/{2:016x}": evil.base, f"refs/heads/msd/{3:016x}": blob,
                f"refs/heads/msd/{4:016x}": tag}
        world.serve(evil, refs=refs)
        result = world.b.run("pull", ok=(OK, INTEGRITY))
        assert world.b.show("initiative/i1")["fields"]["title"] == "turn 1", result
        for name in ("nzp", "UPPER/0123456789abcdef", "a/b/c"):
            assert f"'{name}'" in result.err, (name, result)
        world.b.check()
        world.b.fsck()
        assert set(world.b.mirror.refs()) <= set(world.hub.refs()) | {evil.branch, f"refs/heads/gcsb/{1:016x}"}, world.b.mirror.refs()
        world.afterwards()


def test_names_of_references_that_escape_leave_no_file_anywhere():
    def files_of(world):
        return sorted(os.path.join(d, f) for d, _, files in os.walk(world.b.path) for f in files)

    with World(HttpServer) as world:
        for name in ("refs/heads/../../../../evil", "refs/heads/nzp/../../../config", "refs/heads/\x1b[31mred", "HEAD",
                     "../../evil", "refs/heads/nzp/0123456789abcdef.lock", "refs/heads//x", "refs/heads/" + "x" * 5000,
                     "/etc/passwd", "", "refs/heads/gcsb/..//0123456789abcdef"):
            world.work()
            before = files_of(world)
            world.serve(refs={name: world.head_of_a()})
            result = world.b.run("pull", ok=None)
            assert result.status in (OK, UNREACHABLE, INTEGRITY), (name, result)
            assert "\x1b" not in result.err
            if result.status != OK:
                assert files_of(world) == before, (name, set(files_of(world)) ^ set(before))
            assert not os.path.exists(world.lab.path("evil")), name
            world.be_honest()
            world.b.run("pull")
            assert world.b.check() == world.a.check(), name
        world.afterwards()


def test_thousands_of_references_do_no_harm():
    with World(HttpServer) as world:
        world.work()
        head = world.head_of_a()
        refs = {f"refs/heads/junk-{n}": head for n in range(3000)} | {f"refs/heads/msd/{n:016x}": head for n in range(2000)}
        world.serve(refs=refs)
        result = world.b.run("pull", ok=None)
        assert result.status in (OK, INTEGRITY), result
        assert result.err.count("\n") < 60, f"{result.err.count(chr(10))} lines on the terminal"
        assert world.b.show("initiative/i1")["fields"]["title"] == "turn 1"
        world.b.check()
        world.b.run("set", "initiative/i1", "title=still works")
        world.be_honest()
        world.b.run("sync")
        world.a.run("pull")
        assert world.a.check() == world.b.check()


# ---- servers that fail ----------------------------------------------------------------------------


def test_what_a_server_says_in_place_of_a_pack_is_told():
    with World(HttpServer) as world:
        world.work()
        world.fake.tell(refs=world.hub.refs(), error="the \x1b[31mhamster\x1b[0m is ill\n", pack=b"")
        result = world.b.run("pull", ok=None)
        expect_error(result, UNREACHABLE, "hamster", hint="")
        assert "\x1b" not in result.err, result
        world.afterwards()


def test_a_hub_that_lost_an_object_is_told_and_mended_by_whoever_has_it():
    """git itself notices that it cannot send what it is asked for."""
    for road in (HttpServer, SshServer):
        with World(road) as world:
            world.work()
            victim = world.hub.git("rev-parse", world.head_of_a() + ":records/initiative/i1.json").strip()
            assert os.path.exists(loose(world.hub.path, victim)) or world.hub.git("count-objects")
            unpack(world.hub)
            path = loose(world.hub.path, victim)
            with open(path, "rb") as f:
                kept = f.read()
            os.unlink(path)
            before = world.b.check()
            result = world.b.run("pull", ok=None)
            assert result.status in (UNREACHABLE, INTEGRITY), result
            assert any(line.startswith("ctsync: ") for line in result.err.splitlines()), result
            assert world.b.check() == before
            with open(path, "wb") as f:
                f.write(kept)
            world.b.run("pull")
            assert world.b.check() == world.a.check()


def unpack(hub):
    """Every object as a file of its own."""
    folder = os.path.join(hub.path, "objects", "pack")
    for name in [n for n in os.listdir(folder) if n.endswith(".pack")]:
        moved = os.path.join(hub.path, name)
        os.rename(os.path.join(folder, name), moved)
        with open(moved, "rb") as f:
            hub.git("unpack-objects", "-q", stdin=f.read())
        os.unlink(moved)
    for name in os.listdir(folder):
        os.unlink(os.path.join(folder, name))


if __name__ == "__main__":
    ctsync.main(globals())
