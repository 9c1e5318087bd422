"""The state of a programme by definition: slow, naive, and written from the rules, not from the program.

    oracle = Oracle(GitReader("/path/of/a/bare/repository"))
    view = oracle.view()                  # everything that its branches hold
    view["milestone/m1"].json()           # the canonical bytes of the record's file
    oracle.expected_tree()                # path -> bytes of the whole records/ folder

The definition. Commits are those that branches refs/heads/<agency>/<16 hex> reach. An edit commit's edits
are the differences between the records of its tree and of its parent's; a seen commit has none. The state
of a field is given by its newest edits, those that no other edit of it, by someone who had seen them,
replaced; several of them become one value, or a conflict, by the field's merge class.

A set of commits is an integer here, a bit for each commit, so that `had seen`, union and intersection of
pasts are what they are on paper. Nothing is kept from one question to the next but what was read from git.
"""
import hashlib
import json
import re
import subprocess
from types import SimpleNamespace

FLAT_MAX = 512  # a folder of records is flat up to here
SIDE_VALUE_MAX = 4096
SIDES_FULL = 16
FOLD_MAX = 8
BASE_LEVELS_MAX = 32
BRANCH = re.compile(r"refs/heads/([a-z0-9-]{1,32})/([0-9a-f]{16})")
ENVELOPE = {"kind", "id", "fields", "conflicts"}
DELETED = "deleted"
DEAD, ALIVE = True, False  # the values of a record's life


class Malformed(AssertionError):
    """History that no honest program writes."""


def canonical(value):
    """The mirror's JSON, as Python writes it."""
    return json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False)


def blob_id(data):
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


# ---- sequences ------------------------------------------------------------------------------------


def sequence_changes(base, side):
    """What turns `base` into `side`: (from, to, new elements), by the longest common subsequence."""
    start = 0
    while start < min(len(base), len(side)) and base[start] == side[start]:
        start += 1
    end = 0
    while end < min(len(base), len(side)) - start and base[len(base) - 1 - end] == side[len(side) - 1 - end]:
        end += 1
    a, b = base[start:len(base) - end], side[start:len(side) - end]
    if not a and not b:
        return []
    if len(a) * len(b) > 4194304:
        return [(start, start + len(a), tuple(b))]
    longest = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i in reversed(range(len(a))):
        for j in reversed(range(len(b))):
            longest[i][j] = (longest[i + 1][j + 1] + 1 if a[i] == b[j]
                             else max(longest[i + 1][j], longest[i][j + 1]))
    steps, i, j = [], 0, 0  # (kind, i, j): m(atch), d(rop), (i)nsert
    while i < len(a) or j < len(b):
        if i < len(a) and j < len(b) and a[i] == b[j]:
            steps.append("m")
            i, j = i + 1, j + 1
        elif j == len(b) or i < len(a) and longest[i + 1][j] >= longest[i][j + 1]:
            steps.append("d")
            i += 1
        else:
            steps.append("i")
            j += 1
    changes, i, j = [], 0, 0
    for run in re.findall(r"m|[di]+", "".join(steps)):
        if run == "m":
            i, j = i + 1, j + 1
        else:
            drops, inserts = run.count("d"), run.count("i")
            changes.append((start + i, start + i + drops, tuple(b[j:j + inserts])))
            i, j = i + drops, j + inserts
    return changes


def sequence_merge(base, ours, theirs, merge_line=None):
    """Three-way merge, or None where changes of the two sides overlap."""
    a, b = sequence_changes(base, ours), sequence_changes(base, theirs)
    b = [change for change in b if change not in a]
    merged = []
    for x in list(a):
        for y in list(b):
            first, later = sorted((x, y), key=lambda c: c[:2])
            if later[0] >= first[1] and later[0] != first[0]:
                continue
            if (merge_line is None or x[:2] != y[:2] or x[1] - x[0] != 1 or len(x[2]) != 1 or len(y[2]) != 1):
                return None
            line = merge_line(base[x[0]], x[2][0], y[2][0])
            if line is None:
                return None
            a.remove(x)
            b.remove(y)
            merged.append((x[0], x[1], (line,)))
    out, at = [], 0
    for start, end, new in sorted(a + b + merged, key=lambda c: c[:2]):
        out += [*base[at:start], *new]
        at = end
    return out + list(base[at:])


