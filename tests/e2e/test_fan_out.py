#!/usr/bin/python3
"""The fan-out of directories at its bounds, by the program itself and seen with plain git.

The layout is a function of the set of records: 512 of a kind lie flat, 513 in sub-directories, and the same
again in each of them. Here a store crosses the bound up and down, in one change and in single ones, at the
first level and at the second; and writers cross it apart from each other, in every direction, and meet.
Every commit's tree is compared with the rule as tests/support/oracle.py has it.
"""
import hashlib
import itertools
import os
import shlex
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import ctsync  # noqa: E402
from oracle import place_records  # noqa: E402

KIND = "initiative"


def ids(prefix, count, byte=None):
    """Keys of records; with `byte`, only those whose hash begins with it: they share a sub-directory."""
    found = (f"{KIND}/{prefix}{n}" for n in itertools.count())
    return list(itertools.islice((k for k in found if byte is None or digest(k)[:2] == byte), count))


def digest(key):
    return hashlib.sha256(key.encode()).hexdigest()


def added(key, again=False):
    """The words of `add`; a record that was there before is brought back."""
    return ["add", key, f"title={key[-4:]}", *(["--again"] if again else [])]


class Writer:
    """A store, the keys that it holds, and what each of its changes did."""

    def __init__(self, store, keys=()):
        self.store, self.keys, self.gone = store, set(keys), set()
        self.changes = []  # (added, removed), one for each edit commit from here on

    def change(self, add=(), rm=()):
        """One change, by the command of a single record where it is one."""
        if len(add) == 1 and not rm:
            self.store.run(*added(add[0], add[0] in self.gone))
        elif len(rm) == 1 and not add:
            self.store.run("rm", rm[0])
        else:
            words = [added(k, k in self.gone) for k in add] + [["rm", k] for k in rm]
            self.store.run("batch", "-", stdin="".join(shlex.join(w) + "\n" for w in words))
        self.gone = (self.gone | set(rm)) - set(add)
        self.keys = (self.keys | set(add)) - set(rm)
        self.changes.append((set(add), set(rm)))


def head(store):
    """The store's own branch in its mirror."""
    agency, writer = (store.json("status")[k] for k in ("agency", "writer"))
    return store.mirror.git("rev-parse", f"refs/heads/{agency}/{writer}").strip()


def tree_of(repository, commit):
    return repository.git("rev-parse", f"{commit}^{{tree}}").strip()


def compare_layout(repository, commit, keys):
    paths = set(repository.git("ls-tree", "-r", "--name-only", commit, f"records/{KIND}").split())
    expected = set(place_records(keys).values())
    assert paths == expected, f"{commit}: {sorted(paths ^ expected)[:6]} lie elsewhere"


def compare_patches(repository, commit, writer, keys):
    """Back from the head over the writer's edits: each tree is that of its set, and each patch, with whole
    files that only moved shown as git shows them, is what was edited and nothing else."""
    keys = set(keys)
    for add, rm in reversed(writer.changes):
        compare_layout(repository, commit, keys)
        got = {"A": set(), "D": set()}
        for line in repository.git("diff-tree", "-r", "-M100%", "--name-status", "--no-commit-id", commit).splitlines():
            state, *names = line.split("\t")
            if state == "R100":
                assert os.path.basename(names[0]) == os.path.basename(names[1]), line
            else:
                got[state].add(f"{KIND}/{os.path.basename(names[0])[:-5]}")
        assert got == {"A": add, "D": rm}, f"{commit}: the patch shows {got}"
        keys = (keys - add) | rm
        commit = repository.git("rev-parse", f"{commit}^1").strip()
    return commit


def compare_ends(lab, hub, writers, keys):
    """Stores that hold the same set have the same tree, whatever way they came to it; so has main, a clone and
    a store that is rebuilt."""
    late = lab.clone(hub.path, "late", "MSD")
    stores = [w.store for w in writers] + [late]
    late.run("pull", "--receipt")
    for store in stores:  # everybody writes down what they see
        store.run("pull", "--receipt")
    trees = {tree_of(store.mirror, head(store)) for store in stores}
    assert len(trees) == 1, trees
    for store in stores:
        compare_layout(store.mirror, head(store), keys)
    digests = {repr(store.check()) for store in stores}
    stores[0].run("push")
    compare_layout(hub, "refs/heads/main", keys)
    assert tree_of(hub, "refs/heads/main") in trees
    stores[0].run("rebuild")
    digests |= {repr(stores[0].check())}
    assert len(digests) == 1, digests
    for repository in (hub, *(store.mirror for store in stores)):
        repository.fsck()


def single(name, start, steps):
    """One store makes the steps, each a change; then its whole branch is looked at."""
    with ctsync.Lab(name) as lab:
        hub = lab.hub("hub")
        writer = Writer(lab.init("s", "DPMC"))
        writer.store.run("remote", "add", "origin", hub.path)
        writer.change(add=start)
        for add, rm in steps:
            writer.change(add=add, rm=rm)
        writer.store.run("push")
        compare_patches(hub, head(writer.store), writer, writer.keys)
        compare_ends(lab, hub, [writer], writer.keys)
        return f"{len(steps)} changes"


def test_511_512_513_and_back_in_single_changes():
    new = ids("n", 4)
    return single("fanout", ids("r", 510), [([k], []) for k in new] + [([], [k]) for k in reversed(new)])


