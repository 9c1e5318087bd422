#!/usr/bin/python3
"""Every road that agencies have: ssh, http, https with a password, a folder, a folder with hooks; with servers
that say what they like, take what they like, and are not there.

The servers are real ones (tests/support/servers.py). What each can do is tried in one way on all of them, so
that no road is a second-class one; what goes wrong has one status, a message that names it and a hint.
"""
import os
import socket
import sys
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import ctsync  # noqa: E402
from ctsync import AUTH, OK, REFUSED, REJECTED, UNREACHABLE, VALUE, Skip, expect_error  # noqa: E402
from fakegit import FakeGit, read_pack  # noqa: E402
from oracle import GitReader, Oracle  # noqa: E402
from servers import HttpServer, NoisyPath, PathServer, Process, SshServer, find  # noqa: E402


def with_password(lab):
    return HttpServer(lab, users={"ana": "kererū 7"}, tls=True)


ROADS = (PathServer, NoisyPath, SshServer, HttpServer, with_password)
SERVERS = (SshServer, HttpServer)
HOOKED = (NoisyPath, SshServer, HttpServer)
CHEAP = (NoisyPath, HttpServer)  # of those with hooks, the ones where a connection costs little


class World:
    """A server with an empty hub and one agency that knows it: the start of every test here."""

    def __init__(self, road, is_ready=True):
        self.lab = ctsync.Lab("servers")
        self.server = road(self.lab)
        self.is_ready = is_ready

    def __enter__(self):
        try:
            self.server.__enter__()
            if isinstance(self.server, HttpServer) and self.is_ready:
                if self.server.tls:
                    self.server.trust()
                for user, word in (self.server.users or {}).items():
                    self.server.give_password(user, word)
            self.hub = self.server.hub()
            self.a = self.lab.init("a", "DPMC")
            self.a.run("remote", "add", "origin", self.server.url())
            self.a.run("add", "initiative/i1", "title=Grow", "labels=one")
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, *why):
        self.server.__exit__(*why)
        self.lab.__exit__(*(why or (None,)))

    def clone(self, name, agency):
        return self.lab.clone(self.server.url(), name, agency)

    def sound(self, *stores):
        """Everything is whole, all stores agree, and main is what they show."""
        digests = [store.check() for store in stores]
        assert all(d == digests[0] for d in digests), digests
        for store in stores:
            store.fsck()
        self.hub.fsck()
        reader = GitReader(self.hub.path, self.lab.env)
        oracle = Oracle(reader)
        oracle.check_commits()
        oracle.compare_main(oracle.view())
        oracle.compare_store(stores[0])
        reader.close()


def over(roads):
    """Each road's world, one after the other; those that cannot be here are left out."""
    met, missing = 0, None
    for road in roads:
        world = World(road)
        try:
            world.__enter__()
        except Skip as e:
            missing = e
            continue
        met += 1
        try:
            yield world
        finally:
            world.__exit__(*sys.exc_info())
    if not met:
        raise missing


# ---- a programme goes round -----------------------------------------------------------------------


def go_round(world):
    a, hub = world.a, world.hub
    pushed = a.run("push")
    assert "pushed 2 commits to origin" in pushed.out, pushed
    heads = hub.refs()
    assert len(heads) == 3 and {"refs/heads/root", "refs/heads/main"} < set(heads), heads
    b = world.clone("b", "NZP")
    assert b.check() == a.check()
    # both work, one of them without a network, and meet
    a.run("set", "initiative/i1", "title=of a", "labels+=two")
    b.run("set", "initiative/i1", "title=of b", "labels+=three")
    b.run("add", "initiative/i2", "title=Only here", "overview=" + "long " * 3000)
    a.run("push")
    met = b.json("sync")
    assert met["pull"]["commits"] == 1 and met["pull"]["conflicts"] == 1, met
    # a seen commit as its first, the two edits, and what it has seen since
    assert met["push"]["commits"] in (3, 4) and len(met["push"]["branches"]) == 2, met
    assert a.json("pull")["records_changed"] == 2
    for store in (a, b):
        assert len(store.items("conflicts")) == 1
        assert set(store.show("initiative/i1")["labels"]) == {"one", "two", "three"}
    a.run("resolve", "initiative/i1", "title", "--take", "NZP")
    a.run("sync")
    b.run("sync")
    # a third agency passes on what it has from another remote
    side = world.lab.hub("side")
    c = world.clone("c", "GCSB")
    c.run("remote", "add", "side", side.path)
    b.run("remote", "add", "side", side.path)
    b.run("set", "initiative/i2", "title=By the side road")
    b.run("push", "side")
    c.run("pull", "side")
    passed = c.json("push", "origin")
    assert passed["commits"] == 0 and any(b.agency.lower() in name for name in passed["branches"]), passed
    a.run("pull")
    assert a.show("initiative/i2")["fields"]["title"] == "By the side road"
    for store in (a, b, c):
        store.run("sync", "origin")
    # at rest
    before = hub.refs()
    for store in (a, b, c):
        assert store.json("pull", "origin")["commits"] == 0
        result = store.json("push", "origin")
        assert result["commits"] == 0 and result["branches"] == [], result
        assert "nothing to push" in store.run("push", "origin").err
    assert hub.refs() == before
    for store in (a, b, c):
        assert not [n for n in os.listdir(store.inner) if n.startswith("quarantine")], os.listdir(store.inner)
    world.sound(a, b, c)


