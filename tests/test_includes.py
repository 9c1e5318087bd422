#!/usr/bin/python3
"""The folders' order, held: cli -> sync -> store -> proto.

A folder includes its own files, proto/*.h, and of another folder below it only the public header. Each
foreign library is known to the folder that owns it and to nobody else. Every public header compiles
alone, with every compiler there is, without a warning.
"""
import glob
import os
import re
import shutil
import subprocess
import sys

TOP = os.environ.get("CTS_SOURCE_DIR") or os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get("CTS_BINARY_DIR", "")

ORDER = ["proto", "store", "sync", "cli"]  # each may use those before it
# The same inside sync/: what a folder below it may use of sync/ beside itself and those before it. The steps of
# the road, and bundles, may use all.
SYNC_ORDER = ["git", "pack", "tree", "repack", "link"]
SYNC_LEAVES = {"sync/sync.h", "sync/url.h", "sync/disk.h"}
PUBLIC = {"store": "store/store.h", "sync": "sync/sync.h"}

# Foreign headers and the folders that may know them. What is not listed must be libc's.
OWNERS = {
    r"jansson\.h": {"proto"},
    r"protobuf-c/.*": {"proto"},
    r"utf8proc\.h": {"proto"},
    r"nettle/.*": {"proto"},
    r"lmdb\.h": {"store"},
    r"sqlite3\.h": {"store"},
    r"zlib\.h": {"store", "sync"},
    r"git2(/.*)?\.h": {"sync"},
    r"sodium(/.*)?\.h": {"proto"},
}
FOREIGN = re.compile(r"(jansson|protobuf|google|utf8proc|nettle|lmdb|sqlite|zlib|git2|sodium|openssl|curl|ssh)")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
GENERATED = re.compile(r".*\.pb-c\.h$")  # protoc-c's output, in the build directory

WARNINGS = ("-std=c11 -D_GNU_SOURCE -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla "
            "-Wwrite-strings -Wformat=2 -Werror -fsyntax-only").split()


def is_below(path, name):
    """Whether a file of sync/ may include a header of sync/; true for all others."""
    own, other = path.split("/")[1:2], name.split("/")[1]
    if own[0] not in SYNC_ORDER or name in SYNC_LEAVES:
        return True
    return other in SYNC_ORDER and SYNC_ORDER.index(other) <= SYNC_ORDER.index(own[0])


def faults_of(path, text):
    """What is wrong with the includes of one file; `path` is relative to the top."""
    folder = path.split("/")[0]
    rank = ORDER.index(folder)
    for mark, name in INCLUDE.findall(text):
        where = f"{path}: #include {mark}{name}{'>' if mark == '<' else mark}"
        owners = next((o for pattern, o in OWNERS.items() if re.fullmatch(pattern, name)), None)
        if owners is not None:
            if folder not in owners:
                yield f"{where}: belongs to {' and '.join(sorted(owners))} alone"
        elif mark == "<":
            if FOREIGN.match(name):
                yield f"{where}: a foreign library that no folder owns"
        elif GENERATED.match(name):
            if folder != "proto":
                yield f"{where}: generated protobuf code belongs to proto alone"
        else:
            other = name.split("/")[0]
            if "/" not in name or other not in ORDER:
                yield f"{where}: paths are relative to the top of the tree"
            elif other == "sync" and not is_below(path, name):
                yield f"{where}: the arrow turns inside sync/"
            elif other == folder or other == "proto":
                pass
            elif ORDER.index(other) > rank:
                yield f"{where}: the arrow turns: {folder} lies below {other}"
            elif name != PUBLIC.get(other):
                yield f"{where}: of {other} only {PUBLIC.get(other)} is public"


def sources():
    for folder in ORDER:
        for path in sorted(glob.glob(os.path.join(TOP, folder, "**", "*.[ch]"), recursive=True)):
            yield os.path.relpath(path, TOP)


