"""What every script here stands on: a lab directory of its own, stores, hubs, and checks that fail loudly.

    with Lab("name") as lab:
        hub = lab.hub("h0")
        store = lab.init("s0", "DPMC")
        store.run("remote", "add", "h0", hub.path)
        store.run("add", "initiative/i1", "title=Grow")
        store.run("push", "h0")
        hub.fsck()

The program is the one that CTSYNC names, else build/ctsync. HOME and git's configuration are the lab's
own, so nothing of the person at the machine leaks in. A lab is removed when its block ends well and
kept, and named, when it does not; its file `commands` then holds every command that was run.
"""
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import traceback

TOP = os.environ.get("CTS_SOURCE_DIR") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# Exit statuses that tests speak of.
OK, USAGE, REFUSED, VALUE, MISMATCH, NOT_FOUND, NO_STORE = 0, 2, 20, 21, 22, 40, 41
UNREACHABLE, REJECTED, AUTH, DAMAGED, INTEGRITY, NO_SPACE, IO, LOCKED = 60, 61, 62, 70, 71, 73, 74, 75


def program():
    path = os.environ.get("CTSYNC") or os.path.join(TOP, "build", "ctsync")
    if not os.access(path, os.X_OK):
        sys.exit(f"{path}: no such program; build it, or name it in CTSYNC")
    return os.path.abspath(path)


class Failure(AssertionError):
    """A command did what it must not."""


class Result:
    def __init__(self, argv, status, out, err):
        self.argv, self.status, self.out, self.err = argv, status, out, err

    def json(self):
        try:
            return json.loads(self.out)
        except ValueError as e:
            raise Failure(f"{shlex.join(self.argv)}: no JSON ({e}): {self.out[:300]!r}") from None

    def change(self):
        """The change's id from the `CHANGE RECORD...` that writing commands print."""
        words = self.out.split()
        if not words or "." not in words[0]:
            raise Failure(f"{shlex.join(self.argv)}: no change id in {self.out!r}")
        return words[0]

    def __repr__(self):
        return f"{shlex.join(self.argv)}: exit {self.status}\n{self.out[-2000:]}{self.err[-2000:]}"


def place():
    """Where labs stand: in memory where there is room, since a test makes thousands of fsyncs."""
    memory = "/dev/shm"
    try:
        room = os.statvfs(memory)
    except OSError:
        return None
    return memory if os.access(memory, os.W_OK) and room.f_bavail * room.f_frsize > 2 << 30 else None