def test_a_programme_goes_round_on_every_road():
    names = []
    for world in over(ROADS):
        go_round(world)
        names.append(world.server.name)
    return ", ".join(names)


def test_a_programme_moves_from_road_to_road():
    """The same hub by ssh for one agency, by http for another and as a folder for a third."""
    with World(SshServer) as world, HttpServer(world.lab) as http:
        a = world.a
        a.run("push")
        b = world.lab.clone(http.url(), "b", "NZP")
        c = world.lab.clone(world.hub.path, "c", "GCSB")
        for n, store in enumerate((b, c, a)):
            store.run("set", "initiative/i1", f"labels+=l{n}")
            store.run("push")
        for store in (a, b, c):
            store.run("sync")
        for store in (a, b, c):
            store.run("sync")
            assert len(store.show("initiative/i1")["labels"]) == 4
        a.run("remote", "set-url", "origin", http.url())
        assert a.json("push")["branches"] == []
        assert a.json("pull")["commits"] == 0
        world.sound(a, b, c)


def test_many_changes_at_once_go_over_every_server():
    """More than one pack line, more than one negotiation round."""
    for world in over(SERVERS):
        a = world.a
        a.run("push")
        b = world.clone("b", "NZP")
        for turn in range(2):
            a.run("batch", "-", stdin="".join(f"add body/t{turn}n{n} code=T{turn}N{n} name='Body {n}'\n" for n in range(250)))
            for n in range(12):
                a.run("set", "initiative/i1", f"lead_note=turn {turn}, {n}")
            assert a.json("push")["commits"] == 13
            b.run("set", "initiative/i1", f"notes=turn {turn}")
            assert b.json("sync")["pull"]["commits"] == 13
        a.run("sync")
        world.sound(a, b)


# ---- what a server says ---------------------------------------------------------------------------


def test_what_a_hook_prints_is_shown_and_cannot_write_to_the_terminal():
    for world in over(HOOKED):
        world.server.hook(world.hub, "echo 'backups run at noon' >&2\nprintf 'red \\033[31malert\\033[0m\\n' >&2\n"
                          "yes noise | head -2000 >&2\nprintf 'no end of line' >&2\ncat >/dev/null\n")
        result = world.a.run("push")
        assert "remote: backups run at noon" in result.err, result
        assert "\033" not in result.err and "alert" in result.err, result
        assert "no end of line" in result.err, result.err[-300:]
        assert result.err.count("remote: noise\n") >= 2000
        quiet = world.clone("b", "NZP")
        quiet.run("set", "initiative/i1", "title=quiet")
        result = quiet.run("--quiet", "push")
        assert "noon" not in result.err and result.err == "", result


def test_a_hook_that_refuses_is_obeyed_and_told_and_the_work_stays():
    for world in over(HOOKED):
        a, hub = world.a, world.hub
        world.server.hook(hub, "echo 'not before Monday' >&2\nexit 1\n")
        result = a.run("push", ok=None)
        expect_error(result, REJECTED, "hook declined")
        assert "remote: not before Monday" in result.err, result
        assert any(line.startswith("hint: ") for line in result.err.splitlines()), result
        assert hub.refs() == {}
        assert a.json("status")["pending"] + len(a.log()) >= 2
        world.server.hook(hub, "exit 0\n")
        assert a.json("push")["commits"] == 2
        world.sound(a)


