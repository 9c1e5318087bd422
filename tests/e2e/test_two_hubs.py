#!/usr/bin/python3
"""Several remotes: hubs of agencies and a common one, joined by whoever knows two of them.

Changes travel through any chain and come back in loops; each is taken once, wherever it comes from first, and
when all is known everywhere nothing moves. Every remote has its own last-seen heads: what one hub lost, hides
or refuses is said of that hub alone, and work goes on over the others.
"""
import os
import shutil
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import ctsync  # noqa: E402
from ctsync import INTEGRITY, UNREACHABLE, expect_error  # noqa: E402
from oracle import GitReader, Oracle  # noqa: E402


TURNS = 1 if "ASAN_OPTIONS" in os.environ else 3  # a sanitizer looks at what is done, not at how often


class Net:
    """Stores, hubs, and who knows which hub: {"a1": ("DPMC", ["dpmc", "common"]), ...}; the first begins."""

    def __init__(self, lab, knows):
        self.lab, self.knows = lab, knows
        self.hubs = {name: lab.hub(name) for name in dict.fromkeys(h for _, hubs in knows.values() for h in hubs)}
        self.stores = {}
        waiting = list(knows)
        while waiting:
            name = next(n for n in waiting if not self.stores or any(self.hubs[h].refs() for h in knows[n][1]))
            waiting.remove(name)
            agency, hubs = knows[name]
            if not self.stores:
                store = lab.init(name, agency)
                store.run("add", "initiative/shared", "title=All of us")
            else:
                store = lab.clone(next(self.hubs[h] for h in hubs if self.hubs[h].refs()), name, agency)
                store.run("remote", "remove", "origin")
            self.stores[name] = store
            for hub in hubs:
                store.run("remote", "add", hub, self.hubs[hub])
            self.sync(name)

    def __getitem__(self, name):
        return self.stores[name]

    def sync(self, name):
        for hub in self.knows[name][1]:
            self[name].run("sync", hub)

    def refs(self):
        return [r.refs() for r in (*self.hubs.values(), *(s.mirror for s in self.stores.values()))]

    def rest(self):
        """Everybody syncs with all their hubs until a whole pass moves no branch; the number of passes."""
        for turn in range(1, 12):
            before = self.refs()
            for name in self.stores:
                self.sync(name)
            if self.refs() == before:
                return turn
        raise ctsync.Failure("syncing does not come to rest")

    def compare(self):
        """All stores and hubs hold the same, and it is what the oracle makes of the commits."""
        digests = {repr(store.check()) for store in self.stores.values()}
        assert len(digests) == 1, digests
        branches = [{n: o for n, o in hub.refs().items() if n != "refs/heads/main"} for hub in self.hubs.values()]
        assert all(b == branches[0] for b in branches), branches
        for hub in self.hubs.values():
            reader = GitReader(hub.path, self.lab.env)
            oracle = Oracle(reader)
            oracle.check_commits()
            oracle.compare_main(oracle.view())
            oracle.compare_store(next(iter(self.stores.values())))
            reader.close()
            hub.fsck()
        for store in self.stores.values():
            store.fsck()

    def quiet(self):
        """Two more rounds move nothing at all: no object, no ref, no line of history."""
        repositories = [*self.hubs.values(), *(s.mirror for s in self.stores.values())]
        before = [(r.refs(""), r.objects()) for r in repositories]
        logs = [[c["change"] for c in s.log()] for s in self.stores.values()]
        for _ in range(2):
            for name, store in reversed(self.stores.items()):
                for hub in self.knows[name][1]:
                    assert store.json("pull", hub)["commits"] == 0
                    assert store.json("push", hub)["branches"] == []
        assert [(r.refs(""), r.objects()) for r in repositories] == before, "something moved"
        for changes in logs:
            assert sorted(changes) == sorted(set(changes)) == sorted(logs[0])


CHAIN = {  # the two offices of an agency share its hub; the first of each knows the common one
    "a1": ("DPMC", ["dpmc", "common"]), "a2": ("DPMC", ["dpmc"]),
    "b1": ("NZP", ["common", "nzp"]), "b2": ("NZP", ["nzp"]),
}
RING = {  # every two hubs are joined by somebody, so changes go round
    "a": ("DPMC", ["h0", "h1"]), "b": ("NZP", ["h1", "h2"]), "c": ("MSD", ["h2", "h0"]),
}