class Lab:
    def __init__(self, name="lab"):
        self.dir = tempfile.mkdtemp(prefix=f"ctsync-{name}-", dir=os.environ.get("TMPDIR") or place())
        self.commands = 0
        self.log = open(os.path.join(self.dir, "commands"), "w", encoding="utf-8")
        home = os.path.join(self.dir, "home")
        os.mkdir(home)
        keep = ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TMPDIR")
        self.env = {k: os.environ[k] for k in keep if k in os.environ}
        self.env |= {
            "HOME": home, "XDG_CONFIG_HOME": home, "XDG_DATA_HOME": home, "LC_ALL": "C.UTF-8", "TZ": "UTC",
            "NO_COLOR": "1", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.path.join(home, "gitconfig"),
            "GIT_TERMINAL_PROMPT": "0", "GIT_AUTHOR_NAME": "Lab", "GIT_AUTHOR_EMAIL": "lab@example.org",
            "GIT_COMMITTER_NAME": "Lab", "GIT_COMMITTER_EMAIL": "lab@example.org",
        }
        with open(self.env["GIT_CONFIG_GLOBAL"], "w", encoding="utf-8") as f:
            f.write("[safe]\n\tdirectory = *\n[gc]\n\tauto = 0\n[init]\n\tdefaultBranch = main\n")
        self.program = program()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.log.close()
        if kind in (None, Skip) and not os.environ.get("CTS_KEEP"):
            shutil.rmtree(self.dir, ignore_errors=True)
        else:
            print(f"kept: {self.dir} (every command: {self.dir}/commands)", file=sys.stderr)

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def execute(self, argv, ok=(0,), stdin=None, env=None, cwd=None, timeout=120, text=True, prefix=()):
        """Runs a command; `ok`: the exit statuses that are right, None for any."""
        self.commands += 1
        self.log.write(shlex.join(argv) + "\n")
        self.log.flush()
        data = stdin.encode() if isinstance(stdin, str) else stdin
        run = subprocess.run([*prefix, *argv], input=data, stdin=None if data is not None else subprocess.DEVNULL,
                             capture_output=True, env=self.env | (env or {}), cwd=cwd or self.dir, timeout=timeout,
                             close_fds=False)
        out, err = run.stdout, run.stderr.decode("utf-8", "replace")
        result = Result(list(argv), run.returncode, out.decode("utf-8", "replace") if text else out, err)
        if ok is not None and run.returncode not in ok:
            self.log.write(f"# exit {run.returncode}, not {ok}: {err}\n")
            raise Failure(f"{shlex.join(argv)}: exit {run.returncode}, not {' or '.join(map(str, ok))}\n"
                          f"{result.out[-2000:] if text else ''}{err[-2000:]}")
        return result

    def git(self, repository, *args, ok=(0,), stdin=None, text=True, env=None):
        return self.execute(["git", "-C", repository, *args], ok=ok, stdin=stdin, text=text, env=env).out

    def init(self, name, agency, author=None, *more):
        path = self.path(name)
        author = author or f"{agency.title()} Officer <officer@{agency.lower()}.example>"
        self.execute([self.program, "init", path, "--agency", agency, "--author", author, *more])
        return Store(self, path, agency)

    def clone(self, url, name, agency, author=None, *more):
        path = self.path(name)
        author = author or f"{agency.title()} Officer <officer@{agency.lower()}.example>"
        self.execute([self.program, "clone", str(url), path, "--agency", agency, "--author", author, *more])
        return Store(self, path, agency)

    def hub(self, name):
        """A bare repository that git made, HEAD on main."""
        path = self.path(name)
        self.execute(["git", "init", "-q", "--bare", "-b", "main", path])
        return Hub(self, path)


class Repository:
    """A bare git repository, looked at with plain git."""

    def __init__(self, lab, path):
        self.lab, self.path = lab, path

    def __str__(self):
        return self.path

    def git(self, *args, **more):
        return self.lab.git(self.path, *args, **more)

    def fsck(self):
        """`git fsck --strict` says nothing at all: no error, no warning, no missing or broken link."""
        result = self.lab.execute(["git", "-C", self.path, "fsck", "--strict", "--full", "--no-dangling",
                                   "--no-progress"], ok=None)
        words = [line for line in (result.out + result.err).splitlines() if not line.startswith("notice:")]
        if result.status != 0 or words:
            raise Failure(f"git fsck of {self.path}: exit {result.status}\n" + "\n".join(words[:20]))

    def refs(self, pattern="refs/heads"):
        lines = self.git("for-each-ref", "--format=%(refname) %(objectname)", pattern).splitlines()
        return dict(line.split(" ") for line in lines)

    def objects(self):
        """Names of every object there is, reachable or not."""
        return set(self.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)").split())


class Hub(Repository):
    pass


