"""On a terminal: colour unless NO_COLOR, lines within its width, a pager that may be left early."""
import json
import os
import pty
import re
import subprocess
import sys
import tempfile

SOURCE = os.environ.get("CTS_SOURCE_DIR") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.environ.get("CTSYNC") or os.path.join(SOURCE, "build", "ctsync")


def on_terminal(*args, **env):
    """(what a terminal would show, exit status)"""
    master, slave = pty.openpty()
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "TERM": "xterm", "COLUMNS": "60"} | env
    environment |= {k: os.environ[k] for k in ("ASAN_OPTIONS", "LSAN_OPTIONS") if k in os.environ}
    process = subprocess.Popen([PROGRAM, *args], stdin=slave, stdout=slave, stderr=slave, env=environment, cwd="/")
    os.close(slave)
    shown = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    os.close(master)
    return shown.decode().replace("\r\n", "\n"), process.wait(60)


def test_colour_is_for_terminals_and_no_color_is_obeyed():
    shown, status = on_terminal("schema", "agency", PAGER="cat")
    assert status == 0 and shown.startswith("\x1b[1magency\x1b[0m\n"), shown[:200]
    for args, env in ((("schema", "agency"), {"NO_COLOR": "1"}), (("schema", "agency"), {"TERM": "dumb"}),
                      (("schema", "agency", "--color", "never"), {}), (("schema", "-o", "json"), {}),
                      (("schema", "--help", "--color=never"), {})):
        shown, status = on_terminal(*args, PAGER="cat", **env)
        assert status == 0 and "\x1b" not in shown, (args, shown[:200])


def test_text_keeps_within_the_width():
    shown, _ = on_terminal("schema", PAGER="cat", NO_COLOR="1")
    lines = shown.splitlines()
    assert len(lines) > 100 and max(map(len, lines)) <= 60, max(lines, key=len)


def test_a_pager_is_used_and_may_be_left():
    shown, status = on_terminal("schema", "body", PAGER="sed s/^/P:/", NO_COLOR="1")
    assert status == 0 and all(line.startswith("P:") for line in shown.splitlines()), shown[:200]
    shown, status = on_terminal("schema", PAGER="head -1", NO_COLOR="1")
    assert (shown, status) == ("programme\n", 0), (shown[:200], status)


def test_a_pager_that_is_not_there_is_cat():
    shown, status = on_terminal("schema", "body", PAGER="no-such-pager", NO_COLOR="1")
    assert status == 0 and "\nbody\n" in "\n" + shown, shown[:200]


def test_programs_get_no_pager_and_errors_none():
    shown, status = on_terminal("schema", "body", "-o", "json", PAGER="sed s/^/P:/")
    assert status == 0 and shown.startswith("{"), shown[:100]
    shown, status = on_terminal("schema", "bdoy", PAGER="cat")
    assert status == 21 and shown.startswith("ctsync: "), shown


def test_a_long_import_shows_a_bar():
    """Count, rate and time left on a terminal, wiped at the end; nothing elsewhere, and nothing when quiet."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "many.ndjson")
        words = "agency report quarter board delivery " * 40
        for count in (20_000, 60_000, 240_000, 960_000):  # until it takes long enough for a bar to be shown twice
            store = os.path.join(folder, f"s{count}")
            on_terminal("init", store, "--agency", "DPMC", "--author", "A B <a@b.example>")
            with open(path, "w", encoding="utf-8") as f:
                for n in range(count):
                    f.write(json.dumps({"kind": "initiative", "id": f"i{n}", "fields": {"title": f"Number {n}", "overview": words}}) + "\n")
            shown, status = on_terminal("-C", store, "import", path)
            assert status == 0, shown[-500:]
            bars = re.findall(r"\rimporting \[([#.]{24})\] +(\d+)%  (\d+)  (\d+)/s  (?:\d+[hms])+", shown)
            if len(bars) >= 2:
                break
        assert len(bars) >= 2, shown[:500]
        counts = [int(bar[2]) for bar in bars]
        assert counts == sorted(counts) and 0 < counts[0] < counts[-1] <= count, counts
        assert f"{count} created" in shown.rsplit("\x1b[K", 1)[1], shown[-300:]
        shown, status = on_terminal("-C", store, "--quiet", "import", path)
        assert status == 0 and "importing" not in shown and f"{count} unchanged" in shown, shown[-300:]
        plain = subprocess.run([PROGRAM, "-C", store, "import", path], capture_output=True, text=True, check=True,
                               env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"})
        assert "importing" not in plain.stdout + plain.stderr


if __name__ == "__main__":
    for name, test in sorted(globals().copy().items()):
        if name.startswith("test_"):
            test()
            print("ok", name, file=sys.stderr)
