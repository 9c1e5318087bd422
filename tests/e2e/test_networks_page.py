#!/usr/bin/python3
"""What ctsync-networks(7) says is tried as it is written, against a real sshd.

Its `.EX` blocks with commands are one transcript (transcript.py). `programme@hub.example` is an account of the
lab's sshd whose keys may do what the page's line for authorized_keys allows; the hook that it shows is the
hook of a hub; the lines of configuration are what the program reads.
"""
import os
import re
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "support")]
import transcript  # noqa: E402
from ctsync import Lab, expect_error, main  # noqa: E402
from servers import PathServer, Process, SshServer, find, start_on_free_port, write  # noqa: E402

SOURCE = os.environ.get("CTS_SOURCE_DIR") or os.path.abspath(os.path.join(HERE, "..", ".."))
PAGE = os.path.join(SOURCE, "cli", "man", "ctsync-networks.7")


class Masks(transcript.Masks):
    def __call__(self, text):
        return re.sub(r"\b\d+ bytes", "N bytes", super().__call__(text))


def blocks():
    """The examples, without roff's escapes."""
    page = open(PAGE, encoding="utf-8").read()
    for block in re.findall(r"^\.EX\n(.*?)^\.EE\n", page, re.M | re.S):
        for escape, plain in ((r"\-", "-"), (r"\(aq", "'"), (r"\(dq", '"'), (r"\e", "\\"), (r"\&", "")):
            block = block.replace(escape, plain)
        yield block


def the(beginning):
    """The one block that begins so."""
    found = [block for block in blocks() if block.startswith(beginning)]
    assert len(found) == 1, f"{len(found)} examples begin with {beginning!r}"
    return found[0]


def account(lab, server):
    """`ssh` leads programme@hub.example to the lab, whose home is a folder of its own."""
    home, bin_dir = lab.path("account"), lab.path("ssh-bin")
    os.mkdir(home)
    os.mkdir(bin_dir)
    server.programs(before=f"cd {home}")
    write(os.path.join(bin_dir, "ssh"), "#!/bin/bash\n"
          f'exec {find("ssh")} -F {server.config} -p {server.port} "${{@/programme@hub.example/127.0.0.1}}"\n', 0o755)
    return home, bin_dir


def test_the_examples_run():
    text = "\n".join(block for block in blocks() if block.startswith("$ "))
    with Lab("networks") as lab, SshServer(lab) as server:
        _, bin_dir = account(lab, server)
        transcript.Masks = Masks
        os.environ["PATH"] = f"{bin_dir}:{os.environ['PATH']}"
        begin = "ctsync init dpmc --agency DPMC --author 'Ana Ngata <ana@dpmc.example>' --quiet >.begun && " \
                "ctsync -C dpmc add initiative/grow title='Grow the network' --quiet >.begun"
        with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
            file.write(f"$ {begin}\n" + Masks("no directory is shown")(text))
            file.flush()
            report = transcript.run(file.name, os.path.abspath(lab.program), SOURCE)
    assert not report, "\n" + report
    return f"{text.count('$ ')} commands"


def test_a_key_with_the_line_of_the_page_can_push_and_do_nothing_else():
    line = the("restrict,").rstrip("\n")
    options = line[:line.index(" ssh-ed25519")]
    with Lab("networks") as lab, SshServer(lab) as server:
        # ForceCommand would win over the key's own command.
        config = open(lab.path("sshd_config"), encoding="utf-8").read()
        assert "ForceCommand" in config
        key = open(lab.path("userkey.pub"), encoding="utf-8").read()
        plain = "\n".join(row for row in config.splitlines() if not row.startswith("ForceCommand")) + "\n"
        second = Restricted(lab, server, plain, options + " " + key)
        with second:
            hub = server.hub("programme.git")
            store = lab.init("dpmc", "DPMC")
            store.run("remote", "add", "origin", second.url(hub.path))
            assert store.json("push")["commits"] == 1
            hub.fsck()
            refused = lab.execute([lab.env["GIT_SSH"], "-p", str(second.port), "127.0.0.1", "touch", lab.path("oops")], ok=None)
            assert refused.status != 0 and not os.path.exists(lab.path("oops")), refused


class Restricted:
    """The same sshd with another file of keys and no command of its own."""

    def __init__(self, lab, server, config, key):
        self.lab, self.server = lab, server
        keys = write(lab.path("restricted"), key)
        config = re.sub(r"^AuthorizedKeysFile .*$", f"AuthorizedKeysFile {keys}", config, flags=re.M)
        self.config = write(lab.path("sshd_restricted"), config)

    def __enter__(self):
        self.process, self.port = start_on_free_port(lambda port: Process(
            self.lab, "sshd-restricted", [find("sshd"), "-D", "-e", "-f", self.config, "-p", str(port)], port))
        return self

    def __exit__(self, *_):
        self.process.end()

    def url(self, path):
        return f"ssh://127.0.0.1:{self.port}{path}"


def test_the_hook_of_the_page_keeps_agencies_to_their_branches():
    with Lab("networks") as lab, PathServer(lab) as server:
        hub = server.hub("hub.git")
        write(os.path.join(hub.path, "hooks", "update"), the("#!/bin/sh"), 0o755)
        a = lab.init("a", "DPMC")
        a.run("remote", "add", "origin", hub.path)
        assert a.json("push", env={"USER": "dpmc-ana"})["commits"] == 1
        b = lab.clone(hub.path, "b", "NZP")
        b.run("set", "agency/dpmc", "name=Other")
        expect_error(b.run("push", ok=None, env={"USER": "dpmc-ana"}), 61, "hook declined")
        assert b.json("push", env={"USER": "nzp"})["commits"] == 2
        hub.fsck()


def test_the_idle_time_of_the_page_is_read():
    with Lab("networks") as lab:
        store = lab.init("a", "DPMC")
        with open(os.path.join(store.path, ".ctsync", "config"), "a", encoding="utf-8") as config:
            config.write(the("[network]").replace("300", "soon"))
        store.run("remote", "add", "origin", "ssh://127.0.0.1:1/x.git")
        expect_error(store.run("push", ok=None), 21, "idletimeout")


if __name__ == "__main__":
    main(globals())