def edit_all(net, turn):
    for n, (name, store) in enumerate(net.stores.items()):
        store.run("set", "initiative/shared", f"labels+={name}-{turn}", f"title=By {name} in {turn}", "--settle")
        store.run("add" if turn == 0 else "set", f"initiative/{name}", f"title=Turn {turn}")
        if n == turn % len(net.stores):
            store.run("add", f"milestone/m{turn}", f"parent=initiative/{name}", "due=TBD")


def test_changes_travel_through_a_chain_of_hubs():
    with ctsync.Lab("hubs") as lab:
        net = Net(lab, CHAIN)
        net["a2"].run("add", "initiative/far", "title=From the far end")
        net["a2"].run("push", "dpmc")
        assert net["b2"].json("pull", "nzp")["commits"] == 0
        for name, hub in (("a1", "dpmc"), ("a1", "common"), ("b1", "common"), ("b1", "nzp")):
            net[name].run("sync", hub)
        assert net["b2"].json("pull", "nzp")["commits"] > 0
        assert net["b2"].show("initiative/far")["fields"]["title"] == "From the far end"
        log = net["b2"].log("initiative/far")
        assert len(log) == 1 and log[0]["agency"] == "dpmc", log
        passes = [net.rest()]
        for turn in range(TURNS):
            edit_all(net, turn)
            passes.append(net.rest())
        net.compare()
        net.quiet()
        return f"at rest after {passes} passes"


def test_changes_go_round_a_ring_once():
    with ctsync.Lab("hubs") as lab:
        net = Net(lab, RING)
        net.rest()
        for turn in range(TURNS):
            edit_all(net, turn)
            # What two hubs have is received from the first that is asked.
            net["a"].run("push", "h0")
            net["a"].run("push", "h1")
            net["b"].run("pull", "h1")
            net["b"].run("push", "h2")
            once = net["c"].json("pull", "h2")["commits"]
            assert once > 0 and net["c"].json("pull", "h0")["commits"] == 0, once
            net.rest()
        net.compare()
        net.quiet()
        received = [c["change"] for c in net["c"].log()]
        assert len(received) == len(set(received))


def only(hub, test):
    """A hook that takes only the refs for which the shell's test holds; "" takes all again."""
    path = os.path.join(hub.path, "hooks", "update")
    if not test:
        os.unlink(path)
        return
    with open(path, "w", encoding="utf-8") as f:
        f.write(f"#!/bin/sh\n{test} || {{ echo 'not here: '\"$1\" >&2; exit 1; }}\n")
    os.chmod(path, 0o755)


def test_a_hub_that_takes_no_branches_of_others():
    """Each agency's own work lands there; what it will not carry for others comes by the other hub."""
    with ctsync.Lab("hubs") as lab:
        net = Net(lab, {"a": ("DPMC", ["common", "strict"]), "b": ("NZP", ["common", "strict"]), "c": ("MSD", ["common"])})
        strict = net.hubs["strict"]
        net.rest()
        # The hook knows who pushes by an account, as a git host does.
        only(strict, '[ "${1#refs/heads/$ACCOUNT/}" != "$1" ]')
        net["a"].env["ACCOUNT"], net["b"].env["ACCOUNT"] = "dpmc", "nzp"
        net["c"].run("add", "initiative/c", "title=C")
        net["c"].run("push")
        net["a"].run("pull", "common")
        net["a"].run("set", "initiative/shared", "title=By a")
        pushed = net["a"].json("push", "strict")
        assert pushed["commits"] > 0 and [b.split("/")[0] for b in pushed["branches"]] == ["dpmc"], pushed
        refs = strict.refs()
        assert not any("/msd/" in name for name in refs), refs
        # Its commits are there all the same: ours name them as parents.
        assert net["b"].json("pull", "strict")["commits"] > 0
        assert net["b"].show("initiative/c") and net["b"].show("initiative/shared")["fields"]["title"] == "By a"
        for name in ("a", "b"):  # told once more, and never a failure
            net[name].run("push", "strict")
            assert net[name].json("push", "strict")["commits"] == 0
        only(strict, "")
        net["a"].run("push", "strict")
        assert any("/msd/" in name for name in strict.refs())
        net.rest()
        net.compare()
        net.quiet()


def test_a_hub_that_takes_no_main():
    with ctsync.Lab("hubs") as lab:
        net = Net(lab, {"a": ("DPMC", ["h0", "h1"]), "b": ("NZP", ["h1"])})
        net.rest()
        only(net.hubs["h1"], '[ "$1" != refs/heads/main ]')
        before = net.hubs["h1"].refs()["refs/heads/main"]
        for turn in range(2):
            edit_all(net, turn)
            for name in ("a", "b", "a", "b"):
                net.sync(name)
        assert net.hubs["h1"].refs()["refs/heads/main"] == before
        assert net["a"].check()["digest"] == net["b"].check()["digest"]
        only(net.hubs["h1"], "")
        net.rest()
        net.compare()
        net.quiet()


