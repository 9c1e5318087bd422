#!/usr/bin/python3
"""`ctsync` links no git; it hands the commands that carry git on to `ctsync-road`.

Which of the two runs must not be seen: same words, same answers, same statuses, wherever the two are
installed; and where the second is missing, everything else still works and the error says what to do.
"""
import os
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import ctsync  # noqa: E402
from ctsync import Failure, IO, Lab, NO_STORE, REFUSED, Skip, USAGE, expect_error  # noqa: E402

CARRY_GIT = ["init", "clone", "remote add", "push", "pull", "sync", "check", "rebuild"]


def libraries(path):
    """What the dynamic linker would load, the libraries' libraries included."""
    run = subprocess.run(["ldd", path], capture_output=True, text=True, check=True)
    return [line.split()[0] for line in run.stdout.splitlines() if line.strip()]


def road():
    return os.path.join(os.path.dirname(ctsync.program()), "ctsync-road")


def alone(lab, *names):
    """A folder with copies of ctsync and, under the names given, of ctsync-road; its ctsync."""
    os.makedirs(lab.path("alone"), exist_ok=True)
    shutil.copy2(ctsync.program(), lab.path("alone", "ctsync"))
    for name in names:
        os.makedirs(os.path.dirname(lab.path("alone", name)), exist_ok=True)
        shutil.copy2(road(), lab.path("alone", name))
    return lab.path("alone", "ctsync")


def test_ctsync_links_no_git_and_few_libraries():
    light, heavy = libraries(ctsync.program()), libraries(road())
    if not any(name.startswith("libgit2") for name in heavy):
        raise Failure(f"ctsync-road does not link libgit2, so this test cannot tell: {heavy}")
    unwanted = [name for name in light if name.startswith(("libgit2", "libssh", "libcrypto", "libssl", "libgssapi",
                                                           "libmbed", "libcurl", "libpcre"))]
    if unwanted:
        raise Failure(f"ctsync links {unwanted}")
    return f"{len(light)} libraries, ctsync-road {len(heavy)}"


def test_without_its_second_program_it_says_so_and_the_rest_works():
    with Lab("alone") as lab:
        store = lab.init("s", "DPMC")
        before = store.run("help").out
        lab.program = alone(lab)
        expect_error(store.run("push", ok=IO), IO, "'push' needs the program 'ctsync-road'", lab.path("alone"),
                     hint="beside it")
        expect_error(store.run("remote", "add", "o", "/nowhere", ok=IO), IO, "'remote add' needs", hint="ctsync-road")
        error = store.run("-o", "json", "pull", ok=IO).err
        if '"code":"io"' not in error.replace(" ", ""):
            raise Failure(f"not an error in JSON: {error}")
        store.run("add", "initiative/i1", "title=Grow")
        if store.show("initiative/i1")["fields"]["title"] != "Grow" or store.run("help").out != before:
            raise Failure("what needs no git does not work without ctsync-road")
        for words in (["status"], ["log"], ["list", "initiative"], ["remote", "list"], ["diff"], ["blame", "initiative/i1"]):
            store.run(*words)
        # Wrong usage and help are had without it.
        for name in CARRY_GIT:
            store.run(*name.split(), "--help")
            store.run("help", *name.split())
            expect_error(store.run(*name.split(), "--no-such-option", ok=USAGE), USAGE, "no-such-option")


def test_a_second_program_that_cannot_run_is_named():
    with Lab("unrunnable") as lab:
        store = lab.init("s", "DPMC")
        lab.program = alone(lab, "ctsync-road")
        store.run("check")
        os.chmod(lab.path("alone", "ctsync-road"), 0o644)
        expect_error(store.run("check", ok=IO), IO, "cannot run", lab.path("alone", "ctsync-road"), "permission")


def test_the_words_arrive_as_they_were_typed():
    with Lab("words") as lab:
        # Options behind arguments, an end of options, names with spaces and dashes, -C of a folder.
        os.mkdir(lab.path("x y"))
        lab.execute([lab.program, "-C", lab.path("x y"), "init", "--author", "Ana Reid <a@hem.example>", "--agency=HEM",
                     "--", "-s t-"])
        store = ctsync.Store(lab, lab.path("x y", "-s t-"), "HEM")
        store.run("add", "initiative/i1", "title=Grow")
        answer = store.run("-o", "json", "sync", ok=REFUSED)
        if '"hint"' not in answer.err or answer.out:
            raise Failure(f"not the refusal that was to come: {answer}")
        store.run("remote", "add", "origin", "--create", lab.path("hub"))
        if store.json("push")["commits"] < 1:
            raise Failure("nothing was pushed")
        store.run("check", "--quiet")
        # A status that is the other program's.
        expect_error(lab.execute([lab.program, "-C", "/", "pull"], ok=(NO_STORE,)), NO_STORE, "no store")
        by_other_name = os.path.join(lab.dir, "link")
        os.symlink(lab.program, by_other_name)
        lab.execute([by_other_name, "-C", store.path, "check"])
        # Found by the kernel's name of the program, whatever argv[0] and PATH say.
        lab.execute(["bash", "-c", 'exec -a nonsense "$0" -C "$1" check', lab.program, store.path], env={"PATH": "/bin:/usr/bin"})


def test_an_installed_pair_is_found_where_it_was_moved_to():
    build = os.environ.get("CTS_BINARY_DIR")
    if not build or shutil.which("cmake") is None:
        raise Skip("no build folder is named")
    with Lab("installed") as lab:
        lab.execute(["cmake", "--install", build, "--prefix", lab.path("usr")])
        found = [os.path.relpath(os.path.join(folder, name), lab.path("usr"))
                 for folder, _, names in os.walk(lab.path("usr")) for name in names]
        if "bin/ctsync" not in found or "libexec/ctsync/ctsync-road" not in found or "bin/ctsync-road" in found:
            raise Failure(f"installed: {sorted(found)}")
        os.rename(lab.path("usr"), lab.path("moved"))
        lab.program = lab.path("moved", "bin", "ctsync")
        lab.init("s", "DPMC").check()


if __name__ == "__main__":
    ctsync.main(globals())
