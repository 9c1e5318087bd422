#!/usr/bin/python3
"""A million records, the whole way: import, first push, clone, one change there and back, reading, checking,
rebuilding, compacting. Prints a table with time and memory of each step, and fails only on what is wrong and on
memory: a step that holds the whole programme in memory would pass every small test.

    cmake --build build --target soak          # CTS_RECORDS=1000000 unless it says otherwise
    CTS_RECORDS=50000 CTSYNC=build/ctsync python3 tests/soak/million.py

A million needs 8 GiB where the lab stands (TMPDIR, else memory where that has room). `own` is memory of the
process itself; `all` counts pages of mapped files too, which the system takes back when it needs them. LMDB's
dirty pages are own memory: half a gigabyte at most.
"""
import json
import os
import random
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import ctsync  # noqa: E402

COUNT = int(os.environ.get("CTS_RECORDS", "1000000"))
OWN_MAX_MB = 1000   # of any step
SEAL_MAX_MB = 300   # of the first push: seal and send
BRANCHES = ("agency", "board", "cabinet", "delivery", "engagement", "forum", "governance", "health", "joint", "kaupapa")
STATES = ("not_started", "in_progress", "ongoing", "blocked", "complete")


def records():
    """About 470 bytes each, as a milestone is; in the order of nothing in particular."""
    dice = random.Random(20210615)
    yield {"kind": "body", "id": "ctcc", "fields": {"code": "CTCC"}}
    initiatives = max(1, COUNT // 1000)
    for n in range(initiatives):
        yield {"kind": "initiative", "id": f"i{n}", "fields": {"title": f"Initiative {n}"}}
    for n in range(COUNT - initiatives - 2):
        yield {
            "kind": "milestone", "id": f"m{n * 7919 % COUNT:07}-{n}", "labels": [dice.choice(BRANCHES), dice.choice(BRANCHES) + "-x"],
            "source": f"programme.txt:{n}:1",
            "fields": {
                "parent": f"initiative/i{n % initiatives}", "position": n % 20 + 1, "status": dice.choice(STATES), "reports_to": "body/ctcc",
                "label": " ".join(dice.choices(BRANCHES, k=24)), "due": f"Q{n % 4 + 1} 20{20 + n % 10}",
            },
        }


def processes(pid):
    yield pid
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as f:
                for child in f.read().split():
                    yield from processes(int(child))
    except OSError:
        pass


def memory(pid):
    """(own, all) in KiB: now, and the most so far."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as f:
            lines = dict(line.split(":", 1) for line in f)
        return int(lines["RssAnon"].split()[0]), int(lines["VmHWM"].split()[0])
    except (OSError, KeyError):
        return 0, 0


class Table:
    def __init__(self, lab):
        self.lab, self.rows = lab, []
        print(f"{COUNT:,} records\n{'step':34} {'seconds':>8} {'own MB':>7} {'all MB':>7}", flush=True)

    def run(self, step, store, *args, own_max_mb=OWN_MAX_MB, all_max_mb=None):
        """The answer of a command, from a file: a pipe would be filled by whoever prints a million lines."""
        argv = [self.lab.program, *(["-C", store.path] if store else []), *map(str, args)]
        out = self.lab.path("out")
        began, own, everything = time.monotonic(), 0, 0
        with open(out, "wb") as f:
            process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=f, stderr=subprocess.PIPE, env=self.lab.env, cwd=self.lab.dir)
            while process.poll() is None:
                for pid in processes(process.pid):
                    now, most = memory(pid)
                    own, everything = max(own, now), max(everything, most)
                time.sleep(0.01)
        took = time.monotonic() - began
        print(f"{step:34} {took:8.2f} {own / 1024:7.0f} {everything / 1024:7.0f}", flush=True)
        said = process.stderr.read().decode()
        if process.returncode != 0:
            raise ctsync.Failure(f"{step}: exit {process.returncode}: {said[-2000:]}")
        if own > own_max_mb * 1024:
            raise ctsync.Failure(f"{step}: {own / 1024:.0f} MB of its own, more than {own_max_mb}")
        if all_max_mb and everything > all_max_mb * 1024:
            raise ctsync.Failure(f"{step}: {everything / 1024:.0f} MB, more than {all_max_mb}")
        return out

    def json(self, *args, **more):
        with open(self.run(*args, **more), encoding="utf-8") as f:
            return json.load(f)


def digest(table, step, store):
    answer = table.json(step, store, "-o", "json", "check")
    assert not answer["violations"] and answer["records"] == COUNT, str(answer)[:500]
    return answer["digest"]


def size(*paths):
    total = 0
    for path in paths:
        for folder, _, files in os.walk(path):
            total += sum(os.path.getsize(os.path.join(folder, name)) for name in files)
    return f"{total / 1e6:.0f} MB"


def main():
    with ctsync.Lab("soak") as lab:
        table, hub = Table(lab), lab.hub("hub")
        a = lab.init("a", "DPMC")
        a.run("remote", "add", "origin", hub)
        path = lab.path("records.ndjson")
        with open(path, "w", encoding="utf-8") as f:
            f.writelines(json.dumps(r, separators=(",", ":")) + "\n" for r in records())
        some = f"milestone/m{7919 % COUNT:07}-1"
        answer = table.json("import, one change", a, "-o", "json", "import", path, all_max_mb=1000)
        assert answer["created"] == COUNT - 1, answer
        os.unlink(path)
        table.run("first push: seal, send", a, "push", own_max_mb=SEAL_MAX_MB)
        assert a.json("push")["branches"] == []
        table.run("clone", None, "clone", hub, lab.path("b"), "--agency", "NZP", "--author", "Bo Reed <bo@nzp.example>")
        b = ctsync.Store(lab, lab.path("b"), "NZP")
        table.run("set", b, "set", some, "label=Edited by one", own_max_mb=100)
        pushed = table.json("push of one", b, "-o", "json", "push", own_max_mb=100)
        assert pushed["commits"] == 2, pushed
        pulled = table.json("pull of one", a, "-o", "json", "pull", own_max_mb=100)
        assert pulled["records_changed"] == 1, pulled
        table.run("pull of nothing", a, "pull", own_max_mb=100)
        record = table.json("show", a, "-o", "json", "show", some, own_max_mb=100)
        assert record["fields"]["label"] == "Edited by one", record
        log = table.json("log of a record", a, "-o", "json", "log", some, own_max_mb=100)["items"]
        assert [c["agency"] for c in log] == ["nzp", "dpmc"], log
        newest = table.json("log -n 1", a, "-o", "json", "log", "-n", "1", own_max_mb=100)["items"]
        assert len(newest) == 1 and newest[0]["agency"] == "nzp"
        listed = table.json("list of ten by an index", a, "-o", "json", "list", "milestone", "--where", "parent = 'initiative/i0'",
                            "--limit", "10", own_max_mb=100)["items"]
        assert len(listed) == min(10, (COUNT - 2 - max(1, COUNT // 1000) + max(1, COUNT // 1000) - 1) // max(1, COUNT // 1000)), len(listed)
        table.run("status", a, "status", own_max_mb=100)
        same = digest(table, "check", a)
        assert digest(table, "check of the clone", b) == same
        table.run("rebuild", b, "rebuild")
        assert digest(table, "check after it", b) == same
        before = size(a.inner)
        table.run("compact", a, "compact")
        assert digest(table, "check after it", a) == same
        # A second change of all of them, by a file that says one field anew.
        with open(path, "w", encoding="utf-8") as f:
            for r in records():
                if r["kind"] == "milestone":
                    f.write(json.dumps({"kind": r["kind"], "id": r["id"], "fields": {"status": "complete"}}) + "\n")
        table.run("import, all of them changed", a, "import", path)
        table.run("push of that", a, "push", own_max_mb=2 * SEAL_MAX_MB)
        table.run("pull of that", b, "pull")
        assert digest(table, "check", a) == digest(table, "check of the other", b)
        began = time.monotonic()
        hub.fsck()
        print(f"{'git fsck --strict of the hub':34} {time.monotonic() - began:8.2f}")
        print(f"store before compact {before}, at the end {size(a.inner)}; hub {size(hub.path)}")


if __name__ == "__main__":
    main()