def test_a_hub_that_is_away_for_a_while():
    """Who knows another goes on over that; when it is back it gets all that it missed, from anybody."""
    with ctsync.Lab("hubs") as lab:
        net = Net(lab, RING)
        net.rest()
        hub = net.hubs["h1"]
        os.rename(hub.path, hub.path + ".away")
        for turn in range(2):
            edit_all(net, turn)
            for name in ("a", "b", "c", "c", "a", "b"):
                for remote in net.knows[name][1]:
                    if remote != "h1":
                        net[name].run("sync", remote)
                        continue
                    expect_error(net[name].run("push", "h1", ok=None), UNREACHABLE, "h1")
                    expect_error(net[name].run("pull", "h1", ok=None), UNREACHABLE, "h1")
        assert net["a"].json("status")["pending"] == 0
        digests = {net[n].check()["digest"] for n in net.stores}
        assert len(digests) == 1, "what the others carry does not reach all"
        os.rename(hub.path + ".away", hub.path)
        net["b"].run("push", "h1")
        assert net["a"].json("pull", "h1")["commits"] == 0
        net.rest()
        net.compare()
        net.quiet()


def restore(hub, copy):
    shutil.rmtree(hub.path)
    shutil.copytree(copy, hub.path, symlinks=True)


def test_a_hub_restored_from_an_old_backup():
    """It is refused with the evidence by who had seen more there, it is no matter for the other hub, and the
    next push mends it: whoever has what it lost gives it back."""
    with ctsync.Lab("hubs") as lab:
        net = Net(lab, {"a": ("DPMC", ["h0", "h1"]), "b": ("NZP", ["h0", "h1"]), "c": ("MSD", ["h1"])})
        edit_all(net, 0)
        net.rest()
        hub = net.hubs["h1"]
        old = hub.refs()
        shutil.copytree(hub.path, lab.path("backup"), symlinks=True)
        edit_all(net, 1)
        net.rest()
        new = hub.refs()
        restore(hub, lab.path("backup"))
        assert hub.refs() == old != new
        moved = [name for name in new if name not in ("refs/heads/main", "refs/heads/root")]
        assert all(old[name] != new[name] for name in moved)
        for name in net.stores:
            result = net[name].run("-o", "json", "pull", "h1", ok=INTEGRITY)
            for branch in moved:  # both ids, for every branch that went back
                assert old[branch] in result.out + result.err and new[branch] in result.out + result.err, result
        assert net["a"].json("pull", "h0")["commits"] == 0
        digests = {net[n].check()["digest"] for n in net.stores}
        # Somebody edits meanwhile, and gives back what all lost by the way.
        net["a"].run("set", "initiative/shared", "title=After the restore", "--settle")
        pushed = net["a"].json("push", "h1")
        assert {b.split("/")[0] for b in pushed["branches"]} >= {"dpmc", "nzp", "msd"}, pushed
        assert all(hub.refs()[name] == new[name] for name in moved if "/dpmc/" not in name)
        for name in ("c", "b"):
            assert net[name].json("pull", "h1")["records_changed"] == 1
        net.rest()
        net.compare()
        net.quiet()
        assert len(digests) == 1


def test_a_backup_from_before_somebody_joined_and_who_lost_it_all():
    """The branch is gone there, and what only the hub had is gone with it; nobody else's work is touched."""
    with ctsync.Lab("hubs") as lab:
        net = Net(lab, {"a": ("DPMC", ["h0"]), "b": ("NZP", ["h0"])})
        hub = net.hubs["h0"]
        shutil.copytree(hub.path, lab.path("backup"), symlinks=True)
        late = lab.clone(hub, "late", "MSD")
        late.run("add", "initiative/late", "title=Late")
        late.run("push")
        net["a"].run("pull")
        restore(hub, lab.path("backup"))
        assert net["a"].json("pull", "h0")["commits"] == 0  # a branch that is not there says nothing
        assert net["b"].json("pull", "h0")["commits"] == 0
        assert net["b"].show("initiative/late") is None
        net["a"].run("push")  # and gives it back
        assert net["b"].json("pull", "h0")["commits"] == 2
        late.run("sync")
        net.rest()
        net.compare()
        assert late.check() == net["a"].check()


if __name__ == "__main__":
    ctsync.main(globals())