def test_a_hub_that_takes_only_ones_own_branch_does_not_fail_the_push():
    """main, root and others' branches are protected: each is named once, and the next push fails as little."""
    protect = 'case $1 in refs/heads/*/*) exit 0;; esac\necho "$1 is protected" >&2\nexit 1\n'
    for world in over(CHEAP):
        a, hub = world.a, world.hub
        world.server.hook(hub, protect, "update")
        for turn in range(3):
            a.run("set", "initiative/i1", f"title=turn {turn}")
            result = a.run("push")
            assert f"pushed {3 if turn == 0 else 1} commit" in result.out, result
            assert [ref for ref in hub.refs() if "/dpmc/" not in ref] == []
            if turn == 0:
                for name in ("root", "main"):
                    assert f"did not take {name}" in result.err, result
        assert a.run("push").status == OK
        b = world.clone("b", "NZP")
        assert b.check() == a.check()
        os.unlink(os.path.join(hub.path, "hooks", "update"))
        a.run("set", "initiative/i1", "title=free")
        a.run("push")
        b.run("sync")
        hub.fsck()


def test_others_branches_that_are_declined_do_not_fail_the_push():
    for world in over(CHEAP):
        a, hub = world.a, world.hub
        a.run("push")
        b = world.clone("b", "NZP")
        side = world.lab.hub("side")
        for store in (a, b):
            store.run("remote", "add", "side", side.path)
        b.run("set", "initiative/i1", "labels+=from b")
        b.run("push", "side")
        a.run("pull", "side")
        world.server.hook(hub, 'case $1 in */nzp/*) echo "only NZP itself" >&2; exit 1;; esac\nexit 0\n', "update")
        a.run("set", "initiative/i1", "title=mine")
        for turn in range(2):
            result = a.run("push", "origin")
            assert result.status == OK
            if turn == 0:
                assert "nzp/" in result.err and "did not take" in result.err, result
            assert not any("/nzp/" in ref for ref in hub.refs())
        os.unlink(os.path.join(hub.path, "hooks", "update"))
        b.run("sync", "origin")
        a.run("sync", "origin")
        b.run("sync", "origin")
        world.sound(a, b)


def test_hubs_that_refuse_deletions_and_rewriting_and_look_closely_are_fine():
    """Settings that careful hosts have."""
    for world in over(CHEAP):
        for key, value in (("receive.denyNonFastForwards", "true"), ("receive.denyDeletes", "true"),
                           ("receive.fsckObjects", "true"), ("transfer.fsckObjects", "true"),
                           ("receive.unpackLimit", "1"), ("receive.advertisePushOptions", "true"),
                           ("receive.advertiseAtomic", "true"), ("uploadpack.allowAnySHA1InWant", "true"),
                           ("repack.writeBitmaps", "true"), ("core.sharedRepository", "group"),
                           ("transfer.hideRefs", "refs/internal")):
            world.hub.git("config", key, value)
        go_round(world)
        world.hub.git("gc", "-q", "--prune=now")
        world.a.run("set", "initiative/i1", "title=after gc")
        world.a.run("push", "origin")
        world.hub.git("pack-refs", "--all")
        world.a.run("set", "initiative/i1", "title=after packed refs")
        world.a.run("push", "origin")
        world.hub.fsck()


def fake_world(world):
    fake = FakeGit(world.lab)
    if isinstance(world.server, SshServer):
        world.server.programs(fake.path)
    else:
        world.server.programs(fake.folder)
    return fake


ADVERTISED = (
    {"strip": ["ofs-delta"]},
    {"strip": ["side-band-64k"]},
    {"strip": ["report-status-v2"]},
    {"strip": ["atomic", "quiet", "object-format", "push-options", "agent"]},
    {"add": ["no-thin"]},
    {"strip": ["ofs-delta", "side-band-64k", "report-status-v2", "delete-refs", "quiet", "atomic", "agent"],
     "add": ["no-thin"]},
)


