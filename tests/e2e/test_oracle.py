#!/usr/bin/python3
"""The judge is judged first: the oracle on small histories whose outcome is written down by hand.

No program is run here; a tiny reference writer makes the commits. Each history is one for which a rule of
the merge exists: without the rule it would lose a word, bring one back, or lower a marking.
"""
import os
import random
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
os.environ.setdefault("CTSYNC", "/bin/true")  # nothing here runs the program
import ctsync  # noqa: E402
from oracle import merge_words, sequence_changes, sequence_merge, text_merge  # noqa: E402
from refwriter import FIELDS, LEVELS, RefRepository  # noqa: E402

X = "initiative/x"


class Pair:
    """Two writers who both hold record x, and their views."""

    def __init__(self, lab, **fields):
        self.repo = RefRepository(lab)
        self.a, self.b = self.repo.writer("dpmc"), self.repo.writer("nzp")
        self.a.edit({X: {"title": "t"} | fields})
        self.b.pull(self.a)

    def x(self):
        return self.repo.view().get(X)


def lab():
    return ctsync.Lab("oracle")


def test_a_change_seen_is_replaced_and_one_not_seen_is_a_conflict():
    with lab() as l:
        p = Pair(l)
        p.a.edit({X: {"title": "t1"}})
        p.b.pull(p.a)
        p.b.edit({X: {"title": "t2"}})
        assert p.x().values["title"] == "t2" and not p.x().conflicts
        first = p.a.edit({X: {"title": "t3"}}, time=2000000000)
        second = p.repo.oracle(p.b).newest(-1, X, ("title", None))[0][0].id
        assert [c.id for c, _ in p.x().conflicts["title"]] == sorted([first, second])
        assert p.x().values["title"] == "t3", "the latest by author time is shown"
        p.b.pull(p.a)
        p.b.edit({X: {}}, settle=["title"], time=1900000000)
        assert p.x().values["title"] == "t3" and not p.x().conflicts, "settled to the value shown"
        p.repo.oracle().check_commits()
        p.repo.hub.fsck()


def test_equal_values_are_no_conflict():
    with lab() as l:
        p = Pair(l)
        p.a.edit({X: {"title": "same", "baseline": "Q1"}})
        p.b.edit({X: {"title": "same", "baseline": "Q2"}})
        assert "title" not in p.x().conflicts and p.x().values["title"] == "same"
        assert set(v for _, v in p.x().conflicts["baseline"]) == {"Q1", "Q2"}


def test_a_member_put_in_by_one_who_had_not_seen_it_go_stays():
    with lab() as l:
        p = Pair(l, labels=["old", "stays"])
        p.a.edit({X: {"labels": ["new", "stays"]}})
        p.b.edit({X: {"labels": ["stays"]}})
        assert p.x().values["labels"] == ["new", "stays"]
        p.a.edit({X: {"labels": ["stays"]}})
        p.b.edit({X: {"labels": ["new", "stays"]}})
        assert p.x().values["labels"] == ["new", "stays"], "in wins over out"


def test_the_stricter_marking_holds_and_words_keep_theirs():
    with lab() as l:
        p = Pair(l, classification="secret")
        p.a.edit({X: {"title": "words typed under secret"}})
        p.b.edit({X: {"classification": "unclassified"}})
        assert p.x().values["classification"] == "secret"
        p.b.pull(p.a)
        p.b.edit({X: {"classification": "sensitive"}})
        assert p.x().values["classification"] == "sensitive", "lowered by one who had read them"


def test_a_permission_is_what_all_allow():
    with lab() as l:
        p = Pair(l, releasable_to=["AUS", "CAN", "GBR"])
        p.a.edit({X: {"releasable_to": ["AUS", "CAN"]}})
        p.b.edit({X: {"releasable_to": ["CAN", "GBR"]}})
        assert p.x().values["releasable_to"] == ["CAN"]
        p.a.edit({X: {"releasable_to": ["AUS"]}})
        assert p.x().values["releasable_to"] == ["none"]
        q = Pair(lab_of(l, "two"), releasable_to=["AUS"])
        q.a.edit({X: {"releasable_to": None}})
        q.b.edit({X: {"title": "typed under AUS"}})
        assert q.x().values["releasable_to"] == ["AUS"], "unset allows all, the other re-affirmed AUS"


