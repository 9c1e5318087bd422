"""The README's tour does what it says: every command is run, every line of output that it shows is printed.

`...` in it stands for any lines. Ids, times and the padding that follows from them differ from run to run
and are not compared.
"""
import os
import re
import shutil
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import transcript

SOURCE = os.environ.get("CTS_SOURCE_DIR") or os.path.dirname(os.path.dirname(HERE))
PROGRAM = os.path.abspath(os.environ.get("CTSYNC") or os.path.join(SOURCE, "build", "ctsync"))


def steps(text):
    """(command, lines shown) of every console block."""
    found = []
    for block in re.findall(r"^```console\n(.*?)^```$", text, re.M | re.S):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            else:
                found[-1][1].append(line)
    return found


def masked(line):
    line = re.sub(r"\b[0-9a-f]{16}\.\d+", "CHANGE", line)
    return re.sub(r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}", "TIME", line).rstrip()


def main():
    with open(os.path.join(SOURCE, "README.md"), encoding="utf-8") as f:
        tour = steps(f.read())
    assert len(tour) > 10, "the README has no tour"
    directory = os.path.realpath(tempfile.mkdtemp(prefix="ctsync-readme-"))
    shell = transcript.Shell(directory, PROGRAM, SOURCE)
    faults = []
    try:
        shell.run('export TMPDIR="$PWD" PAGER=cat; cd "$SRC"')
        for command, shown in tour:
            # The program under test, not whatever lies in build/.
            printed, status = shell.run(command.replace(" PATH=$PWD/build:$PATH", ""))
            wanted = [masked(line) for line in shown]
            actual = [masked(line) for line in printed.splitlines()]
            # A mistake on purpose is one whose error the README shows.
            meant = any(line.startswith("ctsync: ") for line in shown)
            if not transcript.matches(wanted, actual) or (status != 0) != meant:
                faults.append(f"$ {command}\n[exit {status}]\n" + "\n".join(actual) + "\n-- the README shows:\n" +
                              "\n".join(wanted))
    finally:
        shell.close()
        shutil.rmtree(directory, ignore_errors=True)
    print("\n\n".join(faults) if faults else f"{len(tour)} commands of the README")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