def test_a_push_sends_what_the_server_can_read():
    """Capabilities that a server does not have are not asked for; deltas are of the sort that it reads."""
    for world in over(SERVERS):
        a, fake = world.a, fake_world(world)
        kinds = set()
        cases = ADVERTISED if isinstance(world.server, HttpServer) else ADVERTISED[-2:]
        for turn, told in enumerate(({},) + cases):
            fake.tell(**told)
            a.run("batch", "-", stdin="".join(f"add body/t{turn}n{n} code=T{turn}N{n} name='Body {n}'\n" for n in range(40)))
            for n in range(4):
                a.run("set", "initiative/i1", f"title=turn {turn}.{n}")
            assert a.json("push")["commits"] == (7 if turn == 0 else 5), told
            requests = fake.requests()
            assert requests, "nothing came by here"
            for n, request in enumerate(requests):
                asked = {word.split("=")[0] for word in request["capabilities"]}
                assert not asked & set(told.get("strip", ())), (told, asked)
                assert "report-status" in asked or "report-status-v2" in asked, asked
                assert "no-thin" not in asked, asked
                found = read_pack(request["pack"])
                kinds |= {kind for kind, _ in found}
                if "ofs-delta" in told.get("strip", ()):
                    assert not [kind for kind, _ in found if kind == "ofs-delta"], told
                if "no-thin" in told.get("add", ()):
                    whole = world.lab.path(f"whole{turn}-{n}.pack")
                    with open(whole, "wb") as f:
                        f.write(request["pack"])
                    world.lab.execute(["git", "index-pack", whole])  # needs nothing that is not in it
                assert [c[2] for c in request["commands"]], request["commands"]
            own = requests[0]["commands"]
            world.hub.fsck()
        assert any("/dpmc/" in command[2] for command in own), own
        b = world.clone("b", "NZP")
        world.sound(a, b)


def test_a_server_without_a_report_is_not_believed():
    """Success is what a server says about a branch; one that says nothing has not said it."""
    for world in over(SERVERS):
        fake = fake_world(world)
        fake.tell(strip=["report-status", "report-status-v2"])
        result = world.a.run("push", ok=None)
        assert result.status in (UNREACHABLE, REJECTED), result
        fake.tell()
        assert world.a.run("push").status == OK
        world.sound(world.a, world.clone("b", "NZP"))


# ---- what goes wrong ------------------------------------------------------------------------------


def every_command(world, status, *words, hint="", env=None, url=None):
    """push, pull, sync and clone fail alike, change nothing, and leave nothing lying about."""
    a = world.a
    url = url or world.server.url()
    before, refs = a.check(), world.hub.refs()
    if url != world.server.url():
        a.run("remote", "set-url", "origin", url)
    for command in ("push", "pull", "sync"):
        expect_error(a.run(command, ok=None, env=env), status, *words, hint=hint)
    result = world.lab.execute([world.lab.program, "clone", url, world.lab.path("none"), "--agency", "NZP"], ok=None, env=env)
    expect_error(result, status, *words, hint=hint)
    left = [n for n in os.listdir(world.lab.dir) if n.startswith("none")]
    assert not left, left
    assert not [n for n in os.listdir(a.inner) if n.startswith("quarantine")], os.listdir(a.inner)
    assert a.check() == before and world.hub.refs() == refs
    if url != world.server.url():
        a.run("remote", "set-url", "origin", world.server.url())


def test_a_wrong_password_is_told():
    with World(with_password, is_ready=False) as world:
        world.server.trust()
        every_command(world, AUTH, "localhost", hint="git")
        world.server.give_password("ana", "wrong")
        every_command(world, AUTH, "localhost", hint="git")
        world.server.give_password("ana", "kererū 7")
        world.a.run("push")
        world.sound(world.a, world.clone("b", "NZP"))


def test_a_password_is_never_shown():
    with World(with_password, is_ready=False) as world:
        world.server.trust()
        world.a.run("remote", "set-url", "origin", world.server.url().replace("://", "://ana:geheim@"))
        for command in ("push", "pull"):
            result = world.a.run(command, ok=None)
            assert result.status == AUTH, result
            assert "geheim" not in result.err + result.out, result


def test_a_certificate_that_is_not_trusted_is_told():
    with World(with_password, is_ready=False) as world:
        every_command(world, AUTH, "certificate", hint="certificate")
        world.server.trust()
        for user, word in world.server.users.items():
            world.server.give_password(user, word)
        # the right authority, but for another host
        every_command(world, AUTH, "certificate", hint="certificate",
                      url=world.server.url().replace("localhost", "127.0.0.1"))
        world.a.run("push")
        # git's other way to name an authority
        del world.lab.env["GIT_SSL_CAINFO"]
        expect_error(world.a.run("pull", ok=None), AUTH, "certificate")
        for config in (world.lab.env["GIT_CONFIG_GLOBAL"], os.path.join(world.lab.env["HOME"], ".gitconfig")):
            world.lab.execute(["git", "config", "-f", config, "http.sslCAInfo", world.server.authority])
        world.a.run("pull")
        world.lab.env["GIT_SSL_CAINFO"] = world.lab.path("nothing.pem")
        result = world.a.run("pull", ok=None)
        assert result.status != OK and "nothing.pem" in result.err, result


