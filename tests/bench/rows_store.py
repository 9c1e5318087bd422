"""The store alone: import, one durable set in process, a thousand in processes, reads by id."""
import json
import os
import sqlite3
import statistics

from fixtures import once, store_of
from lab import peak, seconds
from rows import Measure, row

PROCESSES, BLOCK = 1000, 50


@once
def imports(fixture):
    """Seconds of imports, and of loaders of the records alone and of all that an import leaves; peaks in KiB."""
    bench = fixture.bench
    took = {"import": [], "records": [], "all": []}
    for _ in range(fixture.heavy):
        store = bench.new("import", durable=True)
        fixture.init(store, "AAA")
        commands = {"import": [bench.program, "-C", store, "import", fixture.records]}
        for name, dump in (("records", fixture.dump), ("all", fixture.whole_dump)):
            folder = bench.new("load", durable=True)
            os.mkdir(folder)
            commands[name] = [bench.tool("load"), dump, folder]
        for name, command_ in commands.items():
            bench.settle()
            took[name].append(bench.time(*command_))
            bench.remove(command_[2])
    return took


@row("import", "import all records from NDJSON, durable, with indexes and history",
     "raw LMDB loader of the same keys and values", within={"1m": 4}, limit_mb={"1m": 1000})
def row_import(fixture):
    took = imports(fixture)
    return Measure(seconds(took["import"]), seconds(took["all"]), peak_kib=peak(took["import"]),
                   reference_peak_kib=peak(took["all"]),
                   note="all that the import leaves but the journal's file; the records' keys and values alone: "
                        f"{statistics.median(seconds(took['records'])):.2f} s")


@row("set", "one durable set in process", "raw LMDB put, and one appended and synced file", within=1.3)
def row_set(fixture):
    bench = fixture.bench
    store, raw = bench.new("set", durable=True), bench.new("raw", durable=True)
    bench.copy(os.path.join(fixture.net, "a"), store)
    bench.copy(fixture.raw, raw)
    told = bench.told("set", store_of(store), raw, fixture.milestones, 300)
    bench.remove(store, raw)
    return Measure([told["subject_ns"] / 1e9], [told["reference_ns"] / 1e9],
                   note=f"medians of 300; both append {told['appended']} bytes; LMDB with the store's own flags")


@row("read", "read 10,000 records by id in process", "raw mdb_get plus protobuf-c unpack", within=1.5)
def row_read(fixture):
    bench = fixture.bench
    told = bench.told("read", store_of(os.path.join(fixture.net, "a")), fixture.raw, fixture.milestones, 10_000, 15)
    return Measure([told["subject_ns"] / 1e9], [told["reference_ns"] / 1e9],
                   note="medians of 15; the reference unpacks the stored record and the two messages in it")


# ---- a thousand processes ----

TABLE = """
create table record (id text primary key, parent text, position integer, label text, due text, baseline text,
	forecast text, status text);
create index record_parent on record (parent);
create index record_due on record (due);
create index record_status on record (status);
create table change (number integer primary key, id text, at text, author text, old_due text, new_due text);
create trigger log_change after update on record begin
	insert into change (id, at, author, old_due, new_due)
	values (new.id, datetime('now'), 'Ana Reid <ana@aaa.example>', old.due, new.due);
end;
"""


def fill(path, records, mode):
    base = sqlite3.connect(path)
    base.execute(f"pragma journal_mode = {mode}")
    base.executescript(TABLE)

    def each():
        with open(records, encoding="utf-8") as f:
            for line in f:
                record = json.loads(line)
                if record["kind"] == "milestone":
                    yield record["fields"] | {"id": record["id"]}

    base.executemany("insert into record values (:id, :parent, :position, :label, :due, :baseline, :forecast, :status)",
                     each())
    base.commit()
    base.close()


@row("set-processes", "1,000 set processes, one durable change each", "1,000 sqlite3 processes, change-log trigger", within=1.0)
def row_set_processes(fixture):
    bench = fixture.bench
    store = bench.copy(os.path.join(fixture.net, "a"), bench.new("sets", durable=True))
    modes = {mode: bench.new(mode + ".sqlite", durable=True) for mode in ("delete", "wal")}
    for mode, path in modes.items():
        fill(path, fixture.records, mode)
    bench.settle()
    fixture.edit(store, 0, 1, "due")  # the copy takes its new writer
    took = {name: [] for name in ("ctsync", *modes)}
    for block in range(PROCESSES // BLOCK):
        numbers = range(block * BLOCK, (block + 1) * BLOCK)
        turn = list(took) if block % 2 else list(took)[::-1]
        for name in turn:
            took[name] += bench.time_all([command(bench, fixture, store, modes, name, i) for i in numbers])
    totals = {name: sum(seconds(timings)) for name, timings in took.items()}
    best = min(modes, key=totals.get)
    bench.remove(store)
    for path in modes.values():
        os.unlink(path)
    return Measure([totals["ctsync"]], [totals[best]],
                   note=f"in blocks of {BLOCK}, in turn; sqlite3 in the faster of its journal modes, {best} "
                        f"({', '.join(f'{m}: {totals[m]:.2f} s' for m in modes)}), synchronous = full")


def command(bench, fixture, store, modes, name, i):
    number, due = i * 1000003 % fixture.milestones, f"Q{i % 4 + 1} {2070 + i % 29}"
    if name == "ctsync":
        return [bench.program, "-C", store, "set", f"milestone/m{number:07}", f"due={due}"]
    return ["sqlite3", "-batch", "-init", "/dev/null", modes[name],
            f"update record set due = '{due}' where id = 'm{number:07}'"]
