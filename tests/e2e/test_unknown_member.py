#!/usr/bin/python3
"""Nothing unknown is lost: members that no schema here knows survive reading, editing, merging and pushing.

A commit made with git's plumbing stands for a program with a later schema: it puts members into "fields"
and beside it, of every JSON type that canonical JSON has.
"""
import json
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import ctsync  # noqa: E402
from oracle import GitReader, Oracle, canonical  # noqa: E402
from plumbing import Plumber  # noqa: E402

PATH = "records/initiative/x.json"
INSIDE = {"aardvark": "first of all", "nickname": "Kāpuia", "weights": [1, 2, 3], "zeta": {"deep": ["a", {"b": True}]}}
BESIDE = {"a_flag": True, "handling": "by hand", "zz": {"n": 7}}


class Scene:
    """A hub, a store that made record x, one that cloned it, and a plumber who knows more members."""

    def __init__(self, lab):
        self.lab, self.hub = lab, lab.hub("hub")
        self.a = lab.init("a", "DPMC")
        self.a.run("remote", "add", "origin", self.hub.path)
        self.a.run("add", "initiative/x", "title=Grow", "overview=one\ntwo\nthree", "labels=l1")
        self.a.run("push")
        self.b = lab.clone(self.hub.path, "b", "NZP")
        head = self.head("dpmc")
        self.plumber = Plumber(self.hub, "gcsb", "00000000000000aa")
        self.plumber.see(head)
        self.plumber.edit({PATH: self.with_members(self.plumber, INSIDE, BESIDE)}, "members of a later schema")

    def head(self, agency):
        return next(oid for ref, oid in self.hub.refs().items() if ref.startswith(f"refs/heads/{agency}/"))

    @staticmethod
    def with_members(plumber, inside, beside):
        record = json.loads(plumber.text_of(PATH)) | beside
        record["fields"] |= inside
        record = {k: v for k, v in record.items() if v is not None}
        record["fields"] = {k: v for k, v in record["fields"].items() if v is not None}
        return canonical(record) + "\n"

    def published(self):
        return json.loads(self.hub.git("cat-file", "blob", f"main:{PATH}"))

    def compare(self, *stores):
        reader = GitReader(self.hub.path, self.lab.env)
        try:
            oracle = Oracle(reader)
            oracle.check_commits()
            view = oracle.view()
            oracle.compare_main(view)
            for store in stores:
                oracle.compare_store(store, view)
                store.run("rebuild")
                oracle.compare_store(store, view)
                store.fsck()
        finally:
            reader.close()
        self.hub.fsck()


def held(record, inside=None, beside=None):
    inside, beside = inside or INSIDE, beside or BESIDE
    assert {k: record["fields"].get(k) for k in inside} == inside, record
    assert {k: record.get(k) for k in beside} == beside, record


def test_members_survive_reading_editing_merging_and_pushing():
    with ctsync.Lab("unknown") as lab:
        s = Scene(lab)
        s.a.run("pull")
        held(s.a.show("initiative/x"))
        s.a.run("set", "initiative/x", "title=Grow up", "points+=one")
        held(s.a.show("initiative/x"))
        s.a.run("push")
        held(s.published())
        s.b.run("set", "initiative/x", "overview=zero\none\ntwo\nthree")  # has not seen the members
        s.b.run("pull")
        held(s.b.show("initiative/x"))
        s.b.run("push")
        s.a.run("pull")
        shown = s.a.show("initiative/x")
        held(shown)
        assert shown["fields"]["overview"] == "zero\none\ntwo\nthree" and shown["fields"]["title"] == "Grow up"
        s.a.run("push")
        held(s.published())
        s.compare(s.a, s.b)


def test_members_edited_apart_are_a_conflict_that_keeps_both():
    with ctsync.Lab("unknown") as lab:
        s = Scene(lab)
        s.a.run("pull")
        other = Plumber(s.hub, "msd", "00000000000000bb", time=1760000000)
        other.see(s.plumber.head)
        other.edit({PATH: s.with_members(other, {"nickname": "other"}, {"handling": None, "a_flag": False})})
        s.plumber.edit({PATH: s.with_members(s.plumber, {"nickname": "own"}, {"handling": "gloves"})})
        s.a.run("pull")
        s.b.run("pull")
        found = {c["field"].split("/")[-1]: [side.get("value") for side in c["sides"]] for c in s.a.items("conflicts", "initiative/x")}
        assert sorted(found) == ["handling", "nickname"], found
        assert sorted(found["nickname"]) == ["other", "own"], found
        assert sorted(found["handling"], key=str) == [None, "gloves"], found
        assert s.a.show("initiative/x")["fields"]["nickname"] == "other", "the later by its author's time is shown"
        s.b.run("set", "initiative/x", "title=Edited beside a conflict")
        s.b.run("push")
        s.a.run("sync")
        s.compare(s.a, s.b)


def test_a_record_deleted_and_made_again_is_the_same_in_every_store():
    with ctsync.Lab("unknown") as lab:
        s = Scene(lab)
        s.a.run("pull")
        s.a.run("rm", "initiative/x")
        s.b.run("pull")
        s.a.run("add", "initiative/x", "--again", "title=Again")
        s.b.run("set", "initiative/x", "title=Not seen to go")
        s.a.run("push")
        s.b.run("sync")
        s.a.run("sync")
        s.b.run("pull")
        s.compare(s.a, s.b)


def test_a_file_that_is_not_canonical_is_refused_and_harms_nobody():
    with ctsync.Lab("unknown") as lab:
        s = Scene(lab)
        bad = Plumber(s.hub, "msd", "00000000000000cc")
        bad.see(s.plumber.head)
        bad.edit({PATH: json.dumps(json.loads(bad.text_of(PATH)), indent=4)})
        result = s.a.run("-o", "json", "pull", ok=(ctsync.INTEGRITY,))
        assert "msd/00000000000000cc" in result.out + result.err, result
        ctsync.expect_error(s.b.run("pull", ok=None), ctsync.INTEGRITY, "canonical", quiet=False)
        held(s.a.show("initiative/x"))
        s.a.check()
        s.a.run("set", "initiative/x", "title=Goes on")
        s.a.run("push")
        assert s.a.json("status")["refused"], "what was refused is remembered"
        s.a.fsck()


if __name__ == "__main__":
    ctsync.main(globals())
