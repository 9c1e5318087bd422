#!/usr/bin/python3
"""One change of very many records: it is taken wholly or not at all, by clone, pull and rebuild, and one bad
record among thousands is found whatever stands around it. Beyond 4,096 records images are not kept in memory
and files travel as they are stored, which is another way through the program.
"""
import json
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import ctsync  # noqa: E402
from ctsync import INTEGRITY  # noqa: E402
from oracle import GitReader, Oracle, canonical, place_records  # noqa: E402
from plumbing import Plumber  # noqa: E402

MANY = 4500


def records(count, prefix="n"):
    for n in range(count):
        yield {"kind": "initiative", "id": f"{prefix}{n:05}", "fields": {"title": f"Number {n}", "overview": "word " * (n % 40) + "word"},
               "labels": [f"l{n % 7}"]}


def import_many(lab, store, name, objects):
    path = lab.path(name)
    with open(path, "w", encoding="utf-8") as f:
        f.writelines(json.dumps(o) + "\n" for o in objects)
    return store.run("import", path)


def world(lab):
    hub = lab.hub("hub")
    a = lab.init("a", "DPMC")
    a.run("remote", "add", "origin", hub)
    return hub, a


def compare(lab, hub, *stores):
    digests = {repr(s.check()) for s in stores}
    assert len(digests) == 1, digests
    reader = GitReader(hub.path, lab.env)
    oracle = Oracle(reader)
    oracle.check_commits()
    oracle.compare_main(oracle.view())
    oracle.compare_store(stores[-1])
    reader.close()
    for repository in (hub, *(s.mirror for s in stores)):
        repository.fsck()


def test_a_large_change_travels_every_way():
    with ctsync.Lab("large") as lab:
        hub, a = world(lab)
        a.run("push")
        puller = lab.clone(hub, "puller", "NZP")
        import_many(lab, a, "new.ndjson", records(MANY))
        a.run("push")
        assert puller.json("pull")["records_changed"] == MANY
        cloner = lab.clone(hub, "cloner", "MSD")
        # The next change of all of them, while somebody edits one apart.
        puller.run("set", "initiative/n00007", "title=Apart", "labels+=mine")
        import_many(lab, a, "again.ndjson", ({**r, "fields": {**r["fields"], "title": "Again"}} for r in records(MANY)))
        a.run("rm", "initiative/n00008")
        for store in (puller, a, cloner, puller):
            store.run("sync")
        assert len(a.items("conflicts")) == 1
        assert cloner.show("initiative/n00007")["labels"] == ["l0", "mine"]
        compare(lab, hub, a, puller, cloner)
        before = cloner.check()
        cloner.run("rebuild")
        assert cloner.check() == before
        second = lab.hub("second")
        cloner.run("remote", "add", "second", second)
        cloner.run("push", "second")
        compare(lab, second, a, cloner)


def edit(hub, stranger, files):
    """The stranger's second commit, all of these at once."""
    message = "many\n\n" + "\n".join([f"Ctsync-Agency: {stranger.agency}", f"Ctsync-Writer: {stranger.writer}",
                                       "Ctsync-Seq: 2", "Ctsync-Format: 1", ""])
    person = f"Stranger <stranger@msd.example> {stranger.time + 60} +0000"
    stream = [f"commit {stranger.branch}\nauthor {person}\ncommitter {person}\ndata {len(message)}\n{message}from {stranger.head}\n"]
    stream += [f"M 100644 inline {path}\ndata {len(text.encode())}\n{text}\n" for path, text in files.items()]
    hub.git("fast-import", "--quiet", "--force", stdin="".join(stream) + "done\n")


def test_one_bad_record_among_thousands_refuses_the_change():
    """At the beginning, in the middle and at the end of the order in which they are read."""
    with ctsync.Lab("large") as lab:
        hub, a = world(lab)
        a.run("push")
        b = lab.clone(hub, "b", "NZP")
        before = b.check()
        root = next(oid for name, oid in hub.refs().items() if "/dpmc/" in name)
        stranger = Plumber(hub, "msd", "00000000000000aa")
        stranger.see(root)
        good = {f"initiative/n{n:05}": canonical(r) + "\n" for n, r in enumerate(records(MANY))}
        for number in (0, MANY // 2, MANY - 1):
            files = {path: good[key] for key, path in place_records(good).items()}
            bad = f"initiative/n{number:05}"
            files[place_records(good)[bad]] = good[bad].replace('"fields"', '"fields" ')
            edit(hub, stranger, files)
            result = b.run("-o", "json", "pull", ok=INTEGRITY)
            assert bad in result.out + result.err, result
            assert b.check() == before
            b.fsck()
        edit(hub, stranger, {path: good[key] for key, path in place_records(good).items()})
        a.run("set", "agency/dpmc", "name=One")
        a.run("push")
        assert b.json("pull")["records_changed"] == MANY + 1
        a.run("sync")
        assert b.check() == a.check()
        b.fsck()


if __name__ == "__main__":
    ctsync.main(globals())
