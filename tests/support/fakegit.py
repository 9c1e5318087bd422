#!/usr/bin/python3
"""A git that is not stock, for servers of the lab: what it advertises is altered, what it is sent is kept,
and what it gives to a fetch can be anything.

    fake = FakeGit(lab)
    server.programs(...)                      # ssh: path=fake.path; http: folder=fake.folder
    fake.tell(strip=["ofs-delta"], add=["no-thin"])
    store.run("push")
    fake.requests()                           # of each push: its commands, its capabilities, its pack
    fake.tell(refs={"refs/heads/x": oid}, pack=pack_of(objects))   # a fetch gets this, whatever is there

As a program (what the servers run) it is told by the file `tell.json` beside it. Pushes still go through
the real git receive-pack, a line of pkt-lines at a time; fetches do too unless `pack` is told.
"""
import hashlib
import json
import os
import struct
import subprocess
import sys
import threading
import zlib

KINDS = {1: "commit", 2: "tree", 3: "blob", 4: "tag", 6: "ofs-delta", 7: "ref-delta"}
NUMBERS = {name: number for number, name in KINDS.items()}


# ---- packs ----------------------------------------------------------------------------------------


def object_id(kind, data):
    return hashlib.sha1(b"%s %d\0" % (kind.encode(), len(data)) + data).hexdigest()


def head_of_object(kind, size):
    byte, size, out = NUMBERS[kind] << 4 | size & 15, size >> 4, b""
    while size:
        out += bytes([byte | 128])
        byte, size = size & 127, size >> 7
    return out + bytes([byte])


def pack_of(objects, spoil=None):
    """A pack of (kind, data); `spoil`: a function that alters the deflated bytes of one object, given its
    number. The checksum at the end is right whatever was altered."""
    out = b"PACK" + struct.pack(">II", 2, len(objects))
    for n, (kind, data) in enumerate(objects):
        deflated = zlib.compress(data, 9)
        size = len(data)
        if spoil:
            size, deflated = spoil(n, size, deflated)
        out += head_of_object(kind, size) + deflated
    return out + hashlib.sha1(out).digest()


def read_pack(pack):
    """[(kind, base)] of each object; `base` is an id for ref-deltas, a distance for ofs-deltas."""
    if pack[:8] != b"PACK\0\0\0\2":
        raise ValueError(f"no pack: {pack[:20]!r}")
    if hashlib.sha1(pack[:-20]).digest() != pack[-20:]:
        raise ValueError("the pack's checksum is wrong")
    at, found = 12, []
    for _ in range(struct.unpack(">I", pack[8:12])[0]):
        kind, byte = KINDS[pack[at] >> 4 & 7], pack[at]
        while byte & 128:
            at += 1
            byte = pack[at]
        at += 1
        base = None
        if kind == "ref-delta":
            base, at = pack[at:at + 20].hex(), at + 20
        elif kind == "ofs-delta":
            base = pack[at] & 127
            while pack[at] & 128:
                at += 1
                base = (base + 1) << 7 | pack[at] & 127
            at += 1
        inflate = zlib.decompressobj()
        inflate.decompress(pack[at:])
        at = len(pack) - len(inflate.unused_data)
        found.append((kind, base))
    if at != len(pack) - 20:
        raise ValueError(f"the pack has {len(pack) - 20 - at} bytes too many")
    return found


# ---- pkt-lines ------------------------------------------------------------------------------------


def line(text):
    data = text.encode() if isinstance(text, str) else text
    return b"%04x" % (len(data) + 4) + data


FLUSH = b"0000"


def read_line(stream):
    """A pkt-line's bytes; None for a flush, b"" at the end."""
    head = stream.read(4)
    if len(head) < 4:
        return b""
    size = int(head, 16)
    return None if size == 0 else stream.read(size - 4)


def request_of(data):
    """What one push sent, taken apart."""
    commands, capabilities, at = [], [], 0
    while data[at:at + 4] != FLUSH:
        size = int(data[at:at + 4], 16)
        text, at = data[at + 4:at + size], at + size
        text, _, words = text.partition(b"\0")
        if words:
            capabilities = words.decode().split()
        commands.append(text.decode().strip().split(" "))
    return {"commands": commands, "capabilities": capabilities, "pack": data[at + 4:]}


# ---- for tests ------------------------------------------------------------------------------------