class Store:
    def __init__(self, lab, path, agency):
        self.lab, self.path, self.agency = lab, path, agency
        self.env = {}

    @property
    def inner(self):
        return os.path.join(self.path, ".ctsync")

    @property
    def mirror(self):
        return Repository(self.lab, os.path.join(self.inner, "mirror.git"))

    def run(self, *args, ok=(0,), stdin=None, env=None, timeout=120, prefix=()):
        if isinstance(ok, int):
            ok = (ok,)
        return self.lab.execute([self.lab.program, "-C", self.path, *map(str, args)], ok=ok, stdin=stdin,
                                env=self.env | (env or {}), timeout=timeout, prefix=prefix)

    def json(self, *args, **more):
        """A command's answer under -o json; it must carry the version of its shape."""
        result = self.run("-o", "json", *args, **more)
        answer = result.json()
        if answer.get("schema_version") != 1:
            raise Failure(f"{shlex.join(result.argv)}: schema_version is {answer.get('schema_version')!r}")
        return answer

    def items(self, *args, **more):
        answer = self.json(*args, **more)
        if "items" not in answer:
            raise Failure(f"{args}: a list without items: {str(answer)[:200]}")
        return answer["items"]

    def show(self, key):
        """One record, or None when there is none."""
        result = self.run("-o", "json", "show", key, ok=(OK, NOT_FOUND))
        return result.json() if result.status == OK else None

    def check(self):
        """{records, digest}; fails on any violation."""
        answer = self.json("check")
        if answer.get("violations"):
            raise Failure(f"check of {self.path}: {answer['violations'][:10]}")
        return {"records": answer["records"], "digest": answer["digest"]}

    def kinds(self):
        return [k["kind"] for k in self.json("schema")["kinds"]]

    def records(self):
        """Every record of the store by key, as `list` shows them."""
        found = {}
        for kind in self.kinds():
            for item in self.items("list", kind):
                found[f"{item['kind']}/{item['id']}"] = item
        return found

    def log(self, *args):
        return self.items("log", *args)

    def fsck(self):
        self.mirror.fsck()

    def copy(self, name):
        """`cp -r`, as a person would."""
        path = self.lab.path(name)
        self.lab.execute(["cp", "-r", self.path, path])
        return Store(self.lab, path, self.agency)


def expect_error(result, status, *words, hint=None, quiet=True):
    """A refusal as people meet it: the status, a first line that begins `ctsync: `, its words, a hint."""
    lines = result.err.splitlines()
    if result.status != status:
        raise Failure(f"exit {result.status}, not {status}: {result}")
    if not any(line.startswith("ctsync: ") for line in lines):
        raise Failure(f"no line that begins 'ctsync: ': {result}")
    for word in words:
        if word.lower() not in result.err.lower():
            raise Failure(f"the error does not say '{word}': {result}")
    if hint is not None and not any(line.startswith("hint: ") and hint in line for line in lines):
        raise Failure(f"no hint that names '{hint}': {result}")
    if quiet and result.out:
        raise Failure(f"a refused command wrote to stdout: {result}")


def tool(lab, name, shared=False):
    """Builds tests/support/tools/<name>.c into the lab; None when there is no compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        return None
    out = lab.path(name + (".so" if shared else ""))
    flags = ["-shared", "-fPIC"] if shared else []
    source = os.path.join(TOP, "tests", "support", "tools", name + ".c")
    lab.execute([compiler, "-O1", "-Wall", "-Wextra", "-std=c11", "-D_GNU_SOURCE", *flags, "-o", out, source, "-ldl"])
    return out


class Skip(Exception):
    """A test that cannot run here, with the reason."""


def main(tests):
    """Runs every function test_* of a script's globals; arguments choose by part of the name."""
    failed = 0
    wanted = sys.argv[1:]
    for name, test in list(tests.items()):
        if not name.startswith("test_") or not callable(test) or wanted and not any(w in name for w in wanted):
            continue
        title = name[5:].replace("_", " ")
        try:
            note = test()
            print(f"ok   {title}" + (f": {note}" if note else ""), flush=True)
        except Skip as e:
            print(f"skip {title}: {e}", flush=True)
        except Exception:  # whatever it is, the other tests still run
            failed += 1
            print(f"FAIL {title}", flush=True)
            traceback.print_exc()
    sys.exit(1 if failed else 0)
