"""`report programme`: a reader of the printed table recognises it cell by cell.

On the project's own sample, on records that nobody imported, and, where it is there, on the real
document, whose cells are read here a second time by other means than the program's.
"""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from ctsync import NOT_FOUND, REFUSED, TOP, Lab, Skip, expect_error, main

SAMPLE = os.path.join(TOP, "cli", "sample", "programme.txt")
REAL = os.path.join(os.path.dirname(os.path.abspath(TOP)), "shared", "seeds", "004_2a4c450823095777.txt")
COLUMNS = ["initiative", "overview", "leads", "workstreams", "recommendations", "milestones"]


def texts(row, column):
    return [entry["text"] for entry in row[column]]


def table(store, *args):
    """Rows as {column: [text]}."""
    return [{c: texts(row, c) for c in COLUMNS} for row in store.json("report", "programme", *args)["items"]]


def squeeze(text):
    return " ".join(text.split())


def expect(actual, wanted, what):
    assert actual == wanted, f"{what}:\n  is     {actual!r}\n  should {wanted!r}"


# ---- the sample -----------------------------------------------------------------------------------


def sample(lab):
    store = lab.init("s", "HEM")
    store.run("import", SAMPLE)
    return store


def test_every_cell_of_the_sample_is_recognised():
    with Lab("report") as lab:
        rows = table(sample(lab))
        expect([r["initiative"] for r in rows],
               [["Warn people in time"], ["Shelter and care"], ["Get people out"], ["Underpinned by", "Volunteers"]],
               "initiatives")
        expect(rows[0]["overview"][1:], ["Sound every siren twice a year.",
                                         "Send warnings in the languages that people speak at home.",
                                         "Practise with schools and care homes."], "points")
        expect(rows[1]["overview"][1], "[Wider than this programme: housing after the third day is in the recovery "
                                       "plan.]", "notes")
        expect([r["leads"] for r in rows],
               [["HEM to lead."], ["RHS to lead, with shelters run through Community Shelter Group (CSG)."],
                ["CFR to lead."], ["HEM lead through Volunteer Council."]], "leads as printed")
        expect([r["workstreams"] for r in rows],
               [["Siren network (HEM)", "Warnings in six languages (RHS)", "School drills (CFR)"],
                ["Shelter register (RHS)", "Medicine stocks (HEM / RHS)", "Shelter crews (TBD)"],
                ["Evacuation routes (CFR)", "Boats and buses (CFR)", "[withheld s6(d), s9(2)(j)]"],
                ["[Per volunteer plan]"]], "workstreams")
        expect([r["recommendations"] for r in rows],
               [["Rec 2", "Rec 5 & 6", "-"], ["Rec 9", "-", "Rec 11"], ["Rec 14", "Rec 15"], ["[Various]"]],
               "recommendations")
        expect([r["milestones"] for r in rows],
               [["Q1 2026 (all sirens tested)", "Q2 2026 (first messages sent)", "Ongoing"],
                ["Q2 2026 (register open)", "TBD", "Dependent on Budget 2026 decisions."],
                ["12/13 March 2026 (first exercise)", "Q3 2026 (contracts signed)", "TBD"],
                ["HEM to report on volunteer numbers twice a year."]], "milestones")


def columns_of(text):
    """The cells of a text table, read back by where its headings stand: [[line, ...] per column] per row."""
    lines = text.splitlines()
    rules = [i for i, line in enumerate(lines) if line and set(line) == {"-"}]
    head = lines[rules[0] - 2:rules[0]]
    names = next(line for line in head if "OVERVIEW" in line)
    starts = [m.start() for m in re.finditer(r"(?:^|(?<=  ))\S(?:\S| (?=\S))*", names)]
    assert len(starts) == len(COLUMNS), (starts, head)
    rows = []
    for top, bottom in zip(rules, rules[1:]):
        cells = [[] for _ in COLUMNS]
        for line in lines[top + 1:bottom]:
            for c, start in enumerate(starts):
                end = starts[c + 1] if c + 1 < len(starts) else None
                cells[c].append(line[start:end].rstrip())
        rows.append(cells)
    return rows