def test_a_host_whose_key_is_not_known_or_another_is_told():
    with World(SshServer) as world:
        every_command(world, AUTH, "host key", hint="ssh", env=world.server.as_newcomer())
        every_command(world, AUTH, "host key", hint="ssh", env=world.server.as_deceived())
        every_command(world, AUTH, "permission denied", hint="key", env=world.server.as_stranger())
        world.a.run("push")


def test_a_repository_that_is_not_there_is_told():
    for world in over(SERVERS):
        every_command(world, UNREACHABLE, "nothing.git", hint="address", url=world.server.url("nothing.git"))


def test_a_server_without_git_is_told():
    with World(SshServer) as world:
        world.server.programs(path="/nowhere")
        every_command(world, UNREACHABLE, "git", hint="git")
        world.server.programs()
        world.a.run("push")


def test_a_server_that_is_down_or_broken_is_told():
    for world in over(SERVERS):
        world.a.run("push")
        world.a.run("set", "initiative/i1", "title=later")
        if isinstance(world.server, HttpServer):
            for process in world.server.processes:
                if process.name == "fcgiwrap":
                    process.end()
            world.server.socket.close()
            every_command(world, UNREACHABLE, "502", hint="who runs it")
        else:
            world.server.programs(before="exit 3")
            every_command(world, UNREACHABLE, hint="")
        for process in world.server.processes:
            process.end()
        every_command(world, UNREACHABLE, hint="network")
        # offline work goes on
        assert world.a.run("set", "initiative/i1", "title=offline").status == OK
        assert world.a.show("initiative/i1")["fields"]["title"] == "offline"


def test_a_login_that_prints_is_told():
    """A profile that prints on every login breaks git; the words show whose it is."""
    with World(SshServer) as world:
        world.server.programs(before="echo welcome to the agency")
        every_command(world, UNREACHABLE, hint="")


class Chatter:
    """Something that listens and is no git server."""

    def __init__(self, answer):
        self.answer = answer
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            try:
                connection.recv(4096)
                connection.sendall(self.answer)
            except OSError:
                pass
            connection.close()

    def url(self, name="hub.git"):
        return f"http://127.0.0.1:{self.port}/{name}"


def page(status, body, *headers):
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


SERVICE = "Content-Type: application/x-git-upload-pack-advertisement"


def test_what_is_no_git_server_is_told():
    answers = (page("200 OK", b"<html>It works</html>", "Content-Type: text/html"),
               page("200 OK", b"", SERVICE), page("200 OK", b"zzzz", SERVICE),
               page("200 OK", b"001e# service=git-upload-pack\n", SERVICE),
               page("200 OK", b"001e# service=git-upload-pack\n0000ffff" + b"x" * 40, SERVICE),
               page("200 OK", b"001e# service=git-upload-pack\n0000003f" + b"g" * 40 + b" refs/heads/main\0\n0000", SERVICE),
               page("302 Found", b"", "Location: http://198.51.100.1/hub.git"),
               b"\0\1\2\3" * 100, b"SSH-2.0-x\r\n", b"")
    with World(PathServer) as world:
        world.a.run("push")
        for answer in answers:
            chatter = Chatter(answer)
            world.a.run("remote", "set-url", "origin", chatter.url())
            for command in ("push", "pull"):
                result = world.a.run(command, ok=None, timeout=30)
                expect_error(result, UNREACHABLE, hint="")
            world.a.check()
            chatter.listener.close()


def test_a_redirection_leads_nowhere_that_is_not_spoken():
    """https that sends one on to http on another host would carry the password in the open."""
    with World(with_password) as world:
        config = os.path.join(world.server.dir, "nginx.conf")
        with open(config, encoding="utf-8") as f:
            text = f.read()
        text = text.replace("\t\tlocation / {", "\t\tlocation /moved/ { return 302 http://127.0.0.1:1/$request_uri; }\n"
                            "\t\tlocation /far/ { return 302 https://198.51.100.1/$request_uri; }\n\t\tlocation / {", 1)
        with open(config, "w", encoding="utf-8") as f:
            f.write(text)
        nginx = next(p for p in world.server.processes if p.name == "nginx")
        nginx.end()
        world.server.processes.remove(nginx)
        world.server.processes.append(Process(world.lab, "nginx", [
            find("nginx"), "-p", world.server.dir, "-e", world.server.dir + "/nginx-error.log", "-c", config], world.server.port))
        world.a.run("remote", "set-url", "origin", world.server.url("moved/hub.git"))
        for command in ("push", "pull"):
            expect_error(world.a.run(command, ok=None, timeout=30), UNREACHABLE, "redirect", hint="")