def test_the_check_itself_can_fail():
    bad = {
        "proto/a.c": '#include "store/store.h"',
        "store/a.c": '#include "sync/sync.h"',
        "sync/a.c": '#include "store/env.h"',
        "sync/pack/a.c": '#include "sync/link/link.h"',
        "sync/git/a.c": '#include "sync/road.h"',
        "cli/a.c": "#include <lmdb.h>",
        "cli/b.c": "#include <git2.h>",
        "sync/b.c": '#include "proto/record.pb-c.h"',
        "store/b.c": "  #  include <jansson.h>",
        "store/c.c": '#include "env.h"',
        "sync/c.c": "#include <curl/curl.h>",
    }
    good = {
        "cli/report/a.c": '#include <stdio.h>\n#include "cli/cmd.h"\n#include "sync/sync.h"\n#include "store/store.h"',
        "store/a.c": '#include <lmdb.h>\n#include <zlib.h>\n#include "store/env.h"\n#include "proto/record.h"',
        "proto/a.c": '#include "record.pb-c.h"\n#include <protobuf-c/protobuf-c.h>',
    }
    for path, text in bad.items():
        assert list(faults_of(path, text)), f"{path}: {text} was let through"
    for path, text in good.items():
        assert not list(faults_of(path, text)), list(faults_of(path, text))


def test_no_folder_includes_what_lies_above_it_or_inside_another():
    count, faults = 0, []
    for path in sources():
        with open(os.path.join(TOP, path), encoding="utf-8") as f:
            faults += faults_of(path, f.read())
        count += 1
    assert count > 0, f"no sources below {TOP}"
    assert not faults, "\n  " + "\n  ".join(faults)
    return f"{count} files"


def test_every_public_header_compiles_alone():
    compilers = [c for c in ("gcc", "clang") if shutil.which(c)] or ["cc"]
    flags = subprocess.run(["pkg-config", "--cflags", "nettle", "libprotobuf-c"], capture_output=True, text=True).stdout.split()
    build = BUILD or os.path.join(TOP, "build")
    generated = {os.path.dirname(p) for p in glob.glob(os.path.join(build, "**", "*.pb-c.h"), recursive=True)}
    headers = sorted(os.path.relpath(p, TOP) for p in glob.glob(os.path.join(TOP, "proto", "*.h")))
    headers += [h for h in PUBLIC.values() if os.path.exists(os.path.join(TOP, h))]
    faults, left_out = [], 0
    for header in headers:
        with open(os.path.join(TOP, header), encoding="utf-8") as f:
            if not generated and any(GENERATED.match(name) for _, name in INCLUDE.findall(f.read())):
                left_out += 1  # nothing has been built here
                continue
        for compiler in compilers:
            # Twice: an include guard that does not hold shows at the second.
            run = subprocess.run(
                [compiler, *WARNINGS, *flags, "-I", TOP, *(x for d in generated for x in ("-I", d)), "-x", "c", "-"],
                input=f'#include "{header}"\n#include "{header}"\n', capture_output=True, text=True)
            if run.returncode != 0:
                faults.append(f"{header} with {compiler}:\n{run.stderr}")
    assert headers, "no public headers"
    assert not faults, "\n".join(faults)
    note = f", {left_out} left out: they need what a build generates" if left_out else ""
    return f"{len(headers) - left_out} headers with {', '.join(compilers)}{note}"


def test_the_top_holds_the_five_folders_and_nothing_else():
    """Build directories are not part of the tree: what git does not track is not looked at."""
    listed = subprocess.run(["git", "-C", TOP, "ls-files"], capture_output=True, text=True)
    if listed.returncode != 0:
        return "skipped: not a git checkout"
    names = {line.split("/")[0] for line in listed.stdout.splitlines()}
    extra = {n for n in names if not n.startswith(".")} - set(ORDER) - {"tests", "CMakeLists.txt", "README.md"}
    assert not extra, f"at the top: {', '.join(sorted(extra))}"


if __name__ == "__main__":
    failed = 0
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            try:
                note = test()
                print(f"ok   {name[5:].replace('_', ' ')}" + (f" ({note})" if note else ""))
            except AssertionError as e:
                failed += 1
                print(f"FAIL {name[5:].replace('_', ' ')}: {e}")
    sys.exit(1 if failed else 0)