def test_across_the_bound_in_one_change():
    start, new = ids("r", 511), ids("n", 3)
    return single("fanout", start, [
        (new[:2], []),            # 511 -> 513
        (new[2:], start[:1]),     # 513 -> 513, one for another
        ([], [*new[:2]]),         # 513 -> 511
        (new[:1], []),            # 511 -> 512
        (new[1:2], start[1:2]),   # 512 -> 512, flat all the time
        ([], start[2:]),          # 512 -> 3
        (ids("m", 600), []),      # 3 -> 603
    ])


def test_the_second_level_crosses_by_itself():
    """One sub-directory of the first level crosses the bound, with others beside it and alone."""
    deep, beside = ids("d", 514, "3f"), [k for k in ids("r", 150) if digest(k)[:2] != "3f"]
    steps = [([k], []) for k in deep[511:514]]                      # 511 -> 514 below 3f
    steps += [([], [k]) for k in deep[513:510:-1]]                  # and back
    steps += [(deep[511:514], []), ([], deep[:2])]                  # 514 and 512, each in one change
    steps += [([], beside), (deep[:1], []), ([], deep[:1])]         # 512 alone lie flat; 513, all of them deep
    return single("fanout", deep[:511] + beside, steps)


def apart(start, first, second, swap=False, again=()):
    """Two writers change the same start apart from each other and merge; `swap`: the second pushes first and
    a third store gets their work in the other order."""
    with ctsync.Lab("fanout") as lab:
        hub, other = lab.hub("hub"), lab.hub("other")
        a = Writer(lab.init("a", "DPMC"))
        a.store.run("remote", "add", "origin", hub.path)
        a.change(add=start)
        a.store.run("push")
        b = Writer(lab.clone(hub.path, "b", "NZP"), a.keys)
        third = Writer(lab.clone(hub.path, "c", "GCSB"), a.keys)
        a.changes = []
        a.change(*first)
        b.change(*second)
        expected = ((a.keys | b.keys) - set(first[1])) - set(second[1])
        for w in (b, a) if swap else (a, b):
            w.store.run("push")
            third.store.run("pull")  # the one's work, then the other's
        compare_patches(hub, head(a.store), a, a.keys)
        compare_patches(hub, head(b.store), b, b.keys)
        for w in (a, b):
            w.store.run("pull")
        for w, add, rm in again:  # the next edits are made in what the merge left
            writer = (a, b)[w]
            writer.keys = set(expected)
            writer.changes = []
            writer.change(add, rm)
            expected = (expected | set(add)) - set(rm)
            writer.store.run("sync")
            compare_patches(hub, head(writer.store), writer, expected)
            for w2 in (a, b, third):
                w2.store.run("sync")
        for w in (a, b, third):
            w.store.run("sync")
        third.store.run("remote", "add", "other", other.path)
        third.store.run("push", "other")
        other.fsck()
        compare_ends(lab, hub, [a, b, third], expected)


def both_ways(*args, **more):
    apart(*args, swap=True, **more)
    if "ASAN_OPTIONS" in os.environ:  # a sanitizer looks at what is done, not at how often
        return "in one order"
    apart(*args, swap=False, **more)
    return "in both orders"


def test_two_writers_split_apart():
    new = ids("n", 4)
    return both_ways(ids("r", 511), (new[:2], []), (new[2:], []), again=[(0, ids("m", 1), []), (1, [], new)])


def test_two_writers_add_one_each_and_only_together_are_too_many():
    new = ids("n", 2)
    return both_ways(ids("r", 511), (new[:1], []), (new[1:], []), again=[(1, [], new[:1])])


def test_two_writers_take_out_one_each_and_only_together_are_few_enough():
    start = ids("r", 514)
    return both_ways(start, ([], start[:1]), ([], start[1:2]), again=[(0, ids("n", 1), [])])


def test_one_splits_and_the_other_makes_room():
    start, new = ids("r", 511), ids("n", 3)
    return both_ways(start, (new, []), ([], start[:4]), again=[(1, ids("m", 4), [])])


def test_two_writers_split_the_second_level_apart():
    deep, beside = ids("d", 514, "a7"), [k for k in ids("r", 40) if digest(k)[:2] != "a7"]
    return both_ways(deep[:512] + beside, (deep[512:513], []), (deep[513:], beside[:1]),
                     again=[(0, [], deep[:2]), (1, [], beside[1:])])


def test_a_record_is_edited_where_another_moves_it():
    """The move is no edit: the other's edit of a record that lies elsewhere now is the only one."""
    with ctsync.Lab("fanout") as lab:
        hub = lab.hub("hub")
        start, new = ids("r", 512), ids("n", 1)
        a = Writer(lab.init("a", "DPMC"))
        a.store.run("remote", "add", "origin", hub.path)
        a.change(add=start)
        a.store.run("push")
        b = lab.clone(hub.path, "b", "NZP")
        a.change(add=new)
        b.run("set", start[0], "title=Edited apart", "status=complete")
        a.store.run("push")
        b.run("sync")
        a.store.run("pull")
        for store in (a.store, b):
            record = store.show(start[0])
            assert (record["fields"]["title"], record.get("conflicts", [])) == ("Edited apart", []), record
            assert [len(c["edits"]) for c in store.log(start[0])] == [2, 2], store.log(start[0])
            assert len(store.log(start[1])) == 1
        assert not a.store.items("conflicts")
        compare_ends(lab, hub, [a, Writer(b)], a.keys)


if __name__ == "__main__":
    ctsync.main(globals())
