#!/usr/bin/python3
"""A person at a terminal is asked who they are: by git where there is one, by ctsync where there is none, by ssh itself.

However long they take to answer, no time-out ends their typing; what is secret is not shown; and whatever key ends
the question, the terminal is left as it was.
"""
import fcntl
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from ctsync import AUTH, LOCKED, TOP, Lab, main  # noqa: E402

SECRET = "open sesame"


class Terminal:
    """A command whose controlling terminal is ours."""

    def __init__(self, lab, store, *args, env=None):
        self.master, slave = pty.openpty()
        self.before = termios.tcgetattr(slave)
        self.shown = ""

        def take():
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

        environment = {k: v for k, v in lab.env.items() if k != "GIT_TERMINAL_PROMPT"} | (env or {})
        self.process = subprocess.Popen([lab.program, "-C", store.path, *args], stdin=slave, stdout=slave, stderr=slave,
                                        env=environment, cwd=lab.dir, preexec_fn=take)
        self.slave = slave

    def read(self, until, seconds=30):
        """Waits until a text is shown."""
        end = time.monotonic() + seconds
        while until not in self.shown:
            assert time.monotonic() < end, f"no {until!r} in {self.shown!r}"
            if select.select([self.master], [], [], 0.2)[0]:
                self.shown += os.read(self.master, 65536).decode("utf-8", "replace")

    def type(self, text):
        os.write(self.master, text.encode())

    def end(self, seconds=30):
        """The exit status; what was shown stands in `shown`."""
        end = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < end, f"it does not end: {self.shown!r}"
            if select.select([self.master], [], [], 0.1)[0]:
                self.shown += os.read(self.master, 65536).decode("utf-8", "replace")
        while select.select([self.master], [], [], 0.1)[0]:
            self.shown += os.read(self.master, 65536).decode("utf-8", "replace")
        now = termios.tcgetattr(self.slave)
        assert now[3] == self.before[3], "the terminal is not as it was"
        os.close(self.slave)
        os.close(self.master)
        return self.process.returncode


class Guarded:
    """A hub behind a password, and a store that knows it and has little patience."""

    def __init__(self, lab):
        os.mkdir(lab.path("srv"))
        lab.hub("srv/hub")
        lab.git(lab.path("srv", "hub"), "config", "http.receivepack", "true")
        with open(lab.path("srv", "password"), "w", encoding="ascii") as f:
            f.write("ana:" + SECRET)
        self.server = subprocess.Popen([sys.executable, os.path.join(TOP, "tests", "support", "git_http.py"), lab.path("srv"),
                                        lab.path("log")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{self.server.stdout.readline().strip()}/hub"
        self.store = lab.init("a", "DPMC")
        self.store.run("remote", "add", "origin", self.url)
        with open(os.path.join(self.store.inner, "config"), "a", encoding="ascii") as f:
            f.write("[network]\n\tidletimeout = 1\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.stdin.close()
        self.server.wait()


def without_git(lab):
    """A PATH without git."""
    os.mkdir(lab.path("bin"))
    return {"PATH": lab.path("bin")}


def converse(terminal):
    """Answers slowly: longer than a server may be silent."""
    terminal.read("Username for 'http://127.0.0.1:")
    time.sleep(1.6)
    terminal.type("ana\n")
    terminal.read("Password for 'http://")
    time.sleep(1.6)
    terminal.type(SECRET + "\n")


def test_without_git_we_ask_ourselves():
    with Lab("prompt") as lab, Guarded(lab) as hub:
        terminal = Terminal(lab, hub.store, "push", env=without_git(lab))
        converse(terminal)
        assert terminal.end() == 0, terminal.shown
        assert SECRET not in terminal.shown, terminal.shown
        assert lab.git(lab.path("srv", "hub"), "for-each-ref").count("\n") == 3


def test_with_git_it_is_git_that_asks():
    with Lab("prompt") as lab, Guarded(lab) as hub:
        terminal = Terminal(lab, hub.store, "push")
        converse(terminal)
        assert terminal.end() == 0, terminal.shown
        assert SECRET not in terminal.shown, terminal.shown


def test_a_wrong_password_is_asked_for_again_three_times():
    with Lab("prompt") as lab, Guarded(lab) as hub:
        terminal = Terminal(lab, hub.store, "pull", env=without_git(lab))
        for _ in range(3):
            terminal.read("Username for")
            terminal.type("ana\n")
            terminal.read("Password for")
            terminal.type("barley\n")
            terminal.shown = ""
        assert terminal.end() == AUTH, terminal.shown
        assert "did not accept" in terminal.shown and "barley" not in terminal.shown, terminal.shown


def test_a_mistyped_letter_can_be_taken_back():
    with Lab("prompt") as lab, Guarded(lab) as hub:
        terminal = Terminal(lab, hub.store, "push", env=without_git(lab))
        terminal.read("Username for")
        terminal.type("anna\x7f\x7fa\n")
        terminal.read("Password for")
        terminal.type(SECRET + "xy\x7f\x7f\n")
        assert terminal.end() == 0, terminal.shown


def test_keys_that_end_the_question_leave_the_terminal_as_it_was():
    for key, status in (("\x03", -signal.SIGINT), ("\x04", AUTH)):
        for question in ("Username for", "Password for"):
            with Lab("prompt") as lab, Guarded(lab) as hub:
                terminal = Terminal(lab, hub.store, "pull", env=without_git(lab))
                terminal.read("Username for")
                if question == "Password for":
                    terminal.type("ana\n")
                    terminal.read(question)
                terminal.type(key)
                assert terminal.end() == status, (key, question, terminal.process.returncode, terminal.shown)


def test_a_question_that_needs_no_answer_any_more_leaves_the_terminal_as_it_was():
    """A push connects while it seals, which may fail while a person types: here somebody else holds the mirror."""
    with Lab("prompt") as lab, Guarded(lab) as hub:
        with open(os.path.join(hub.store.inner, "mirror.lock"), "ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            terminal = Terminal(lab, hub.store, "push", env=without_git(lab))
            terminal.read("Username for")
            terminal.type("ana\n")
            terminal.read("Password for")
            assert terminal.end() == LOCKED, terminal.shown


def test_ssh_may_ask_for_as_long_as_it_likes():
    with Lab("prompt") as lab, Guarded(lab) as hub:
        with open(lab.path("ssh"), "w", encoding="ascii") as f:
            f.write("""#!/usr/bin/python3
import os, sys
tty = os.open("/dev/tty", os.O_RDWR)
os.write(tty, b"passphrase: ")
line = os.read(tty, 100)
os.close(tty)
if line.strip() != b"mellon":
    print("ana@hub: Permission denied (publickey).", file=sys.stderr)
    sys.exit(255)
os.execvp("sh", ["sh", "-c", "exec " + sys.argv[-1]])
""")
        os.chmod(lab.path("ssh"), 0o755)
        hub.store.run("remote", "set-url", "origin", "ssh://ana@hub" + lab.path("srv", "hub"))
        for word, status in (("friend", AUTH), ("mellon", 0)):
            terminal = Terminal(lab, hub.store, "push", env={"GIT_SSH": lab.path("ssh")})
            terminal.read("passphrase: ")
            time.sleep(2.6)
            terminal.type(word + "\n")
            assert terminal.end() == status, terminal.shown


if __name__ == "__main__":
    main(globals())
