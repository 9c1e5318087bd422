#!/usr/bin/python3
"""The examples of ctsync(1) do what the page shows.

Each `.EX` block of its section EXAMPLES is part of one transcript (transcript.py). The page shows ids and
times as people meet them: they are masked there as they are in what is printed.
"""
import os
import re
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import transcript  # noqa: E402

SOURCE = os.environ.get("CTS_SOURCE_DIR") or os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
PROGRAM = os.environ.get("CTSYNC") or os.path.join(SOURCE, "build", "ctsync")
PAGE = os.path.join(SOURCE, "cli", "man", "ctsync.1")


def examples():
    """The lines of the blocks, without roff's escapes."""
    page = open(PAGE, encoding="utf-8").read()
    section = re.search(r"^\.SH EXAMPLES\n(.*?)^\.SH ", page, re.M | re.S)[1]
    text = "".join(re.findall(r"^\.EX\n(.*?)^\.EE\n", section, re.M | re.S))
    return text.replace(r"\-", "-").replace(r"\(aq", "'").replace(r"\(dq", '"').replace(r"\(rs", "\\").replace(r"\&", "")


def main():
    text = examples()
    commands = text.count("\n$ ") + text.startswith("$ ")
    if commands < 10:
        sys.exit(f"{PAGE}: only {commands} examples found")
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.write(transcript.Masks("no directory is shown")(text))
        file.flush()
        report = transcript.run(file.name, os.path.abspath(PROGRAM), SOURCE)
    if report:
        print(report)
        return 1
    print(f"{commands} examples do what the page shows")
    return 0


if __name__ == "__main__":
    sys.exit(main())