def merge_words(base, ours, theirs):
    def split(line):
        return re.findall(r"[ \t]+|[^ \t]+", line)
    words = sequence_merge(split(base), split(ours), split(theirs))
    return None if words is None else "".join(words)


def text_merge(base, ours, theirs):
    """By line, then by word where both changed the same one line into one line."""
    def split(text):
        return text.split("\n") if text else []
    lines = sequence_merge(split(base), split(ours), split(theirs), merge_words)
    return None if lines is None else "\n".join(lines)


# ---- git ------------------------------------------------------------------------------------------


class GitReader:
    """The objects of a repository, through one `git cat-file --batch`."""

    def __init__(self, path, env=None):
        self.path, self.env = str(path), env
        self.batch = subprocess.Popen(["git", "-C", self.path, "cat-file", "--batch"], env=env,
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.cache = {}
        self.flat = {}

    def close(self):
        self.batch.stdin.close()
        self.batch.wait()
        self.batch.stdout.close()

    def read(self, oid, kind):
        if oid not in self.cache:
            self.batch.stdin.write(oid.encode() + b"\n")
            self.batch.stdin.flush()
            head = self.batch.stdout.readline().decode().split()
            if head[-1] == "missing":
                raise Malformed(f"{self.path}: object {oid} is missing")
            data = self.batch.stdout.read(int(head[2]))
            self.batch.stdout.read(1)
            self.cache[oid] = (head[1], data)
        found, data = self.cache[oid]
        if found != kind:
            raise Malformed(f"{self.path}: {oid} is a {found}, not a {kind}")
        return data

    def refs(self):
        out = subprocess.run(["git", "-C", self.path, "for-each-ref", "--format=%(refname) %(objectname)"],
                             env=self.env, capture_output=True, text=True, check=True).stdout
        return dict(line.split(" ") for line in out.splitlines())

    def files(self, tree):
        """path -> blob id, of a whole tree; modes and order checked."""
        if tree not in self.flat:
            data, at, out, last = self.read(tree, "tree"), 0, {}, b""
            while at < len(data):
                zero = data.index(b"\0", at)
                mode, name = data[at:zero].split(b" ", 1)
                oid = data[zero + 1:zero + 21].hex()
                at = zero + 21
                if mode not in (b"100644", b"40000"):
                    raise Malformed(f"{tree}: mode {mode} of {name}")
                place = name + (b"/" if mode == b"40000" else b"")
                if place <= last:
                    raise Malformed(f"{tree}: {name} is out of order")
                last = place
                if mode == b"40000":
                    below = self.files(oid)
                    if not below:
                        raise Malformed(f"{tree}: {name} is an empty folder")
                    out.update({f"{name.decode()}/{path}": blob for path, blob in below.items()})
                else:
                    out[name.decode()] = oid
            self.flat[tree] = out
        return self.flat[tree]


def parse_commit(oid, data):
    """A commit's parts, held to the grammar: tree, parents, author, committer, gpgsig, blank, message."""
    head, _, message = data.decode("utf-8").partition("\n\n")
    lines, commit = head.split("\n"), SimpleNamespace(id=oid, parents=[], message=message)
    order = []
    for line in lines:
        name, _, rest = line.partition(" ")
        if name == "":
            continue  # of a signature
        order.append(name)
        if name == "tree":
            commit.tree = rest
        elif name == "parent":
            commit.parents.append(rest)
        elif name in ("author", "committer"):
            person, time, zone = rest.rsplit(" ", 2)
            setattr(commit, name, person)
            setattr(commit, f"{name}_time", int(time))
            setattr(commit, f"{name}_zone", zone)
    expected = ["tree"] + ["parent"] * len(commit.parents) + ["author", "committer"]
    if order not in (expected, expected + ["gpgsig"]):
        raise Malformed(f"{oid}: headers {order}")
    if message.strip() == "":
        raise Malformed(f"{oid}: no message")
    commit.trailers = {}
    for line in message.rstrip("\n").split("\n\n")[-1].split("\n"):
        name, colon, value = line.partition(": ")
        if colon and name.startswith("Ctsync-"):
            if name in commit.trailers:
                raise Malformed(f"{oid}: trailer {name} twice")
            commit.trailers[name] = value
    return commit


def place_records(keys):
    """key -> path below records/, by the fan-out rule: it depends on nothing but the set of keys."""
    out = {}

    def place(folder, members, depth):
        if len(members) <= FLAT_MAX:
            for key in members:
                out[key] = f"{folder}/{key.split('/', 1)[1]}.json"
            return
        groups = {}
        for key in members:
            groups.setdefault(hashlib.sha256(key.encode()).hexdigest()[2 * depth:2 * depth + 2], []).append(key)
        for byte, below in groups.items():
            place(f"{folder}/{byte}", below, depth + 1)

    kinds = {}
    for key in keys:
        kinds.setdefault(key.split("/", 1)[0], []).append(key)
    for kind, members in kinds.items():
        place(f"records/{kind}", members, 0)
    return out


# ---- the state ------------------------------------------------------------------------------------


class Rules:
    """The merge class of every field, from schema.json."""

    def __init__(self, text):
        self.kinds = {}
        for kind in json.loads(text)["kinds"]:
            fields = {}
            for f in kind["fields"]:
                names = [v if isinstance(v, str) else v["name"] for v in f.get("values") or []]
                fields[f["name"]] = SimpleNamespace(
                    merge=f.get("merge", "REGISTER").upper(), repeated=bool(f.get("repeated")),
                    rank={name: n + 1 for n, name in enumerate(n for n in names if n != "unspecified")})
            self.kinds[kind["kind"]] = fields

    def merge(self, kind, name):
        field = self.kinds.get(kind, {}).get(name)
        return field.merge if field else "REGISTER"  # the life, and members that the schema does not know

    def markings(self, kind):
        return [n for n, f in self.kinds[kind].items() if f.merge in ("STRICTEST", "INTERSECT")]


class Shown:
    """A record of the view: values by field name, conflicts by field name, each a list of sides."""

    def __init__(self, oracle, key):
        self.oracle, self.key = oracle, key
        self.kind, self.id = key.split("/", 1)
        self.alive, self.values, self.conflicts = False, {}, {}

    def object(self):
        out = {"kind": self.kind, "id": self.id, "fields": {}}
        for name, value in self.values.items():
            if "/" in name:
                folder, member = name.split("/", 1)
                (out["fields"] if folder == "fields" else out)[member] = value
            elif name in self.oracle.common:
                out[name] = value
            else:
                out["fields"][name] = value
        if self.conflicts:
            named = sorted((self.oracle.conflict_name(self, field), field) for field in self.conflicts)
            out["conflicts"] = [{"field": name, "sides": [self.side(n, c, v) for n, (c, v) in enumerate(self.conflicts[field])]}
                                for name, field in named]
        return out

    def conflicts_by_field(self):
        """As commands tell them: by the whole name of the field, which `resolve` takes."""
        sides = {f: [self.side(n, c, v) for n, (c, v) in enumerate(s)] for f, s in self.conflicts.items()}
        return {"conflicts": sides} if sides else {}

    def side(self, place, commit, value):
        text = canonical(value)
        if place >= SIDES_FULL or len(text.encode()) > SIDE_VALUE_MAX:
            return {"commit": commit.id, "sha256": hashlib.sha256(text.encode()).hexdigest()}
        out = {"agency": commit.agency, "author": commit.author, "commit": commit.id,
               "time": time_text(commit.author_time)}
        if value is not None:
            out["value"] = value
        return out

    def json(self):
        return (canonical(self.object()) + "\n").encode()

    def hash(self):
        return blob_id(self.json())


def time_text(seconds):
    import datetime
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def has_marks(value):
    return any("[[" in text or "]]" in text for text in (value if isinstance(value, list) else [value or ""]))


class Oracle:
    def __init__(self, reader, heads=None):
        """`heads`: name -> commit id, when it is not to be what the repository's branches say."""
        self.git, self.common = reader, {"classification", "endorsements", "releasable_to", "labels", "source"}
        self.refs = reader.refs() if heads is None else heads
        self.heads = {name: oid for name, oid in self.refs.items() if BRANCH.fullmatch(name)}
        if not self.heads:
            raise Malformed(f"{reader.path}: no branch of a writer")
        self.commits, self.order = {}, []  # ancestors first
        self.edits = {}  # record -> (field, member or None) -> [(commit, value)]
        self.authored = {}  # commit id -> [(record, field, old, new)]
        self.parsed = {}
        self.walk()
        self.rules = Rules(self.file(self.order[0], "schema.json"))
        for commit in self.order:
            self.read_edits(commit)

    def file(self, commit, path):
        return self.git.read(self.git.files(commit.tree)[path], "blob").decode()

    def walk(self):
        """Every commit that the branches reach, ancestors first, each with its past as a set of bits."""
        stack = [(oid, False) for oid in sorted(self.heads.values())]
        while stack:
            oid, ready = stack.pop()
            if oid in self.commits:
                continue
            commit = parse_commit(oid, self.git.read(oid, "commit"))
            waiting = [p for p in commit.parents if p not in self.commits]
            if waiting and not ready:
                stack += [(oid, True)] + [(p, False) for p in waiting]
                continue
            commit.bit = 1 << len(self.order)
            commit.past = commit.bit
            for p in commit.parents:
                commit.past |= self.commits[p].past
            commit.agency = commit.trailers.get("Ctsync-Agency")
            commit.writer = commit.trailers.get("Ctsync-Writer")
            commit.seq = int(commit.trailers.get("Ctsync-Seq", 0))
            commit.is_seen = "Ctsync-Seen" in commit.trailers
            commit.change = f"{commit.writer}.{commit.seq}"
            if not commit.is_seen and len(commit.parents) > 1:
                raise Malformed(f"{oid}: an edit commit with {len(commit.parents)} parents")
            self.commits[oid] = commit
            self.order.append(commit)
        self.all = (1 << len(self.order)) - 1

    def files(self, commit):
        """key -> blob id of a commit's tree."""
        out = {}
        for path, blob in self.git.files(commit.tree).items():
            if path.startswith("records/"):
                parts = path.split("/")
                out[f"{parts[1]}/{parts[-1].removesuffix('.json')}"] = blob
        return out

    def record(self, blob):
        """(values by name, conflicts by name) of a file; the names of unknown members hold a slash."""
        if blob not in self.parsed:
            text = self.git.read(blob, "blob").decode("utf-8")
            whole = json.loads(text)
            if text != canonical(whole) + "\n":
                raise Malformed(f"blob {blob} is not canonical: {text[:200]}")
            known = self.rules.kinds[whole["kind"]]
            values = {}
            for name, value in whole["fields"].items():
                own = name in known and name not in self.common
                values[name if own else f"fields/{name}"] = value
            for name, value in whole.items():
                if name not in ENVELOPE:
                    values[name if name in self.common else f"/{name}"] = value
            stands, named = {}, [c["field"] for c in whole.get("conflicts", [])]
            for conflict in whole.get("conflicts", []):
                stands[self.conflict_key(whole["kind"], conflict["field"], values, named, stands)] = conflict["sides"]
            self.parsed[blob] = values, stands
        return self.parsed[blob]

    # A file names the conflict of an unknown member without its place, "fields/" or "/", unless that could be
    # read as another member.

    def conflict_name(self, record, field):
        place, slash, name = field.partition("/")
        if not slash or "/" in name or name in self.rules.kinds[record.kind] or name == DELETED:
            return field
        if f"/{name}" in record.conflicts and f"fields/{name}" in record.conflicts:
            return name
        return name if (place == "") == (f"/{name}" in record.values) else field

    def conflict_key(self, kind, name, values, named, found):
        if "/" in name or name in self.rules.kinds[kind] or name == DELETED:
            return name
        if named.count(name) == 2:
            return f"fields/{name}" if f"/{name}" in found else f"/{name}"
        return f"/{name}" if f"/{name}" in values else f"fields/{name}"

    # -- edits --

    def read_edits(self, commit):
        self.authored[commit.id] = []
        if commit.is_seen:
            return
        parent = self.commits[commit.parents[0]] if commit.parents else None
        before = self.files(parent) if parent else {}
        after = self.files(commit)
        for key in sorted(before.keys() | after.keys()):
            if before.get(key) != after.get(key):
                self.read_record_edits(commit, parent, key, before.get(key), after.get(key))

    def read_record_edits(self, commit, parent, key, old_blob, new_blob):
        kind = key.split("/", 1)[0]
        old, stood = self.record(old_blob) if old_blob else ({}, {})
        new, stands = self.record(new_blob) if new_blob else ({}, {})
        for field, sides in stands.items():
            if stood.get(field) != sides:
                raise Malformed(f"{commit.id}: {key} {field}: a conflict, or a side, that the parent has not")
        authored = self.authored[commit.id]
        edited = {}  # (field, member) -> value
        if new_blob is None:
            authored.append((key, DELETED, ALIVE, DEAD))
            edited[(DELETED, None)] = DEAD
        else:
            for field in sorted(old.keys() | new.keys() | stood.keys()):
                was, now = old.get(field), new.get(field)
                settled = field in stood and field not in stands
                if was == now and not settled:
                    continue
                if field == DELETED:
                    authored.append((key, DELETED, ALIVE, ALIVE))
                    continue
                authored.append((key, field, was, now))
                if self.rules.merge(kind, field) == "SET":
                    for member in set(was or []) ^ set(now or []):
                        edited[(field, member)] = member in (now or [])
                else:
                    edited[(field, None)] = now
            if old_blob and not any(a[0] == key for a in authored):
                raise Malformed(f"{commit.id}: {key} has another file but no edit")
            if old_blob is None and parent is not None:
                self.read_creation(edited, parent, key, new)
            edited[(DELETED, None)] = ALIVE
            if old_blob is None and not any(a[0] == key for a in authored):
                authored.append((key, DELETED, DEAD, ALIVE))
        shown = new if new_blob else old
        for field in self.rules.markings(kind):
            edited.setdefault((field, None), shown.get(field))
        place = self.edits.setdefault(key, {})
        for name, value in edited.items():
            place.setdefault(name, []).append((commit, value))

    def read_creation(self, edited, parent, key, new):
        """A record made again edits every field that has a value in its author's past, set or cleared."""
        kind = key.split("/", 1)[0]
        for field, member in self.edits.get(key, {}):
            top = self.newest(parent.past, key, (field, member))
            if field == DELETED or not any(v for _, v in top):
                continue
            if self.rules.merge(kind, field) == "SET":
                edited[(field, member)] = member in (new.get(field) or [])
            else:
                edited[(field, None)] = new.get(field)

    # -- the rule --

    def newest(self, commits, key, name):
        """(commit, value) of the newest edits of a field among a set of commits, in order of commit id."""
        out, seen = [], 0
        for commit, value in reversed(self.edits.get(key, {}).get(name, [])):  # who has seen comes later
            if commit.bit & commits:
                if not commit.bit & seen:
                    out.append((commit, value))
                seen |= commit.past
        return sorted(out, key=lambda e: e[0].id)

    def sequence(self, commits, key, field, level=0):
        """(clean, value) of a LIST or TEXT field."""
        top = self.newest(commits, key, (field, None))
        if not top:
            return True, None
        if all(v == top[0][1] for _, v in top):
            return True, top[0][1]
        if len(top) > FOLD_MAX or level > BASE_LEVELS_MAX or any(has_marks(v) for _, v in top):
            return False, None
        is_list = any(isinstance(v, list) for _, v in top)
        merged, past = top[0][1], top[0][0].past
        for commit, value in top[1:]:
            clean, base = self.sequence(past & commit.past, key, field, level + 1)
            if not clean or has_marks(base):
                return False, None
            if is_list:
                merged = sequence_merge(base or [], merged or [], value or [])
            else:
                merged = text_merge(base or "", merged or "", value or "")
            if merged is None:
                return False, None
            past |= commit.past
        return True, merged or None

    def state(self, commits, key):
        """The record as it stands, dead or alive, among a set of commits."""
        out = Shown(self, key)
        names = self.edits.get(key, {})
        life = self.newest(commits, key, (DELETED, None))
        out.alive = any(v == ALIVE for _, v in life)
        if out.alive and any(v == DEAD for _, v in life):
            out.conflicts[DELETED] = life
        for field in sorted({f for f, _ in names} - {DELETED}):
            merge = self.rules.merge(out.kind, field)
            if merge == "SET":
                members = [m for f, m in names if f == field
                           and any(v for _, v in self.newest(commits, key, (field, m)))]
                value = sorted(members, key=str.encode) or None
                top = None
            else:
                top = self.newest(commits, key, (field, None))
                if not top:
                    continue
                value = self.one_value(commits, key, field, merge, top)
            if value is CONFLICT:
                out.conflicts[field] = top
                value = max(top, key=lambda e: (e[0].author_time, e[0].id))[1]
            if value is not None:
                out.values[field] = value
        return out

    def one_value(self, commits, key, field, merge, top):
        values = [v for _, v in top]
        if all(v == values[0] for v in values):
            return values[0]
        if merge == "STRICTEST":
            rank = self.rules.kinds[key.split("/", 1)[0]][field].rank
            return max(values, key=lambda v: rank.get(v, 0))
        if merge == "INTERSECT":
            allowed = [set(v) for v in values if v]
            every = set.intersection(*allowed) - {"none"}
            return sorted(every, key=str.encode) or ["none"]
        if merge in ("LIST", "TEXT"):
            clean, value = self.sequence(commits, key, field)
            return value if clean else CONFLICT
        return CONFLICT

    def view(self, commits=None):
        """Every live record among a set of commits; all of them when none is named."""
        commits = self.all if commits is None else commits
        shown = {key: self.state(commits, key) for key in sorted(self.edits)}
        return {key: record for key, record in shown.items() if record.alive}

    def history(self, key, field, member=None):
        return self.edits.get(key, {}).get((field, member), [])

    # -- what git must hold --

    def expected_tree(self, view=None):
        view = self.view() if view is None else view
        return {path: view[key].json() for key, path in place_records(view).items()}

    def compare_tree(self, tree, view, what):
        """The records/ folder of a tree is the view, byte for byte, and nothing else is there."""
        files = self.git.files(tree)
        expected = self.expected_tree(view)
        found = {p: b for p, b in files.items() if p.startswith("records/")}
        for path in sorted(found.keys() ^ expected.keys()):
            raise Malformed(f"{what}: {path} is " + ("missing" if path in expected else "there, and should not be"))
        for path, data in expected.items():
            if blob_id(data) != found[path]:
                raise Malformed(f"{what}: {path} is\n{self.git.read(found[path], 'blob').decode()}\n"
                                f"and should be\n{data.decode()}")
        rest = set(files) - set(found)
        if rest != {"schema.binpb", "schema.json", "ctsync.json"}:
            raise Malformed(f"{what}: beside the records there are {sorted(rest)}")

    def check_commits(self):
        """Grammar of every commit, and its tree: the whole programme as its writer saw it."""
        roots = [c for c in self.order if not c.parents]
        if len(roots) != 1:
            raise Malformed(f"{len(roots)} commits without parents")
        for commit in self.order:
            where = f"commit {commit.id} ({commit.change})"
            missing = {"Ctsync-Agency", "Ctsync-Writer", "Ctsync-Seq", "Ctsync-Format"} - set(commit.trailers)
            if missing:
                raise Malformed(f"{where}: without {missing}: {commit.message!r}")
            if commit.author != commit.committer or commit.author_time != commit.committer_time:
                raise Malformed(f"{where}: author and committer differ")
            if commit.is_seen:
                if commit.trailers["Ctsync-Seen"] != str(len(commit.parents)):
                    raise Malformed(f"{where}: Ctsync-Seen is not the number of parents")
                if not commit.message.startswith("seen "):
                    raise Malformed(f"{where}: subject of a seen commit: {commit.message!r}")
                others = [p for p in commit.parents if self.commits[p].writer != commit.writer or self.commits[p].seq != commit.seq - 1]
                for p in others:
                    if any(self.commits[p].bit & self.commits[o].past for o in commit.parents if o != p):
                        raise Malformed(f"{where}: a parent is an ancestor of another")
            elif commit.parents:
                parent = self.commits[commit.parents[0]]
                if parent.writer != commit.writer or parent.seq + 1 != commit.seq:
                    raise Malformed(f"{where}: does not follow its parent {parent.change}")
            self.compare_tree(commit.tree, self.view(commit.past), where)
        for name, oid in self.heads.items():
            agency, writer = BRANCH.fullmatch(name).groups()
            head = self.commits[oid]
            if (head.agency, head.writer) != (agency, writer):
                raise Malformed(f"{name} points to a commit of {head.agency}/{head.writer}")
        if "refs/heads/root" in self.refs and self.refs["refs/heads/root"] != roots[0].id:
            raise Malformed("branch root does not name the root")

    def compare_main(self, view=None):
        """main is the published view of everything that the branches hold."""
        commit = parse_commit(self.refs["refs/heads/main"], self.git.read(self.refs["refs/heads/main"], "commit"))
        if commit.author != "ctsync view <view@ctsync>":
            raise Malformed(f"main was written by {commit.author}")
        if commit.author_time != max(self.any_commit(p).author_time for p in commit.parents):
            raise Malformed("the time of main is not the greatest of its parents'")
        self.compare_tree(commit.tree, self.view() if view is None else view, "main")

    def any_commit(self, oid):
        return self.commits.get(oid) or parse_commit(oid, self.git.read(oid, "commit"))

    # -- what the program must say --

    def compare_store(self, store, view=None):
        """`check`, `list` and `conflicts` of a store show the view."""
        view = self.view() if view is None else view
        said = store.check()
        if said["records"] != len(view):
            raise Malformed(f"{store.path}: check counts {said['records']} records, there are {len(view)}")
        found = store.records()
        for key in sorted(found.keys() ^ view.keys()):
            raise Malformed(f"{store.path}: {key} is " + ("missing" if key in view else "there, and should not be"))
        for key, record in view.items():
            said_object, expected = as_shown(found[key]), record.object() | record.conflicts_by_field()
            for conflict in found[key].get("conflicts", []):
                shown = record.values.get(conflict["field"])
                if conflict["field"] != DELETED and conflict["shown"] != shown:
                    raise Malformed(f"{store.path}: {key} shows {conflict['shown']!r} of {conflict['field']}, not {shown!r}")
            if found[key].get("hash") != record.hash() or said_object != expected:
                raise Malformed(f"{store.path}: {key} is shown as\n{canonical(found[key])}\nand should be "
                                f"{record.hash()}\n{canonical(expected)}")
        open_conflicts = {(c["record"], c["field"]): [s["commit"] for s in c["sides"]] for c in store.items("conflicts")}
        expected = {(key, field): [c.id for c, _ in sides]
                    for key, record in view.items() for field, sides in record.conflicts.items()}
        if open_conflicts != expected:
            raise Malformed(f"{store.path}: conflicts are {open_conflicts}, and should be {expected}")
        return said


def as_shown(item):
    """A record as commands give it, in the form of its file: without what is only told beside it."""
    out = {k: v for k, v in item.items() if k not in ("hash", "schema_version", "conflicts")}
    if item.get("conflicts"):
        out["conflicts"] = {c["field"]: [
            {k: v for k, v in s.items()
             if k in ("agency", "author", "commit", "time", "value", "sha256") and v is not None}
            for s in c["sides"]] for c in item["conflicts"]}
    return out


CONFLICT = object()
