"""A writer of history in a hundred lines: what the oracle is tried on before it judges the program.

    repo = RefRepository(lab)
    a, b = repo.writer("dpmc"), repo.writer("nzp")
    a.edit({"initiative/x": {"title": "Grow"}})
    b.pull(a)
    b.edit({"initiative/x": {"title": "Grow up"}})
    repo.view(a, b)["initiative/x"].object()

All writers keep their objects in one repository; who has seen what is told by pull() alone. An edit names
the fields to set, None to clear one, or None for the whole record to delete it; settle names conflicts that
it ends.
"""
import hashlib
import json
import os
import zlib

from oracle import GitReader, Oracle, canonical, place_records

FIELDS = {
    "title": "REGISTER", "baseline": "WRITE_ONCE", "leads": "SET", "points": "LIST", "overview": "TEXT",
    "classification": "STRICTEST", "endorsements": "SET", "releasable_to": "INTERSECT", "labels": "SET",
    "source": "REGISTER",
}
REPEATED = {"SET", "LIST", "INTERSECT"}
LEVELS = ["unclassified", "in_confidence", "sensitive", "restricted", "confidential", "secret", "top_secret"]
SCHEMA = {"kinds": [{"kind": "initiative", "doc": "", "fields": [
    {"name": name, "type": "enum" if merge == "STRICTEST" else "string", "repeated": merge in REPEATED, "merge": merge,
     "ref": [], "required": name == "title", "values": LEVELS if merge == "STRICTEST" else [], "doc": ""}
    for name, merge in FIELDS.items()]}]}


class RefRepository:
    def __init__(self, lab, name="ref"):
        self.lab = lab
        self.hub = lab.hub(name)
        self.writers = []
        self.clock = 1623749400
        self.base = {"schema.json": self.write("blob", canonical(SCHEMA) + "\n"),
                     "schema.binpb": self.write("blob", "binary"), "ctsync.json": self.write("blob", '{"format": 1}\n')}

    def write(self, kind, data):
        data = data.encode() if isinstance(data, str) else data
        whole = b"%s %d\0" % (kind.encode(), len(data)) + data
        oid = hashlib.sha1(whole).hexdigest()
        path = os.path.join(self.hub.path, "objects", oid[:2], oid[2:])
        if not os.path.exists(path):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as f:
                f.write(zlib.compress(whole, 1))
        return oid

    def write_tree(self, files):
        """A tree of path -> blob id."""
        entries, folders = [], {}
        for path, blob in files.items():
            name, slash, rest = path.partition("/")
            if slash:
                folders.setdefault(name, {})[rest] = blob
            else:
                entries.append((name.encode(), b"100644", blob))
        entries += [(name.encode(), b"40000", self.write_tree(below)) for name, below in folders.items()]
        entries.sort(key=lambda e: e[0] + (b"/" if e[1] == b"40000" else b""))
        return self.write("tree", b"".join(mode + b" " + name + b"\0" + bytes.fromhex(oid) for name, mode, oid in entries))

    def writer(self, agency):
        w = RefWriter(self, agency, f"{len(self.writers) + 1:016x}")
        self.writers.append(w)
        return w

    def oracle(self, *writers):
        """The state of what these writers have seen together; of all when none is named."""
        newest = {}
        for w in writers or self.writers:
            for writer, oid in w.known.items():
                newest[writer] = max(oid, newest.get(writer, oid), key=writer.seq_of)
        reader = GitReader(self.hub.path, self.lab.env)
        try:
            return Oracle(reader, {f"refs/heads/{w.agency}/{w.name}": oid for w, oid in newest.items()})
        finally:
            reader.close()

    def view(self, *writers):
        return self.oracle(*writers).view()


class RefWriter:
    def __init__(self, repo, agency, name):
        self.repo, self.agency, self.name, self.seq = repo, agency, name, 0
        self.head, self.seen = None, set()  # own newest commit; heads of others that it has seen
        self.known = {}  # writer -> newest commit held

    def pull(self, *others):
        for other in others:
            for writer, oid in other.known.items():
                if writer.seq_of(oid) > writer.seq_of(self.known.get(writer)):
                    self.known[writer] = oid

    def seq_of(self, oid):
        return 0 if oid is None else self.chain.index(oid) + 1

    @property
    def chain(self):
        return self.__dict__.setdefault("_chain", [])

    def write_commit(self, parents, files, message, seen, time):
        repo = self.repo
        if time is None:
            repo.clock += 60
            time = repo.clock
        self.seq += 1
        trailers = [f"Ctsync-Agency: {self.agency}", f"Ctsync-Writer: {self.name}", f"Ctsync-Seq: {self.seq}"]
        trailers += [f"Ctsync-Seen: {len(parents)}"] if seen else []
        person = f"{self.agency.title()} Officer <officer@{self.agency}.example> {time} +0000"
        self.head = repo.write("commit", "\n".join(
            [f"tree {repo.write_tree(files)}", *(f"parent {p}" for p in parents), f"author {person}",
             f"committer {person}", "", message, "", *trailers, "Ctsync-Format: 1", ""]))
        self.chain.append(self.head)
        self.known[self] = self.head
        repo.hub.git("update-ref", f"refs/heads/{self.agency}/{self.name}", self.head)

    def files_of(self, view):
        return self.repo.base | {path: self.repo.write("blob", view[key]) for key, path in place_records(view).items()}

    def edit(self, edits, settle=(), time=None):
        """One commit; a seen commit before it when there is something newly seen. Returns its id."""
        view = {}
        if self.known:
            oracle = self.repo.oracle(self)
            view = {key: record.json().decode() for key, record in oracle.view().items()}
            tips = [oid for oid in self.known.values() if oid != self.head]
            news = [oid for oid in tips if self.head is None or not oracle.commits[self.head].past & oracle.commits[oid].bit]
            news = [oid for oid in news
                    if not any(oracle.commits[o].past & oracle.commits[oid].bit for o in news if o != oid)]
            if news:
                self.write_commit(([self.head] if self.head else []) + sorted(news), self.files_of(view), "seen others", True, time)
        for key, fields in edits.items():
            if fields is None:
                del view[key]
                continue
            kind, name = key.split("/", 1)
            whole = json.loads(view[key]) if key in view else {"kind": kind, "id": name, "fields": {}}
            for field, value in fields.items():
                common = field in ("classification", "endorsements", "releasable_to", "labels", "source")
                place = whole if common or field.startswith("/") else whole["fields"]
                place[field.lstrip("/")] = value
                if not value:
                    del place[field.lstrip("/")]
            # An edit re-affirms the life of its record, so it ends a conflict about it.
            left = [c for c in whole.get("conflicts", []) if c["field"] not in {*settle, *fields, "deleted"}]
            whole.pop("conflicts", None)
            view[key] = canonical(whole | ({"conflicts": left} if left else {})) + "\n"
        self.write_commit([self.head] if self.head else [], self.files_of(view), "edit", False, time)
        return self.head
