#!/usr/bin/python3
"""A batch does what its lines do one at a time, all of them or none, whatever the size of the map.

Random lines of add, set, rm and add --again are run as commands in one store and, those that were
taken, as one batch in another; the records must then be the same, byte for byte. The seed is printed; CTS_SEED
sets it.
"""
import os
import random
import shlex
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import ctsync  # noqa: E402
from ctsync import NOT_FOUND, OK, REFUSED, VALUE, Failure, expect_error  # noqa: E402

ROUNDS = int(os.environ.get("CTS_ROUNDS") or 12)
LINES = 25
KEYS = ["initiative/i1", "initiative/i2", "milestone/m1", "milestone/m2", "agency/nzp"]
WORDS = ["plain", "two words", "it's", 'a "quote"', "back\\slash", "$HOME", "# no comment", "*", "line\nbreak", "āē", "a;b|c&d"]


def random_line(rng):
    key = rng.choice(KEYS)
    kind = key.split("/")[0]
    need = {"initiative": "title=t", "milestone": "parent=initiative/i1", "agency": "code=NZP"}[kind]
    free = {"initiative": ["title", "notes", "overview"], "milestone": ["label"], "agency": ["name"]}[kind]
    values = [f"{rng.choice(free)}={rng.choice(WORDS)}"]
    values += rng.choices(["labels+=a", "labels=b", "labels-=a", "labels=", "classification=secret", "source=x"], k=rng.randrange(3))
    if kind == "milestone":
        values += rng.choices(["due=Q3 2021", "due=", "baseline=Q1 2021", "baseline=Q2 2021", "due=31 June 2021"], k=1)
    values = list({v.split("=")[0].rstrip("+-"): v for v in values}.values())
    do = rng.random()
    if do < 0.2:
        return ["rm", key]
    if do < 0.55:
        return ["add", key, need, *[v for v in values if not v.startswith(need.split("=")[0] + "=")], *rng.choices(["--again"], k=rng.randrange(2))]
    return ["set", key, *values]


def test_a_batch_does_what_its_lines_do_one_at_a_time():
    first = int(os.environ.get("CTS_SEED") or random.SystemRandom().randrange(1 << 30))
    print(f"seeds {first}..{first + ROUNDS - 1} (CTS_SEED={first} CTS_ROUNDS={ROUNDS})", flush=True)
    taken = refused = 0
    for seed in range(first, first + ROUNDS):
        rng = random.Random(seed)
        with ctsync.Lab("batch") as lab:
            one, many = lab.init("one", "DPMC"), lab.init("many", "DPMC")
            for _ in range(3):
                lines, touched = [], set()
                for _ in range(LINES):
                    words = random_line(rng)
                    # What a batch sets and then deletes is not in the history, to be brought back later.
                    if words[0] == "rm" and words[1] in touched:
                        continue
                    # To delete and create again in one change is to edit, which a baseline does not allow.
                    if words[1] in touched and any(w.startswith("baseline=") for w in words):
                        continue
                    touched.add(words[1])
                    result = one.run(*words, ok=(OK, REFUSED, VALUE, NOT_FOUND))
                    if result.status == OK:
                        lines.append(shlex.join(words))
                        taken += 1
                    else:
                        refused += 1
                many.run("batch", "-", stdin="\n".join(lines) + "\n")
                a, b = one.check(), many.check()
                if a != b:
                    raise Failure(f"seed {seed}: {one.records()} is not {many.records()} after\n" + "\n".join(lines))
    assert taken > ROUNDS * LINES // 2 and refused, (taken, refused)
    return f"{taken} lines taken, {refused} refused"


def test_a_batch_with_one_mistake_changes_nothing():
    with ctsync.Lab("batch") as lab:
        store = lab.init("a", "DPMC")
        store.run("add", "initiative/i1", "title=t")
        before, log = store.check(), store.log()
        good = [f"add milestone/m{n} parent=initiative/i1 label='number {n}'" for n in range(50)] + ["set initiative/i1 title=new", "rm initiative/i1"]
        for bad, status in (("set milestone/none due=TBD", NOT_FOUND), ("add milestone/bad", VALUE),
                            ("add agency/twice code=DPMC", VALUE), ("add milestone/m3 parent=initiative/i1", REFUSED),
                            ("set milestone/m3 label", ctsync.USAGE), ("rm milestone/m*", NOT_FOUND)):
            at = 17
            lines = good[:at] + [bad] + good[at:]
            result = store.run("batch", "-", stdin="\n".join(lines), ok=None)
            expect_error(result, status, f"stdin:{at + 1}: ")
            assert store.check() == before and store.log() == log, f"{bad}: something was changed"


def test_a_batch_is_run_again_when_the_map_is_full():
    with ctsync.Lab("batch") as lab:
        small, large = lab.init("small", "DPMC"), lab.init("large", "DPMC")
        lines = "".join(f"add milestone/m{n} parent=initiative/i{n % 7} label='{'word ' * 20}{n}' due='Q3 2021'\n" for n in range(4000))
        first = small.run("batch", "-", "-m", "all", stdin=lines, env={"CTSYNC_MAP_BYTES": str(1 << 20)})
        second = large.run("batch", "-", "-m", "all", stdin=lines)
        assert first.out.split()[1:] == second.out.split()[1:] and len(first.out.split()) == 4001
        assert small.check() == large.check()
        assert len(small.log()) == len(large.log()) == 2, "the batch is one change, though it was run again"


if __name__ == "__main__":
    ctsync.main(globals())