REFUSED_URLS = (
    ("http://example.org/hub.git", "https"), ("http://127.0.0.1.example.org/hub.git", "https"),
    ("http://localhost@example.org/hub.git", "https"), ("git://127.0.0.1/hub.git", "ssh"),
    ("ftp://127.0.0.1/hub.git", "ssh"), ("ext::sh -c 'touch {mark}'", None), ("-oProxyCommand=touch {mark}", None),
    ("--upload-pack=touch {mark}", None), ("ssh://-oProxyCommand=touch$IFS{mark}/hub", None),
    ("ssh://x@-oProxyCommand=touch$IFS{mark}/hub", None), ("-oProxyCommand=touch$IFS{mark}:hub", None),
    ("file://elsewhere/hub", "file://"), ("https://127.0.0.1/\x1b[31mhub", None),
)


def test_urls_that_lead_elsewhere_are_refused_before_anything_is_run():
    with World(PathServer) as world:
        mark = world.lab.path("mark")
        for url, hint in REFUSED_URLS:
            url = url.format(mark=mark)
            expect_error(world.a.run("remote", "set-url", "origin", "--", url, ok=None), VALUE, hint=hint)
            result = world.lab.execute([world.lab.program, "clone", "--agency", "NZP", "--", url, world.lab.path("none")], ok=None)
            expect_error(result, VALUE, hint=hint)
            # written into the config by hand, it is refused where it is used
            world.lab.execute(["git", "config", "-f", os.path.join(world.a.inner, "config"), "remote.evil.url", url])
            for command in ("push", "pull"):
                result = world.a.run(command, "evil", ok=None)
                expect_error(result, VALUE)
                assert "\x1b" not in result.err
            assert not os.path.exists(mark) and not os.path.exists(world.lab.path("none")), url


def test_words_in_a_repository_s_name_are_no_commands():
    """What stands in the path of an ssh URL reaches the server as one word."""
    name = "it's $(touch mark) `touch mark`; touch mark & \"x\".git"
    with World(SshServer) as world:
        hub = world.server.hub(name)
        world.a.run("remote", "add", "odd", world.server.url(name))
        world.a.run("push", "odd")
        assert len(hub.refs()) == 3
        world.a.run("pull", "odd")
        b = world.lab.clone(world.server.url(name), "b", "NZP")
        assert b.check() == world.a.check()
        for folder in (world.lab.dir, world.lab.env["HOME"], os.path.expanduser("~")):
            assert not os.path.exists(os.path.join(folder, "mark"))


def test_scp_like_urls_and_names_of_ssh_config_work():
    with World(SshServer) as world:
        with open(world.server.config, "a", encoding="utf-8") as f:
            f.write(f"Host hub.example\n\tHostName 127.0.0.1\n\tPort {world.server.port}\n")
        os.symlink(world.hub.path, os.path.join(world.lab.env["HOME"], "programme.git"))
        for n, url in enumerate((f"hub.example:{world.hub.path}", "hub.example:programme.git", "hub.example:~/programme.git",
                                 "ssh://hub.example/~/programme.git")):
            world.a.run("remote", "add", f"r{n}", url)
            world.a.run("set", "initiative/i1", f"title=by way {n}")
            assert world.a.json("push", f"r{n}")["commits"] == (3 if n == 0 else 1), url
        b = world.lab.clone(url, "b", "NZP")
        assert b.check() == world.a.check()


def test_another_programme_s_hub_is_refused_on_every_server():
    for world in over(SERVERS):
        world.a.run("push")
        other = world.lab.init("other", "MSD")
        other.run("remote", "add", "origin", world.server.url())
        before = world.hub.refs()
        for command in ("push", "pull", "sync"):
            expect_error(other.run(command, ok=None), REFUSED, "another programme", hint="ctsync")
        assert world.hub.refs() == before
        other.check()


if __name__ == "__main__":
    ctsync.main(globals())