def test_text_is_the_same_table_within_its_width():
    with Lab("report") as lab:
        store = sample(lab)
        out = store.run("report", "programme").out
        assert max(len(line) for line in out.splitlines()) <= 100, out
        read = columns_of(out)
        for row, cells in zip(table(store), read):
            for c, name in enumerate(COLUMNS):
                shown = squeeze(" ".join(cells[c])).replace("• ", "").replace("*", "")
                expect(shown, squeeze(" ".join(row[name])), f"{name} as text")
        # Workstream, recommendation and milestone begin on one line where the records link them.
        for r in (0, 1):
            tops = [i for i, line in enumerate(read[r][3]) if line.startswith("• ")]
            for c in (4, 5):
                expect([i for i, line in enumerate(read[r][c]) if line and not line.startswith(" ")], tops,
                       f"row {r}: lines on which entries of column {c} begin")


def on_terminal(store, width, *args):
    """What a terminal of that width shows."""
    try:
        master, slave = os.openpty()
    except OSError as e:
        raise Skip(f"no terminal to be had: {e}") from None
    env = store.lab.env | {"COLUMNS": str(width), "TERM": "dumb", "CTSYNC_PAGER": "cat"}
    process = subprocess.Popen([store.lab.program, "-C", store.path, *args], stdin=slave, stdout=slave, stderr=slave,
                               env=env)
    os.close(slave)
    shown = b""
    try:
        while piece := os.read(master, 65536):
            shown += piece
    except OSError:  # the other end is closed
        pass
    os.close(master)
    assert process.wait() == 0, shown
    return shown.decode().replace("\r\n", "\n")


def test_text_is_fitted_to_the_terminal_and_no_word_is_lost():
    with Lab("report") as lab:
        store = sample(lab)
        words = sorted(re.sub(r"\s", "", " ".join(t for row in table(store) for c in COLUMNS for t in row[c])))
        for width in (40, 60, 72, 80, 120, 200):
            out = on_terminal(store, width, "report", "programme")
            lines = out.splitlines()
            assert max(len(line) for line in lines) <= max(width, 60), (width, out)
            body = "\n".join(lines[2:]).split("\n\n* belongs")[0]
            start = next(i for i, line in enumerate(body.splitlines()) if line and set(line) == {"-"})
            rest = "".join(line for line in body.splitlines()[start:] if set(line) != {"-"})
            rest = re.sub(r"[\s•*]", "", rest)
            expect(sorted(rest), words, f"the letters at {width} columns")


def test_markdown_is_one_table_and_escapes_what_would_break_it():
    with Lab("report") as lab:
        store = sample(lab)
        store.run("set", "workstream/cerp2026-1-1", "title=Sirens | horns <b>&amp; `bells` *now* [x](http://x.example)")
        out = store.run("-o", "markdown", "report", "programme").out
        lines = out.splitlines()
        expect(lines[0], "## Coastal Emergency Readiness Programme 2026", "heading")
        rows = [line for line in lines if line.startswith("|")]
        expect(len(rows), 6, "rows with head and rule")
        for line in rows:
            expect(len(re.findall(r"(?<!\\)\|", line)), 7, f"unescaped pipes in {line!r}")
        assert r"• Sirens \| horns &lt;b>&amp;amp; \`bells\` \*now\* [x]\(http://x.example) (HEM)<br>" in out, out


# ---- records as they change -----------------------------------------------------------------------


def test_the_table_as_it_stood():
    with Lab("report") as lab:
        store = sample(lab)
        before = store.run("report", "programme").out
        change = store.log()[0]["change"]
        store.run("set", "milestone/cerp2026-1-1", "due=Q4 2026", "status=in_progress", "forecast=Q1 2027")
        store.run("rm", "workstream/cerp2026-2-1")
        store.run("add", "initiative/cerp2026-9", "title=Rebuild", "programme=programme/cerp2026", "position=1")
        rows = table(store)
        expect([r["initiative"][-1] for r in rows],
               ["Warn people in time", "Rebuild", "Shelter and care", "Get people out", "Volunteers"],
               "by position, then by id")
        first = next(r for r in rows if r["initiative"] == ["Warn people in time"])
        expect(first["milestones"][0], "Q4 2026 (all sirens tested); forecast Q1 2027; in progress", "a milestone")
        shelter = next(r for r in rows if r["initiative"] == ["Shelter and care"])
        expect(shelter["workstreams"], ["Medicine stocks (HEM / RHS)", "Shelter crews (TBD)"], "after rm")
        past = store.run("--at", change, "report", "programme").out
        expect(past.splitlines()[0], f"Coastal Emergency Readiness Programme 2026, as at {change}", "title")
        expect(past.splitlines()[1:], before.splitlines()[1:], "the past")
        expect(store.json("--at", change, "report", "programme")["items"][0]["record"], "initiative/cerp2026-1", "past")


