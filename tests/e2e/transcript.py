"""Runs a transcript: commands as typed, and what they must print.

A transcript is a text file:

    # A comment, kept where it stands.
    $ ctsync init . --agency DPMC
    > --author 'Ana <ana@dpmc.example>'
    W1.1 agency/dpmc
    $ ctsync show milestone/none
    ctsync: no such record 'milestone/none'
    [exit 40]

`$ ` begins a command for sh, `> ` continues it (a here-document, say); what follows is stdout and stderr
together as they arrive. stdin is /dev/null. `[exit N]` stands where the status is not 0, `[no newline]`
where the output does not end with one. A line `...` stands for any lines, none included. All commands
of one file run in one shell, in a directory of their own, so `cd` and variables last.

HOME is empty, git's configuration is that HOME's alone, TZ is Pacific/Auckland, TERM and NO_COLOR are
unset, the program is `ctsync` in PATH, and SRC names the source tree. `# requires: PATH` skips a
transcript where that file is missing.

What differs from run to run is masked in the output before it is compared, in this order:

    the directory of the run                          DIR
    64 hex digits                                     SHA256
    40 hex digits: commits, hashes of records         H1, H2, ... by first appearance
    `commit` and 10 hex digits                        commit H
    16 hex digits: writers                            W1, W2, ... by first appearance
    2021-06-15T09:30:00Z, 2021-06-15 21:30:00 +1200   TIME
    kind/agency.slug-x7k2q: ids made by the program   kind/agency.slug-XXXXX

`transcript.py FILE...` compares, with --update it writes what was printed into the files instead: read
the difference before committing it.
"""
import difflib
import os
import re
import shutil
import subprocess
import sys
import tempfile

TIMEOUT_S = 120


class Step:
    """A command, the lines that stand before it, and what is expected of it."""

    def __init__(self):
        self.before, self.command, self.expected = [], [], []


def read(path):
    """(steps, lines after the last one that belong to none)"""
    steps, step = [], Step()
    for line in open(path, encoding="utf-8").read().splitlines():
        if line.startswith("$ "):
            if step.command:
                # Comments and empty lines just before a command are its own.
                keep = len(step.expected)
                while keep and (not step.expected[keep - 1] or step.expected[keep - 1].startswith("# ")):
                    keep -= 1
                before = step.expected[keep:]
                step.expected = step.expected[:keep]
                steps.append(step)
                step = Step()
                step.before = before
            step.command = [line[2:]]
        elif line.startswith("> ") and step.command and not step.expected:
            step.command.append(line[2:])
        elif step.command:
            step.expected.append(line)
        else:
            step.before.append(line)
    if step.command:
        steps.append(step)
    return steps


