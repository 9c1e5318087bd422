#!/usr/bin/python3
"""Agencies that have no hub and no network: three stores, a USB stick, and nothing else.

What is carried are bundles: everything, or since what the receiver showed, by its code, by its last bundle
or by one of ours; in order, out of order, twice, cut and altered on the way. At the end all stores are
equal and nothing typed is lost. git itself reads every bundle that it has the base of.
CTS_ROUNDS and CTS_SEED: how long, and from which seed.
"""
import os
import random
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import ctsync  # noqa: E402
from ctsync import INTEGRITY, OK, REFUSED, expect_error  # noqa: E402

ROUNDS = int(os.environ.get("CTS_ROUNDS", 40))
SEED = int(os.environ.get("CTS_SEED", time.time()))


class Stick:
    """What lies on the stick, and plain git repositories that take what they can from it."""

    def __init__(self, lab):
        self.lab, self.count = lab, 0
        self.archive = lab.hub("archive.git")

    def write(self, store, since=None, ok=(OK,)):
        """The path of a new bundle, or None when nothing was new."""
        self.count += 1
        path = self.lab.path(f"{self.count:03}-{store.agency.lower()}.bundle")
        result = store.run("bundle", "create", path, *(["--since", since] if since else []), ok=ok)
        if result.status == OK and os.path.exists(path):
            self.git_reads(path)
            return path
        return None

    def git_reads(self, path):
        """git says the same of a bundle as its header does; what it can take, it takes, and finds sound."""
        verified = self.lab.execute(["git", "-C", self.archive.path, "bundle", "verify", path], ok=None)
        with open(path, "rb") as f:
            bases = [line[1:41].decode() for line in f.read().split(b"\n\n")[0].split(b"\n") if line[:1] == b"-"]
        objects = self.archive.objects()
        assert (verified.status == 0) == all(base in objects for base in bases), verified
        if verified.status == 0:
            # An old bundle may come late, and main is of whoever made it: each goes to a place of its own.
            self.archive.git("fetch", "-q", path, f"refs/heads/*:refs/bundle{self.count}/*")
            self.archive.fsck()


def picture(store):
    """All that applying a bundle may change."""
    return (store.check(), store.mirror.refs(""), store.mirror.objects(), sorted(os.listdir(store.inner)),
            [c["change"] for c in store.log()])


def three(lab):
    stick = Stick(lab)
    dpmc = lab.init("dpmc", "DPMC")
    dpmc.run("add", "initiative/grow", "title=Grow")
    first = stick.write(dpmc)
    return stick, [dpmc, lab.clone(first, "nzp", "NZP"), lab.clone(first, "mfe", "MFE")], first


def test_three_stores_with_a_stick_between_them_agree():
    rng = random.Random(SEED)
    with ctsync.Lab("stick") as lab:
        stick, stores, first = three(lab)
        carried, typed, refused = [first], set(), 0
        for n in range(ROUNDS):
            store, other = rng.sample(stores, 2)
            for _ in range(rng.randint(0, 2)):
                label = f"{store.agency.lower()}-{len(typed)}"
                typed.add(label)
                store.run("set", "initiative/grow", f"labels+={label}")
            if rng.random() < 0.3:
                store.run("add", f"initiative/i{n}", f"title=of {store.agency}")
            since = rng.choice([None, other.agency, other.agency, rng.choice(carried), "2001-01-01"])
            path = stick.write(store, since, ok=(OK, ctsync.VALUE))  # it may never have heard of the other
            if path is None:
                continue
            carried.append(path)
            for receiver in rng.sample([s for s in stores if s is not store], rng.randint(1, 2)):
                receipt = ["--receipt"] if rng.random() < 0.4 else []
                result = receiver.run("bundle", "apply", path, *receipt, ok=(OK, REFUSED))
                if result.status == REFUSED:
                    refused += 1
                    expect_error(result, REFUSED, "builds on", "not here", hint="--since")
                elif rng.random() < 0.3:
                    assert receiver.json("bundle", "apply", path)["commits"] == 0
        # everything again, in any order, and then what is left
        rng.shuffle(carried)
        for path in carried[:15]:
            rng.choice(stores).run("bundle", "apply", path, ok=(OK, REFUSED))
        for store, other in zip(stores * 2, (stores * 2)[1:] + stores[:1]):
            path = stick.write(store)
            other.run("bundle", "apply", path)
        for store in stores:
            store.run("bundle", "apply", path)
            store.fsck()
        assert len({store.check()["digest"] for store in stores}) == 1
        assert typed == set(stores[0].show("initiative/grow").get("labels", [])), typed
        assert not any(store.items("remote", "list") for store in stores)
        return f"seed {SEED}, {stick.count} bundles, {refused} out of order"