def test_what_is_not_known_is_marked_and_never_shown_beside_a_workstream():
    with Lab("report") as lab:
        store = sample(lab)
        row = store.json("report", "programme")["items"][2]
        assert not any("workstream" in e for e in row["recommendations"]), row
        assert "Rec 14*" in store.run("report", "programme").out
        # Each answered, the row needs no list of its own.
        for n, rec in ((1, "14"), (2, "15")):
            store.run("set", f"workstream/cerp2026-3-{n}", f"recommendations+=recommendation/rec-{rec}",
                      "recommendation_state=linked", "link_confidence=confirmed")
        store.run("set", "workstream/cerp2026-3-3", "recommendation_state=none")
        row = store.json("report", "programme")["items"][2]
        expect(texts(row, "recommendations"), ["Rec 14", "Rec 15", "-"], "linked")
        expect([e["workstream"] for e in row["recommendations"]], [1, 2, 3], "bands")
        assert "*" not in store.run("report", "programme").out
        # One workstream more, of which nothing is said, takes nothing from what is known.
        store.run("add", "workstream/cerp2026-3-4", "title=Trains", "initiative=initiative/cerp2026-3", "position=4")
        row = store.json("report", "programme")["items"][2]
        expect(texts(row, "recommendations"), ["Rec 14", "Rec 15", "-", "?"], "one not said")
        expect(texts(row, "milestones")[3], "-", "a workstream without a milestone")
        assert "? nobody has said" in store.run("report", "programme").out


def test_a_conflict_is_marked_where_it_stands():
    with Lab("report") as lab:
        a = sample(lab)
        a.run("remote", "add", "origin", lab.path("hub"), "--create")
        a.run("push")
        b = lab.clone(lab.path("hub"), "b", "RHS")
        a.run("set", "milestone/cerp2026-1-1", "due=Q3 2026")
        b.run("set", "milestone/cerp2026-1-1", "due=Q4 2026")
        a.run("sync")
        b.run("sync")
        out = squeeze(b.run("report", "programme").out)
        assert "[in conflict]: agencies changed it apart" in out, out
        marked = [e["text"] for row in b.json("report", "programme")["items"] for e in row["milestones"]
                  if e.get("in_conflict")]
        assert len(marked) == 1 and re.fullmatch(r"Q[34] 2026 \(all sirens tested\)", marked[0]), marked


def test_records_that_nobody_imported():
    with Lab("report") as lab:
        store = lab.init("s", "HEM")
        expect_error(store.run("report", "programme", ok=NOT_FOUND), NOT_FOUND, "no programme", hint="ctsync import")
        store.run("add", "programme/p1", "title=One")
        expect(table(store), [], "an empty programme")
        store.run("add", "initiative/b", "title=Bare", "programme=programme/p1", "leads+=agency/hem",
                  "leads+=agency/gone", "overview=[[withhold 6(a)|the plan]] and [[propose 9(2)(g)(i)|a doubt]].")
        store.run("add", "initiative/a", "title=Unplaced", "programme=programme/p1")
        store.run("add", "initiative/z", "title=Placed", "programme=programme/p1", "position=10")
        store.run("add", "initiative/y", "title=Before", "programme=programme/p1", "position=9")
        store.run("add", "initiative/x", "title=Elsewhere", "position=1")
        store.run("add", "workstream/w", "title=W", "initiative=initiative/b", "owners+=body/none")
        store.run("add", "workstream/v", "title=V", "initiative=initiative/b", "owner_state=withheld", "position=1")
        store.run("add", "milestone/m2", "label=Only a label", "parent=workstream/w", "position=2")
        store.run("add", "milestone/m1", "due=Q1 2022", "parent=workstream/w", "position=1")
        store.run("add", "milestone/row", "due=2023", "label=of the row", "parent=initiative/b")
        rows = table(store, "p1")
        expect([r["initiative"] for r in rows], [["Before"], ["Placed"], ["Unplaced"], ["Bare"]], "order")
        bare = rows[3]
        expect(bare["leads"], ["agency/gone", "HEM"], "leads without a note; one is not here")
        expect(bare["overview"], ["[withhold s6(a): the plan] and [propose s9(2)(g)(i): a doubt]."], "marks")
        expect(bare["workstreams"], ["V (owner withheld)", "W (body/none)"], "owners")
        expect(bare["recommendations"], [], "none named")
        expect(bare["milestones"], ["-", "Q1 2022", "Only a label", "2023 (of the row)"], "milestones")
        out = store.run("report", "programme", "programme/p1").out
        assert "2023 (of the row)*" in squeeze(out), out
        store.run("add", "programme/p2", "title=Two")
        expect_error(store.run("report", "programme", ok=REFUSED), REFUSED, "several programmes", hint="p1, p2")
        expect_error(store.run("report", "programme", "p", ok=REFUSED), REFUSED, "'p' is the beginning", hint="p1, p2")
        expect_error(store.run("report", "programme", "q", ok=NOT_FOUND), NOT_FOUND, "'programme/q'")
        expect_error(store.run("-o", "csv", "report", "programme", ok=2), 2, "no format 'csv'")
        assert store.run("report", "programme", "programme/p2").out.startswith("Two\n")


