#!/usr/bin/python3
"""A sync without edits moves nothing.

A pull writes no commit; a push with nothing new pushes nothing; however many hubs there are and however
often it is done. What is counted is not what the program says but the objects and refs themselves.
"""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import ctsync  # noqa: E402


def populate(lab, hubs, agencies):
    """Stores that all have edits of their own, conflicts among them, on all hubs."""
    stores = [lab.init("s0", agencies[0])]
    for n, hub in enumerate(hubs):
        stores[0].run("remote", "add", f"h{n}", hub.path)
    stores[0].run("add", "initiative/i1", "title=Grow", "points=one", "points=two")
    stores[0].run("push", "h0")
    for n, code in enumerate(agencies[1:], 1):
        store = lab.clone(hubs[0].path, f"s{n}", code)
        store.run("remote", "add", "h0", hubs[0].path)
        for m, hub in enumerate(hubs[1:], 1):
            store.run("remote", "add", f"h{m}", hub.path)
        stores.append(store)
    for n, store in enumerate(stores):
        store.run("set", "initiative/i1", f"title=Grow {n}", f"labels+=l{n}")
        store.run("add", f"initiative/own{n}", f"title=Own {n}")
    return stores


def rest(stores, hubs):
    """Syncs until a whole pass moves no ref; returns the number of passes."""
    for turn in range(1, 10):
        before = [hub.refs() for hub in hubs]
        for store in stores:
            for n in range(len(hubs)):
                store.run("sync", f"h{n}")
        if [hub.refs() for hub in hubs] == before:
            return turn
    raise ctsync.Failure("syncing does not come to rest in 9 passes")


def picture(stores, hubs):
    """Every ref and object of every repository, and every store's digest and history."""
    return ([(r.refs(""), r.objects()) for r in [*hubs, *(s.mirror for s in stores)]],
            [(s.check(), [c["change"] for c in s.log()]) for s in stores])


def quiet(hub_count, agencies, rounds):
    with ctsync.Lab("quiet") as lab:
        hubs = [lab.hub(f"h{n}") for n in range(hub_count)]
        stores = populate(lab, hubs, agencies)
        turns = rest(stores, hubs)
        still = picture(stores, hubs)
        for _ in range(rounds):
            for store in reversed(stores):
                for n in range(hub_count):
                    pulled = store.json("pull", f"h{n}")
                    assert pulled["commits"] == 0 and pulled["records_changed"] == 0, pulled
                    pushed = store.json("push", f"h{n}")
                    assert pushed["commits"] == 0 and pushed["branches"] == [], pushed
                    synced = store.run("sync", f"h{n}")
                    assert synced.status == 0
        assert picture(stores, hubs) == still, "something moved"
        digests = {s.check()["digest"] for s in stores}
        assert len(digests) == 1, digests
        for repository in [*hubs, *(s.mirror for s in stores)]:
            repository.fsck()
        return f"at rest after {turns} passes; {rounds} rounds moved nothing"


def test_one_hub_comes_to_rest():
    return quiet(1, ["DPMC", "NZP"], 3)


def test_three_hubs_and_four_stores_come_to_rest():
    return quiet(3, ["DPMC", "NZP", "GCSB", "MSD"], 3)


def test_a_pull_writes_no_commit():
    with ctsync.Lab("quiet") as lab:
        hub = lab.hub("h0")
        a = lab.init("a", "DPMC")
        a.run("remote", "add", "origin", hub.path)
        a.run("add", "initiative/i1", "title=Grow")
        a.run("push")
        b = lab.clone(hub.path, "b", "NZP")
        for n in range(5):
            a.run("set", "initiative/i1", f"title=Grow {n}")
            a.run("push")
            assert b.json("pull")["commits"] == 1
        assert hub.git("rev-list", "--count", "--branches", "--not", "main").strip() == "0"
        own = [ref for ref in b.mirror.refs() if ref.startswith("refs/heads/nzp/")]
        assert own == [], f"a store that never edited has a branch: {own}"
        assert b.json("push")["commits"] == 0
        assert not [ref for ref in hub.refs() if ref.startswith("refs/heads/nzp/")]
        assert all(c["agency"] == "dpmc" for c in b.log())


def test_an_edit_that_changes_nothing_writes_nothing():
    with ctsync.Lab("quiet") as lab:
        hub = lab.hub("h0")
        a = lab.init("a", "DPMC")
        a.run("remote", "add", "origin", hub.path)
        a.run("add", "initiative/i1", "title=Grow", "labels=x")
        a.run("push")
        changes, refs = a.log(), hub.refs()
        a.run("set", "initiative/i1", "title=Grow", "labels+=x", ok=(0, ctsync.REFUSED))
        a.run("push")
        assert (a.log(), hub.refs()) == (changes, refs)


if __name__ == "__main__":
    ctsync.main(globals())
