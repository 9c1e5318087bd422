"""The manual and the program name the same commands and options: both ways, command by command.

ctsync(1) documents a command under a heading `.SS NAME`, which must show its synopsis as `help NAME`
does, and its options in rows of `.TP`. Global options stand outside of those sections.
"""
import os
import re
import subprocess
import sys

SOURCE = os.environ.get("CTS_SOURCE_DIR") or os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROGRAM = os.environ.get("CTSYNC") or os.path.join(SOURCE, "build", "ctsync")
PAGE = os.path.join(SOURCE, "cli", "man", "ctsync.1")


def help_of(*names):
    return subprocess.run([PROGRAM, "help", *names], capture_output=True, text=True, check=True, cwd="/").stdout


def plain(roff):
    """Text without fonts and escapes."""
    roff = re.sub(r"\\f(\(..|\[[^]]*\]|.)", "", roff)
    roff = roff.replace(r"\-", "-").replace(r"\(aq", "'").replace(r"\(rs", "\\").replace(r"\&", "").replace(r"\|", "")
    lines = []
    for line in roff.splitlines():
        macro = re.match(r"^\.(BI|BR|IB|IR|RB|RI)\s+(.*)$", line)
        if macro:
            # Words of alternating fonts are set without a space between them.
            words = re.findall(r'"((?:[^"])*)"|(\S+)', macro[2])
            line = "".join(a or b for a, b in words)
        else:
            line = re.sub(r"^\.(B|I|SB|SM)\s+", "", line).replace('"', "")
        lines.append(line)
    return "\n".join(lines)


def commands():
    """Names in the overview: lines of two spaces, a name, two spaces or more, a sentence."""
    text = help_of().split("options of every command")[0]
    return re.findall(r"^  ([a-z]+(?: [a-z-]+)?)  +\S", text, re.M)


def long_options(text):
    return set(re.findall(r"(?<![\w-])--([a-z][a-z-]*)", text))


def main():
    page = open(PAGE, encoding="utf-8").read()
    parts = re.split(r"^\.SS +(.*)$", page, flags=re.M)
    outside = parts[0]
    sections, options = {}, {}
    for title, body in zip(parts[1::2], parts[2::2]):
        body, _, rest = body.partition("\n.SH")
        outside += rest
        name = plain(title).strip().strip('"')
        sections[name] = plain(body)
        options[name] = long_options(plain("\n".join(re.findall(r"^\.TP\n(.*)$", body, re.M))))
    overview, faults = help_of(), []
    global_options = long_options(overview.split("options of every command")[1])
    missing = global_options - long_options(plain(outside))
    if missing:
        faults.append(f"global options not in the manual: {sorted(missing)}")
    names = commands()
    if len(names) < 2:
        faults.append("the overview lists no commands")
    for name in names:
        text = help_of(*name.split())
        if name not in sections:
            faults.append(f"{name}: no section .SS {name}")
            continue
        rows = text.split("\noptions\n")[1].split("\nexamples\n")[0] if "\noptions\n" in text else ""
        of_program = set(re.findall(r"^  (?:-\w, |    )--([a-z-]+)", rows, re.M))
        of_manual = options[name]
        if of_program - of_manual:
            faults.append(f"{name}: options not in the manual: {sorted(of_program - of_manual)}")
        if of_manual - of_program - global_options:
            faults.append(f"{name}: options only in the manual: {sorted(of_manual - of_program - global_options)}")
        squeezed = re.sub(r"\s+", " ", sections[name])
        for line in re.findall(r"^  (ctsync .*)$", text.split("\noptions\n")[0].split("\nexamples\n")[0], re.M):
            if line not in squeezed:
                faults.append(f"{name}: the manual does not show the synopsis: {line}")
    for title in sections:
        if re.fullmatch(r"[a-z]+(?: [a-z-]+)?", title) and title not in names:
            faults.append(f"{title}: a section without a command")
    print(*faults, sep="\n", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