class Masks:
    def __init__(self, directory):
        self.directory, self.hashes, self.writers = directory, {}, {}

    def name(self, table, prefix, text):
        return table.setdefault(text, f"{prefix}{len(table) + 1}")

    def __call__(self, text):
        text = text.replace(self.directory, "DIR")
        text = re.sub(r"\b[0-9a-f]{64}\b", "SHA256", text)
        text = re.sub(r"\b[0-9a-f]{40}\b", lambda m: self.name(self.hashes, "H", m[0]), text)
        text = re.sub(r"\bcommit [0-9a-f]{10}\b", "commit H", text)
        text = re.sub(r"\b[0-9a-f]{16}\b", lambda m: self.name(self.writers, "W", m[0]), text)
        text = re.sub(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME", text)
        text = re.sub(r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}", "TIME", text)
        return re.sub(r"\b([a-z_]+/[a-z0-9]+\.[a-z0-9-]+)-[0-9a-hjkmnp-tv-z]{5}\b", r"\1-XXXXX", text)


class Shell:
    """One sh that runs command after command and tells each one's output and status."""

    END = "-- end of step --"

    def __init__(self, directory, program, source):
        home, bin_dir = os.path.join(directory, ".home"), os.path.join(directory, ".bin")
        os.mkdir(home)
        os.mkdir(bin_dir)
        os.symlink(program, os.path.join(bin_dir, "ctsync"))
        keep = ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS")
        env = {k: os.environ[k] for k in keep if k in os.environ}
        env |= {"HOME": home, "XDG_CONFIG_HOME": home, "PATH": f"{bin_dir}:{os.environ['PATH']}",
                "TZ": "Pacific/Auckland", "LC_ALL": "C.UTF-8", "GIT_CONFIG_NOSYSTEM": "1", "SRC": source,
                "GIT_TERMINAL_PROMPT": "0"}
        work = os.path.join(directory, "work")
        os.mkdir(work)
        self.process = subprocess.Popen(["/bin/sh"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, env=env, cwd=work)

    def run(self, command):
        script = f"{{\n{command}\n}} </dev/null 2>&1\nprintf '\\n{self.END} %d\\n' $?\n"
        self.process.stdin.write(script.encode())
        self.process.stdin.flush()
        lines = []
        while True:
            line = self.process.stdout.readline()
            if not line:
                raise SystemExit(f"the shell ended at: {command}")
            line = line.decode("utf-8", "backslashreplace")
            if line.startswith(self.END):
                break
            lines.append(line)
        out, status = "".join(lines), int(line.split()[-1])
        return out[:-1], status  # the newline before the mark is ours

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(TIMEOUT_S)


def matches(expected, actual):
    """Lines equal, `...` standing for any lines."""
    if not expected:
        return not actual
    if expected[0] == "...":
        return any(matches(expected[1:], actual[i:]) for i in range(len(actual) + 1))
    return bool(actual) and expected[0] == actual[0] and matches(expected[1:], actual[1:])


def run(path, program, source, update=False):
    """The differences as text, "" for none; None: skipped."""
    required = re.findall(r"^# requires: (.+)$", open(path, encoding="utf-8").read(), re.M)
    if any(not os.path.exists(os.path.join(source, name)) for name in required):
        return None
    # A path without what the masks look for.
    directory = os.path.realpath(tempfile.mkdtemp(prefix="ctsync-transcript-"))
    steps, masks, report, written = read(path), Masks(os.path.join(directory, "work")), [], []
    shell = Shell(directory, program, source)
    try:
        for step in steps:
            out, status = shell.run("\n".join(step.command))
            out = masks(out)
            actual = out.splitlines()
            if out and not out.endswith("\n"):
                actual.append("[no newline]")
            if status:
                actual.append(f"[exit {status}]")
            same = matches(step.expected, actual)
            if not same:
                report.append(f"$ {step.command[0]}\n" + "\n".join(
                    difflib.unified_diff(step.expected, actual, "expected", "printed", lineterm="", n=2)))
            written += step.before + ["$ " + step.command[0]] + ["> " + line for line in step.command[1:]]
            written += step.expected if same else actual
    finally:
        shell.close()
        shutil.rmtree(directory, ignore_errors=True)
    if update and report:
        with open(path, "w", encoding="utf-8") as f:
            f.write("\n".join(written) + "\n")
        return ""
    return "\n\n".join(report)


def main(paths, update):
    here = os.path.dirname(os.path.abspath(__file__))
    source = os.environ.get("CTS_SOURCE_DIR") or os.path.dirname(os.path.dirname(here))
    program = os.path.abspath(os.environ.get("CTSYNC") or os.path.join(source, "build", "ctsync"))
    if not os.access(program, os.X_OK):
        sys.exit(f"{program}: no such program; build it, or name it in CTSYNC")
    failed = 0
    for path in paths:
        report = run(path, program, source, update)
        name = os.path.basename(path)
        print(f"{name}: {'skipped' if report is None else 'differs' if report else 'ok'}", flush=True)
        if report:
            failed += 1
            print(report, flush=True)
    return failed


if __name__ == "__main__":
    words = sys.argv[1:]
    sys.exit(1 if main([w for w in words if w != "--update"], "--update" in words) else 0)