def test_what_a_terminal_would_obey_is_made_visible():
    with Lab("report") as lab:
        store = sample(lab)
        wide = "人" * 30 + "\u200d" + "e\u0301" * 10
        store.run("set", "initiative/cerp2026-1", f"title={wide}", "overview=" + "x" * 300)
        out = store.run("report", "programme").out
        assert "\u200d" not in out and "\\u200" in out, out
        assert max(len(line) for line in out.splitlines()) <= 100, out


# ---- the real document ----------------------------------------------------------------------------


def items_of(cell):
    """The items of a printed cell, told apart by lists or runs of spaces."""
    listed = re.findall(r"<li>(.*?)</li>", cell)
    found = listed or re.split(r" {2,}", cell)
    return [squeeze(re.sub(r"<[^>]+>", "", item)) for item in found if item.strip()]


def tokens(text):
    """Parts of recommendations as printed: `Rec 33 & 34`, `-`, `[Various]`."""
    return re.findall(r"Rec \d+(?: & \d+)?|\[[^]]*\]|-", text)


def owners_sorted(text):
    """`(NZSIS / GCSB)` is a set."""
    return re.sub(r"\(([A-Z]+(?: / [A-Z]+)+)\)", lambda m: f"({' / '.join(sorted(m[1].split(' / ')))})", text)


def printed_rows():
    if not os.path.exists(REAL):
        raise Skip("the document is not here")
    with open(REAL, encoding="utf-8") as f:
        lines = [line.split("\t") for line in f.read().splitlines() if line.count("\t") >= 6]
    return lines[1:]


def test_the_real_table_cell_by_cell():
    printed = printed_rows()
    with Lab("report") as lab:
        store = lab.init("s", "DPMC")
        store.run("import", REAL)
        rows = table(store)
        expect(len(rows), len(printed), "rows")
        stars = 0
        for number, (cells, row) in enumerate(zip(printed, rows), 1):
            where = f"row {number}"
            # The last row is short of a cell: it has no arrow's neighbour.
            title, (overview, leads, works, recs, miles) = cells[1], cells[-5:]
            expect(row["initiative"][-1], squeeze(title), f"{where}, initiative")
            expect(row["initiative"][:-1], ["Underpinned by"] if cells[0].startswith("Under") else [], where)
            expect(squeeze(" ".join(row["overview"])), squeeze(overview), f"{where}, overview")
            expect(squeeze(" ".join(row["leads"])), squeeze(leads), f"{where}, leads")
            wanted = [owners_sorted(item) for item in items_of(works)]
            wanted = [re.sub(r"^(s6.*)$", r"[withheld \1]", item) for item in wanted]
            expect(row["workstreams"], wanted, f"{where}, workstreams")
            expect(squeeze(" ".join(row["milestones"])), squeeze(miles), f"{where}, milestones")
            if len(tokens(recs)) == len(wanted):
                expect(row["recommendations"], tokens(recs), f"{where}, recommendations")
            else:
                # As many are not told apart: no dash of a row says whose it is.
                expect(row["recommendations"], [t for t in tokens(recs) if t != "-"], f"{where}, recommendations")
                stars += 1
            if row["workstreams"] and not row["workstreams"][0].startswith("["):
                expect(len(row["milestones"]), len(row["workstreams"]), f"{where}, milestones")
        head = store.run("-o", "markdown", "report", "programme").out.splitlines()
        expect(head[0], "## Counter-Terrorism Work Programme 2021", "title")
        expect(head[2], "| INITIATIVE | OVERVIEW | LEAD(S) | KEY WORKSTREAMS | RCOI RECS | NEXT KEY MILESTONE |", "head")
        return f"{len(rows)} rows, {len(rows) * 6} cells; {stars} rows whose recommendations are of the row"


if __name__ == "__main__":
    main(globals())