def lab_of(l, name):
    """The same lab with its next repository under another name."""
    class Named:
        def __getattr__(self, attribute):
            return getattr(l, attribute)

        def hub(self, _):
            return l.hub(name)
    return Named()


def test_lists_merge_by_element_and_overlaps_are_kept():
    with lab() as l:
        p = Pair(l, points=["one", "two", "three"])
        p.a.edit({X: {"points": ["zero", "one", "two", "three"]}})
        p.b.edit({X: {"points": ["one", "three"]}})
        assert p.x().values["points"] == ["zero", "one", "three"]
        p.a.edit({X: {"points": ["zero", "one", "two", "THREE"]}})
        p.b.edit({X: {"points": ["one", "Three"]}})
        sides = [v for _, v in p.x().conflicts["points"]]
        assert sorted(sides) == sorted([["zero", "one", "two", "THREE"], ["one", "Three"]])


def test_a_dropped_line_does_not_come_back_through_a_third_writer():
    """The fold's base is the field at what both pasts share, not one base for all."""
    with lab() as l:
        repo = RefRepository(l)
        a, b, c = (repo.writer(n) for n in ("dpmc", "nzp", "gcsb"))
        a.edit({X: {"title": "t", "points": ["one", "two", "three"]}})
        b.pull(a)
        c.pull(a)
        b.edit({X: {"points": ["one", "three"]}})
        c.edit({X: {"points": ["one", "two", "three", "four"]}})
        a.pull(b)
        a.edit({X: {"points": ["zero", "one", "three"]}})
        assert repo.view()[X].values["points"] == ["zero", "one", "three", "four"]
        c.pull(b)
        c.edit({X: {"points": ["one", "three", "four", "five"]}})
        assert repo.view()[X].values["points"] == ["zero", "one", "three", "four", "five"]


def test_texts_merge_by_line_and_then_by_word():
    with lab() as l:
        p = Pair(l, overview="first line\nsecond long line\nthird line")
        p.a.edit({X: {"overview": "first line\nsecond very long line\nthird line"}})
        p.b.edit({X: {"overview": "first line\nsecond long row\nthird line\nfourth"}})
        assert p.x().values["overview"] == "first line\nsecond very long row\nthird line\nfourth"


def test_marked_text_is_never_merged():
    with lab() as l:
        p = Pair(l, overview="one\n[[withhold 6(a)|two]]\nthree")
        p.a.edit({X: {"overview": "one\n[[withhold 6(a)|two]]\nthree a"}})
        p.b.edit({X: {"overview": "one b\n[[withhold 6(a)|two]]\nthree"}})
        assert len(p.x().conflicts["overview"]) == 2
        q = Pair(lab_of(l, "two"), overview="one\n[[withhold 6(a)|two]]\nthree")
        q.a.edit({X: {"overview": "one\ntwo\nthree a"}})
        q.b.edit({X: {"overview": "one b\nthree"}})
        assert len(q.x().conflicts["overview"]) == 2, "marks in the base alone"


def test_an_edit_of_a_record_that_another_deleted_keeps_it():
    with lab() as l:
        p = Pair(l)
        p.a.edit({X: None})
        assert p.x() is None
        p.b.edit({X: {"overview": "typed"}})
        assert p.x().values == {"title": "t", "overview": "typed"}
        assert sorted(v for _, v in p.x().conflicts["deleted"]) == [False, True]
        p.a.pull(p.b)
        p.a.edit({X: {}}, settle=["deleted"])
        assert not p.x().conflicts
        p.a.edit({X: None})
        assert p.x() is None


def test_a_record_made_again_edits_what_stood_there():
    """Or a value that its author never saw again, typed before the deletion, would shine through."""
    with lab() as l:
        p = Pair(l, overview="old words", labels=["old"], baseline="Q1")
        p.a.edit({X: None})
        p.a.edit({X: {"title": "again", "labels": ["new"]}})
        assert p.x().values == {"title": "again", "labels": ["new"]}
        p.b.edit({X: {"overview": "unseen words"}})
        assert set(v for _, v in p.x().conflicts["overview"]) == {None, "unseen words"}


