#!/usr/bin/python3
"""Writes the COMMANDS section of ctsync(1) from the program's own help, so the two say the same.

    commands.py PROGRAM [PAGE]

Between the lines `.\\" begin commands` and `.\\" end commands` of the page everything is replaced. Run it
when a command or an option has changed, and read the difference; tests/test_manual.py fails until then.
"""
import os
import re
import subprocess
import sys

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "ctsync.1")
BEGIN, END = '.\\" begin commands\n', '.\\" end commands\n'


def escape(text):
    """Lines of text in roff; what stands in backquotes is bold."""
    text = text.replace("\\", "\\(rs").replace("-", "\\-").replace("'", "\\(aq")
    text = re.sub(r"`([^`]*)`", r"\\fB\1\\fR", text)
    return re.sub(r"^\.", r"\\&.", text, flags=re.M)


def pairs(lines):
    """[(left, right)] of two-column rows, continued on deeper lines."""
    out = []
    for line in lines:
        row = re.match(r"^  (?:    )?(\S.*?)(?:  +(\S.*))?$", line)
        if re.match(r"^ {2}\S|^ {6}--", line) and row:
            out.append([row[1], row[2] or ""])
        else:
            out[-1][1] += " " + line.strip()
    return [(left, right.strip()) for left, right in out]


def paragraph(lines):
    if lines[0].startswith(" "):
        return [".EX", *map(escape, lines), ".EE"]
    plain = [line for line in lines if not line.startswith(" ")]
    kept = lines[len(plain):]
    return [".PP", escape("\n".join(plain)), *([".EX", *map(escape, kept), ".EE"] if kept else [])]


def rows(found):
    out = []
    for left, right in found:
        out += [".TP", ".B " + escape(left), escape(right)]
    return out


def section(name, text):
    body, _, examples = text.partition("\nexamples\n")
    body, _, options = body.partition("\noptions\n")
    parts = [part.splitlines() for part in body.strip("\n").split("\n\n")]
    out = [f".SS {escape(name)}"]
    for line in parts[1]:
        out += [".B " + escape(line.strip()), ".br"]
    out[-1:] = [".PP", escape(parts[0][0].split(" - ", 1)[1].capitalize()) + "."]
    details = parts[2:]
    if details and details[0][0].startswith("  "):
        out += rows(pairs(details.pop(0)))
    for lines in details:
        out += paragraph(lines)
    if options:
        out += rows(pairs(options.rstrip("\n").splitlines()))
    if examples:
        out += [".PP", ".EX", *[escape(line) for line in examples.rstrip("\n").splitlines()], ".EE"]
    return out


def main(program, page):
    def help_of(*words):
        return subprocess.run([program, *words, "--help"], capture_output=True, text=True, check=True, cwd="/",
                              env=os.environ | {"COLUMNS": "80", "NO_COLOR": "1"}).stdout

    overview = help_of().split("options of every command")[0]
    lines = []
    for name in re.findall(r"^  ([a-z]+(?: [a-z-]+)?)  +\S", overview, re.M):
        lines += section(name, help_of(*name.split()))
    text = open(page, encoding="utf-8").read()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    with open(page, "w", encoding="utf-8") as f:
        f.write(before + BEGIN + "\n".join(lines) + "\n" + END + after)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(os.path.abspath(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else PAGE)