class FakeGit:
    def __init__(self, lab, name="fakegit"):
        self.folder = lab.path(name)
        os.mkdir(self.folder)
        for program in ("git", "git-receive-pack", "git-upload-pack"):
            path = os.path.join(self.folder, program)
            with open(path, "w", encoding="utf-8") as f:
                f.write(f'#!/bin/sh\nexec /usr/bin/python3 -B {os.path.abspath(__file__)} {self.folder} {program} "$@"\n')
            os.chmod(path, 0o755)
        self.path = f"{self.folder}:/usr/local/bin:/usr/bin:/bin"
        self.tell()

    def tell(self, strip=(), add=(), refs=None, pack=None, error=None):
        """strip, add: capabilities of receive-pack. refs and pack: what a fetch gets; `error`: what it is
        told in place of a pack."""
        if pack is not None:
            with open(os.path.join(self.folder, "pack"), "wb") as f:
                f.write(pack)
        told = {"strip": list(strip), "add": list(add), "refs": refs, "pack": pack is not None, "error": error}
        with open(os.path.join(self.folder, "tell.json"), "w", encoding="utf-8") as f:
            json.dump(told, f)

    def requests(self):
        """Of every push since the last call, in order."""
        found = []
        for name in sorted(n for n in os.listdir(self.folder) if n.startswith("request.")):
            path = os.path.join(self.folder, name)
            with open(path, "rb") as f:
                data = f.read()
            os.unlink(path)
            if data != FLUSH and data:
                found.append(request_of(data))
        return found


# ---- the program ----------------------------------------------------------------------------------


class Program:
    def __init__(self, folder):
        self.folder = folder
        with open(os.path.join(folder, "tell.json"), encoding="utf-8") as f:
            self.told = json.load(f)
        self.out, self.input = sys.stdout.buffer, sys.stdin.buffer

    def put(self, data):
        self.out.write(data)
        self.out.flush()

    def run(self, program, args):
        if program == "git":
            if args[0] not in ("receive-pack", "upload-pack"):
                os.execvp("/usr/bin/git", ["git", *args])
            program, args = "git-" + args[0], args[1:]
        stateless = "--stateless-rpc" in args
        advertise = any(a in args for a in ("--http-backend-info-refs", "--advertise-refs"))
        if program == "git-receive-pack":
            return self.receive(args, stateless, advertise)
        if self.told["refs"] is None:
            os.execvp("/usr/bin/git", ["git", "upload-pack", *args])
        return self.upload(stateless, advertise)

    # -- receive-pack --

    def receive(self, args, stateless, advertise):
        git = subprocess.Popen(["/usr/bin/git", "receive-pack", *args], stdout=subprocess.PIPE,
                               stdin=None if advertise else subprocess.PIPE)
        if not stateless or advertise:
            self.advertise(git.stdout)
        if not advertise:
            threading.Thread(target=self.keep_request, args=(git.stdin,), daemon=True).start()
        while data := git.stdout.read1(65536):
            self.put(data)
        return git.wait()

    def advertise(self, stream):
        first = True
        while (data := read_line(stream)) is not None:
            if not data:
                return
            if first:
                ref, _, words = data.rstrip(b"\n").partition(b"\0")
                names = [w for w in words.decode().split() if w.split("=")[0] not in self.told["strip"]]
                data, first = ref + b"\0" + " ".join(names + self.told["add"]).encode() + b"\n", False
            self.put(line(data))
        self.put(FLUSH)

    def keep_request(self, target):
        count = len([n for n in os.listdir(self.folder) if n.startswith("request.")])
        with open(os.path.join(self.folder, f"request.{count:06}"), "wb") as f:
            while data := self.input.read1(65536):
                f.write(data)
                f.flush()
                target.write(data)
                target.flush()
        target.close()

    # -- upload-pack: the oldest protocol, one acknowledgement, whatever was told --

    def upload(self, stateless, advertise):
        if not stateless or advertise:
            words = "\0side-band-64k ofs-delta thin-pack agent=fake"
            for name, oid in self.told["refs"].items():
                self.put(line(f"{oid} {name}{words}\n"))
                words = ""
            if words:
                self.put(line(f"{'0' * 40} capabilities^{{}}{words}\n"))
            self.put(FLUSH)
        if advertise:
            return 0
        wanted, done = False, False
        while not done:
            data = read_line(self.input)
            if data == b"":
                if stateless and wanted:
                    break
                return 0
            if data is None:
                wanted_before, wanted = wanted, True
                if wanted_before:
                    self.put(line("NAK\n"))
            elif data.startswith(b"done"):
                done = True
        if not done:
            self.put(line("NAK\n"))
            return 0
        self.put(line("NAK\n"))
        if self.told["error"]:
            self.put(line(b"\2" + self.told["error"].encode()) + line(b"\3no pack comes\n"))
            return 1
        with open(os.path.join(self.folder, "pack"), "rb") as f:
            while data := f.read(60000):
                self.put(line(b"\1" + data))
        self.put(FLUSH)
        return 0


if __name__ == "__main__":
    os.environ.pop("GIT_EXEC_PATH", None)
    sys.exit(Program(sys.argv[1]).run(sys.argv[2], sys.argv[3:]))