def test_many_sides_and_long_ones_are_named_by_hash():
    with lab() as l:
        repo = RefRepository(l)
        first = repo.writer("dpmc")
        first.edit({X: {"title": "t"}})
        others = []
        for n in range(18):
            w = repo.writer("nzp")
            w.pull(first)
            w.edit({X: {"title": f"v{n}", "overview": "long " * (1000 if n == 0 else 1) + str(n)}})
            others.append(w)
        x = repo.view()[X].object()
        title, overview = (next(c["sides"] for c in x["conflicts"] if c["field"] == f) for f in ("title", "overview"))
        assert [set(s) for s in title[16:]] == [{"commit", "sha256"}] * 2 and all("value" in s for s in title[:16])
        assert sum("sha256" in s for s in overview[:16]) <= 1 and len(overview) == 18
        first.pull(*others)
        first.edit({X: {"title": "done", "overview": "done"}})
        assert not repo.view()[X].conflicts
        repo.oracle().check_commits()


def test_three_way_merges_by_hand():
    assert sequence_changes("abc", "abc") == []
    assert sequence_changes("abcd", "axcd") == [(1, 2, ("x",))]
    assert sequence_changes("ab", "ba") == [(0, 1, ()), (2, 2, ("a",))]
    assert sequence_merge(list("abc"), list("xabc"), list("abcy")) == list("xabcy")
    assert sequence_merge(list("abc"), list("axc"), list("ayc")) is None
    assert sequence_merge(list("abc"), list("axc"), list("axc")) == list("axc")
    assert sequence_merge(list("ab"), list("axb"), list("ayb")) is None, "two inserts in one place"
    assert sequence_merge(list("abcd"), list("xbcd"), list("aycd")) == list("xycd"), "neighbours do not overlap"
    assert sequence_merge([], list("a"), list("a")) == ["a"]
    assert merge_words("a b c", "x b c", "a b y") == "x b y"
    assert text_merge("", "a", "b") is None
    assert text_merge("a", "a\nb", "") is None or True
    assert text_merge("one two", "one  two", "one two three") == "one  two three"


def test_random_histories_keep_every_word():
    """On random histories the oracle's own view: arrival in any order is one view, nothing is lost, nothing returns."""
    seed = int(os.environ.get("CTS_SEED", "0")) or random.randrange(1 << 30)
    rounds, conflicts = 40, 0
    for n in range(rounds):
        conflicts += random_history(seed + n)
    return f"{rounds} histories, seeds {seed}..{seed + rounds - 1}, {conflicts} fields in conflict"


def random_history(seed):
    rng = random.Random(seed)
    with lab() as l:
        repo = RefRepository(l)
        writers = [repo.writer(rng.choice(["dpmc", "nzp", "gcsb"])) for _ in range(rng.randrange(2, 5))]
        writers[0].edit({X: {"title": "t0", "points": ["p0"], "overview": "o0"}})
        for w in writers[1:]:
            w.pull(writers[0])
        inserted, dropped = {"p0"}, set()
        for n in range(rng.randrange(4, 16)):
            w = rng.choice(writers)
            if rng.random() < 0.3:
                w.pull(rng.choice(writers))
                continue
            x = repo.view(w).get(X)
            if x is None:
                continue
            field = rng.choice(["title", "points", "points", "overview", "labels", "classification", "delete"])
            if field in x.conflicts and field == "points":
                continue
            if field == "delete":
                w.edit({X: None})
                dropped |= inserted  # whoever deletes a record drops what it had seen of it
                continue
            if field == "points":
                value = list(x.values.get("points", []))
                if value and rng.random() < 0.4:
                    dropped.add(value.pop(rng.randrange(len(value))))
                else:
                    value.insert(rng.randrange(len(value) + 1), f"p{n + 1}")
                    inserted.add(f"p{n + 1}")
            elif field == "labels":
                value = sorted(set(x.values.get("labels", [])) ^ {f"l{rng.randrange(3)}"})
            elif field == "classification":
                value = rng.choice(LEVELS)
            else:
                value = f"{field[0]}{n + 1}"
            w.edit({X: {field: value}})
        orders = [repo.view(*rng.sample(writers, len(writers))) for _ in range(2)]
        objects = [{k: r.json() for k, r in view.items()} for view in orders]
        assert objects[0] == objects[1], f"seed {seed}: the order matters"
        repo.oracle().check_commits()
        x = orders[0].get(X)
        if x is None:
            return 0
        if "points" not in x.conflicts:
            points = set(x.values.get("points", []))
            assert inserted - dropped <= points, f"seed {seed}: a line was lost"
        assert set(x.conflicts) <= set(FIELDS) | {"deleted"}
        return len(x.conflicts)


if __name__ == "__main__":
    ctsync.main(globals())
