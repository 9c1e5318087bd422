#!/usr/bin/python3
"""ctsync-store(5) and ctsync-repo(5) say what the code says: messages, databases, invariants, options, limits."""
import os
import re
import sys

SOURCE = os.environ.get("CTS_SOURCE_DIR") or os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def read(*names):
    with open(os.path.join(SOURCE, *names), encoding="utf-8") as f:
        return f.read()


def page(name):
    text = read("cli", "man", name)
    for escape, plain in ((r"\-", "-"), (r"\(aq", "'"), (r"\fR", ""), (r"\fP", ""), (r"\fB", ""), (r"\en", r"\n")):
        text = text.replace(escape, plain)
    return text


def messages(proto):
    """{message: [(field, number)]} of a .proto file, nested enums left out."""
    out = {}
    for name, body in re.findall(r"^message (\w+) \{\n(.*?)^\}", proto, re.M | re.S):
        body = re.sub(r"enum \w+ \{.*?\}", "", body, flags=re.S)
        body = re.sub(r"//.*", "", body)
        out[name] = re.findall(r"(\w+) = (\d+)[;\s\[]", body)
    return out


def table(text, word):
    """The row of a table that begins with the word, its continuation lines joined."""
    row = re.search(rf"^{re.escape(word)} +(\S.*(?:\n {{8,}}\S.*)*)", text, re.M)
    return re.sub(r"\s+", " ", row[1]) if row else None


def main():
    store, repo, faults = page("ctsync-store.5"), page("ctsync-repo.5"), []

    def expect(ok, fault):
        if not ok:
            faults.append(fault)

    known = messages(read("proto", "stored.proto"))
    known |= {k: v for k, v in messages(read("proto", "record.proto")).items()
              if k in ("Record", "UnknownMember", "Conflict", "Side")}
    expect(len(known) >= 12, f"only {len(known)} messages found")
    for name, fields in known.items():
        row = table(store, name)
        expect(row is not None, f"ctsync-store(5) does not tell of message {name}")
        said = set(re.findall(r"(\w+) (\d+)", row or ""))
        expect(said == set(fields), f"ctsync-store(5), {name}: {sorted(said ^ set(fields))}")

    options = messages(read("proto", "options.proto"))
    for word, name in (("(ctsync.kind)", "KindRules"), ("(ctsync.rules)", "FieldRules")):
        said = set(re.findall(r"(\w+) (\d+)", table(repo, word) or ""))
        expect(said == set(options[name]), f"ctsync-repo(5), {word}: {sorted(said ^ set(options[name]))}")

    databases = re.findall(r'^\t\[CTS_DB_\w+\] = "(\w+)"', read("store", "env.c"), re.M)
    expect(len(databases) >= 10, "no databases found in store/env.c")
    listed = re.search(r"^database .*?^\.EE", store, re.M | re.S)
    for name in databases:
        expect(listed and re.search(rf"^{name} ", listed[0], re.M), f"ctsync-store(5) does not tell of database {name}")

    invariants = re.findall(r"^ \*\t(\d+) +(.*)$", read("store", "check.c") + read("sync", "road_check.c"), re.M)
    expect(len(invariants) >= 10, "no invariants found")
    for number, text in invariants:
        expect(re.search(rf"^{number} +{re.escape(text)}$", store, re.M), f"ctsync-store(5), invariant {number}: {text}")

    counters = re.search(r"struct cts_counters \{\n(.*?)^\};", read("store", "internal.h"), re.M | re.S)[1]
    names = re.findall(r"(\w+)[,;]", re.sub(r"/\*.*?\*/", "", counters, flags=re.S))
    said = re.search(r"^counters .*?^note:", store, re.M | re.S)[0]
    places = [re.search(rf"\b{name}\b", said.split("\n", 1)[1]) for name in names]
    expect(all(places), f"ctsync-store(5), counters: {[n for n, p in zip(names, places) if not p]}")
    expect([p.start() for p in places if p] == sorted(p.start() for p in places if p), "ctsync-store(5), counters: order")

    def constant(name, *path):
        found = re.search(rf"\b{name}\b(?: =)? +(\(?[\d* ]+)", read(*path))
        return found and eval(found[1].strip("( "))  # our own source: digits and stars

    for name, path, words in (
            ("CTS_LAYOUT_FLAT_MAX", ("sync", "tree", "layout.h"), "at most {} below it"),
            ("CTS_LAYOUT_DEPTH_MAX", ("sync", "tree", "layout.h"), "to a depth of {}"),
            ("CTS_COMMIT_PARENTS_MAX", ("sync", "commit.h"), "at most {} in all"),
            ("CTS_COMMIT_LINES_MAX", ("sync", "commit.h"), "to {} edits"),
            ("SIDES_MAX", ("proto", "merge_fold.c"), "more than {} newest edits"),
            ("LEVELS_MAX", ("proto", "merge_fold.c"), "more than {} levels"),
            ("CELLS_MAX", ("proto", "diff3.c"), "more than {:,} cells"),
            ("FOLDS_MAX", ("proto", "merge_fold.c"), "more than {:,} folds")):
        number = constant(name, *path)
        expect(number is not None and words.format(number) in re.sub(r"\s+", " ", repo), f"ctsync-repo(5): {name} is {number}")
    expect("61650" in read("proto", "options.proto") and "61650" in repo, "ctsync-repo(5): the options' number")
    print(*faults, sep="\n", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
