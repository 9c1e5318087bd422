#!/usr/bin/python3
"""A clone at a terminal asks for the root; only a yes makes a store, and nothing else leaves anything behind."""
import os
import pty
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import ctsync  # noqa: E402


def at_terminal(lab, typed, *args):
    """(what the terminal showed, exit status); `typed` None: the terminal hangs up at the question."""
    master, slave = pty.openpty()
    process = subprocess.Popen([lab.program, *args], stdin=slave, stdout=slave, stderr=slave, cwd=lab.dir,
                               env=lab.env | {"TERM": "xterm", "COLUMNS": "80"})
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
        if b"[y/N]" in shown and typed != "":
            os.write(master, b"\x04" if typed is None else typed.encode() + b"\n")
            typed = ""
    os.close(master)
    return shown.decode().replace("\r\n", "\n"), process.wait(60)


def scene(lab):
    hub = lab.hub("hub.git")
    a = lab.init("a", "DPMC")
    a.run("remote", "add", "origin", hub.path)
    a.run("push")
    return hub, hub.git("rev-parse", "root").strip()


def test_a_yes_makes_the_store():
    for typed in ("y", "Yes"):
        with ctsync.Lab("trust") as lab:
            hub, root = scene(lab)
            shown, status = at_terminal(lab, typed, "clone", hub.path, "b", "--agency", "NZP")
            assert status == 0 and root in shown and " ".join(root[i:i + 4] for i in range(0, 16, 4)) in shown, shown
            assert os.listdir(lab.path("b")) == [".ctsync"], os.listdir(lab.path("b"))
            b = ctsync.Store(lab, lab.path("b"), "NZP")
            assert b.json("status")["root"] == root and b.check()["records"] == 1
            b.run("set", "agency/dpmc", "name=Department", env={"GIT_CONFIG_GLOBAL": mail(lab)})
            b.run("push")


def mail(lab):
    path = lab.path("who")
    with open(path, "w", encoding="utf-8") as f:
        f.write("[user]\n\tname = Bo Reed\n\temail = bo@nzp.example\n")
    return path


def test_anything_else_leaves_nothing():
    for typed in ("n", "", None, "yesterday"):
        with ctsync.Lab("trust") as lab:
            hub, _ = scene(lab)
            shown, status = at_terminal(lab, typed if typed != "" else " ", "clone", hub.path, "b", "--agency", "NZP")
            assert status == ctsync.REFUSED and "not confirmed" in shown, (typed, shown, status)
            assert not os.path.exists(lab.path("b")), typed


def test_a_given_root_is_not_asked_for():
    with ctsync.Lab("trust") as lab:
        hub, root = scene(lab)
        shown, status = at_terminal(lab, "n", "clone", hub.path, "b", "--agency", "NZP", "--root", root)
        assert status == 0 and "[y/N]" not in shown, shown
        other = ("0" if root[0] != "0" else "1") + root[1:]
        result = lab.execute([lab.program, "clone", hub.path, "c", "--agency", "NZP", "--root", other], ok=None)
        ctsync.expect_error(result, ctsync.INTEGRITY, root)
        assert not os.path.exists(lab.path("c"))


def test_what_an_interrupted_question_left_is_no_store_and_goes_with_the_next_clone():
    with ctsync.Lab("trust") as lab:
        hub, _ = scene(lab)
        os.makedirs(lab.path("b", ".ctsync.unconfirmed", "mirror.git"))
        result = lab.execute([lab.program, "-C", lab.path("b"), "status"], ok=None)
        ctsync.expect_error(result, ctsync.NO_STORE)
        shown, status = at_terminal(lab, "y", "clone", hub.path, "b", "--agency", "NZP")
        assert status == 0 and os.listdir(lab.path("b")) == [".ctsync"], (shown, os.listdir(lab.path("b")))


if __name__ == "__main__":
    ctsync.main(globals())