def test_receipts_make_deltas_small():
    with ctsync.Lab("receipts") as lab:
        stick, (dpmc, nzp, _), _ = three(lab)
        for n in range(60):
            dpmc.run("add", f"initiative/many{n}", f"title=One of many {n}", "points=a", "points=b")
        whole = stick.write(dpmc)
        answer = nzp.json("bundle", "apply", whole, "--receipt")
        assert answer["commits"] == 60 and answer["receipt"].endswith(".1"), answer
        assert nzp.json("bundle", "apply", whole, "--receipt")["receipt"] is None
        dpmc.run("bundle", "apply", stick.write(nzp, "DPMC"))
        assert stick.write(dpmc, "NZP") is None
        dpmc.run("set", "initiative/many7", "title=Changed")
        delta = stick.write(dpmc, "NZP")
        assert os.path.getsize(delta) < 3000 < os.path.getsize(whole) / 4, os.path.getsize(delta)
        shown = nzp.json("bundle", "show", delta)
        # the seen commit of dpmc and its edit
        assert shown["new"] == 2 and [b["here"] for b in shown["builds_on"]] == [True], shown
        nzp.run("bundle", "apply", delta)
        assert nzp.check() == dpmc.check()
        return f"{os.path.getsize(whole)} bytes, then {os.path.getsize(delta)}"


def test_cut_and_altered_bundles_change_nothing():
    with ctsync.Lab("altered") as lab:
        stick, (dpmc, nzp, _), first = three(lab)
        nzp.run("set", "initiative/grow", "notes=typed meanwhile")
        nzp.run("bundle", "create", lab.path("seal.bundle"))
        dpmc.run("set", "initiative/grow", "title=Second")
        dpmc.run("add", "initiative/more", "title=More")
        path = stick.write(dpmc, first)
        with open(path, "rb") as f:
            data = f.read()
        before, bad = picture(nzp), lab.path("bad.bundle")
        rng = random.Random(SEED)
        cuts = sorted({0, 1, 15, 16, len(data) - 1, len(data) - 20, *rng.sample(range(len(data)), 25)})
        wrong = [data[:n] for n in cuts]
        wrong += [data[:n] + bytes([data[n] ^ 1 << rng.randrange(8)]) + data[n + 1:]
                  for n in sorted({0, len(data) - 1, *rng.sample(range(len(data)), 40)})]
        wrong += [data + b"x", data[:200] + data[210:], data.replace(b"refs/heads/", b"refs/tags/x", 1)]
        for bytes_ in wrong:
            with open(bad, "wb") as f:
                f.write(bytes_)
            expect_error(nzp.run("bundle", "apply", bad, ok=None), INTEGRITY)
            expect_error(nzp.run("bundle", "apply", "-", stdin=bytes_, ok=None), INTEGRITY)
            shown = nzp.run("bundle", "show", bad, ok=None)
            assert shown.status == INTEGRITY, shown
            assert lab.execute([lab.program, "clone", bad, lab.path("c"), "--agency", "MSD"], ok=None).status != 0
            assert not os.path.exists(lab.path("c"))
        assert picture(nzp) == before, "something changed"
        nzp.run("bundle", "apply", path)
        assert nzp.show("initiative/grow")["fields"]["title"] == "Second"
        nzp.fsck()
        return f"seed {SEED}, {len(wrong)} ways"


def test_a_full_disk_leaves_the_old_bundle():
    with ctsync.Lab("full") as lab:
        _, (dpmc, _, _), first = three(lab)
        with open(first, "rb") as f:
            old = f.read()
        dpmc.run("set", "initiative/grow", "title=Second")
        dpmc.run("bundle", "create", lab.path("seal.bundle"))
        limited = dpmc.run("bundle", "create", first, ok=None,
                           prefix=("sh", "-c", 'ulimit -f 8; trap "" XFSZ; exec "$@"', "sh"))
        assert limited.status in (ctsync.IO, ctsync.NO_SPACE), limited
        with open(first, "rb") as f:
            assert f.read() == old
        assert [n for n in os.listdir(lab.dir) if n.startswith(os.path.basename(first))] == [os.path.basename(first)]


if __name__ == "__main__":
    ctsync.main(globals())
