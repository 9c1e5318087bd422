#!/usr/bin/python3
"""Measures every row of the table, at the sizes asked for; run by run.sh, which builds what is measured.

One file per group of rows: rows_store.py, rows_seal.py, rows_road.py, rows_read.py. How a row is declared is in
rows.py, what they stand on in lab.py, fixtures.py and sessions.py.
"""
import argparse
import json
import os
import pathlib
import shutil
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import fixtures  # noqa: E402
import lab  # noqa: E402
import machine  # noqa: E402
import rows  # noqa: E402
import rows_seal  # noqa: E402, F401 (each declares its rows)
import rows_store  # noqa: E402, F401
import rows_read  # noqa: E402, F401
import rows_road  # noqa: E402, F401

METHOD = ("ctsync and its reference alternate; medians; warm page cache; copies synced before a clock starts; commands "
          "are timed as whole processes, from fork to exit, where nothing else is said")


def options():
    parser = argparse.ArgumentParser(prog="run.sh", description="Measures ctsync against references of the same run.")
    parser.add_argument("--records", default="10k,100k", metavar="SIZE,...", help="of 10k, 100k, 1m (default: 10k,100k)")
    parser.add_argument("--all", action="store_true", help="all three sizes")
    parser.add_argument("--rows", default="", metavar="NAME,...", help="rows of these names, or whose names begin so (default: all)")
    parser.add_argument("--list", action="store_true", help="name the rows and end")
    parser.add_argument("-o", "--output", metavar="FILE", help="the JSON (default: build/bench/table.json)")
    parser.add_argument("--dir", metavar="DIR", help="where to work (default: build/bench/lab); what must be durable "
                        "is measured below build/bench if that is memory")
    parser.add_argument("--keep", action="store_true", help="leave what was built")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    parser.add_argument("--markdown-of", metavar="FILE,...", help="measure nothing: print the tables of JSON files as one, in Markdown")
    parser.add_argument("--build", default=os.path.join(HERE, "..", "..", "build", "bench"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    given.sizes = ["10k", "100k", "1m"] if given.all else given.records.split(",")
    for size in given.sizes:
        if size not in rows.SIZES:
            parser.error(f"'{size}' is no size; there are {', '.join(rows.SIZES)}")
    prefixes = [p for p in given.rows.split(",") if p]
    names = {r.name for r in rows.ROWS}
    given.chosen = [r for r in rows.ROWS if not prefixes or
                    any(r.name == p or r.name.startswith(p) and p not in names for p in prefixes)]
    if not given.chosen:
        parser.error(f"no row begins with {given.rows}; there are {', '.join(r.name for r in rows.ROWS)}")
    given.build = os.path.abspath(given.build)
    given.output = given.output or os.path.join(given.build, "table.json")
    given.dir = os.path.abspath(given.dir or os.path.join(given.build, "lab"))
    return given


def measure(row, fixture):
    """One row; whatever goes wrong, the next is measured."""
    begun = time.monotonic()
    try:
        result = rows.judge(row, fixture.size, row.measure(fixture))
    except Exception as e:  # pylint: disable=broad-except
        traceback.print_exc(file=fixture.bench.log)
        result = rows.failure(row, fixture.size, f"{type(e).__name__}: {e}")
    result["took_s"] = round(time.monotonic() - begun, 1)
    print("  ".join(rows.cells(result)), f"  [{result['took_s']} s]", file=sys.stderr, flush=True)
    return result


def main():
    given = options()
    if given.list:
        for row in given.chosen:
            print(f"{row.name:20} {row.title}, against {row.reference}")
        return 0
    if given.markdown_of:
        tables = [json.loads(pathlib.Path(name).read_text(encoding="utf-8")) for name in given.markdown_of.split(",")]
        tables[0]["rows"] = [row for table in tables for row in table["rows"]]
        print(report(tables[0], rows.markdown_table))
        return 0
    bench = lab.Bench(given.build, given.dir, given.keep)
    results = []
    try:
        table = {"schema_version": 1, "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                 "machine": machine.describe(bench), "method": METHOD, "seed": fixtures.SEED, "rows": results}
        print(f"{machine.text(table['machine'])}\nseed {fixtures.SEED}", file=sys.stderr)
        for size in given.sizes:
            made = {}

            def pool(name):
                if name not in made:
                    made[name] = fixtures.Fixture(bench, name, pool)
                return made[name]

            for row in given.chosen:
                results.append(measure(row, pool(size)))
                with open(given.output, "w", encoding="utf-8") as f:
                    json.dump(table, f, indent=1, ensure_ascii=False)
                    f.write("\n")
            for name in made:
                shutil.rmtree(made[name].dir, ignore_errors=True)
    finally:
        bench.close()
    print(report(table, rows.markdown_table if given.markdown else rows.text_table))
    print(f"\nwritten to {given.output}", file=sys.stderr)
    return 1 if any("error" in r for r in results) else 0


def report(table, form):
    bullet = "* " if form is rows.markdown_table else ""
    notes = {}
    for r in table["rows"]:
        if r.get("note"):
            notes.setdefault((r["title"], r["reference"]), {}).setdefault(r["note"], []).append(f"{r['records']:,}")
    lines = []
    for (title, reference), by_note in notes.items():
        many = len(by_note) > 1
        told = "; ".join(f"at {', '.join(sizes)}: {note}" if many else note for note, sizes in by_note.items())
        lines.append(f"{bullet}{title}, against {reference}: {told}")
    return "\n".join([
        machine.text(table["machine"]), "", form(table["rows"]), "",
        f"Measured {table['time'][:10]}; {table['method']}. Goals in brackets were set for another size.", "", *lines])


if __name__ == "__main__":
    sys.exit(main())
