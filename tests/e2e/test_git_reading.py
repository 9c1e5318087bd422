#!/usr/bin/python3
"""What plain git tools see: an audit trail, each edit as exactly its own patch, in files that others can read.

Nothing here trusts the program about git: `git log -p`, `git blame`, python3-protobuf's json_format and
Python's json.dumps read what the hub holds, and it is compared with what the program says it did.
"""
import json
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import ctsync  # noqa: E402
from oracle import BRANCH, GitReader, Oracle, canonical, parse_commit, place_records  # noqa: E402

LONG = "a long value " * 20


def history(lab):
    """A hub with a year's work in small: every sort of edit, a conflict and its resolution, two agencies."""
    hub = lab.hub("hub")
    a = lab.init("a", "DPMC", "Ana Ngata <ana@dpmc.example>")
    a.run("remote", "add", "origin", hub.path)
    a.run("add", "initiative/i1", "title=Grow “the” \\ workforce\tKāpuia", "overview=first line\nsecond line",
          "points=one", "points=two", "labels=x=1", "-m", "first entry")
    a.run("add", "milestone/m1", "parent=initiative/i1", "due=Q3 2021", "baseline=Q3 2021", "status=not_started",
          "position=3", "classification=In_Confidence", "releasable_to=AUS", "releasable_to=GBR")
    a.run("push")
    b = lab.clone(hub.path, "b", "NZP", "Bo Reed <bo@nzp.example>")
    b.run("set", "milestone/m1", "due=Q4 2021", "status=in_progress", "-m", "slipped\n\nThe hui moved: see the minutes.")
    b.run("set", "initiative/i1", "points+=three", "labels+=y", f"notes={LONG}")
    a.run("set", "initiative/i1", "overview=first line\nsecond longer line\nthird", "title=Grow")
    b.run("push")
    a.run("set", "milestone/m1", "due=June 2021")
    a.run("sync")
    b.run("sync")
    assert len(b.items("conflicts")) == 1, b.items("conflicts")
    b.run("set", "milestone/m1", "label=First hui")
    b.run("resolve", "milestone/m1", "due", "--take", "NZP", "-m", "NZP owns the hui")
    b.run("batch", "-", "-m", "a batch", stdin="".join(f"add milestone/b{n} parent=initiative/i1 due='Q1 20{n:02}'\n" for n in range(30)))
    b.run("rm", "milestone/b7", "-m", "entered twice")
    b.run("add", "milestone/b7", "--again", "parent=initiative/i1", "due=TBD")
    b.run("set", "milestone/b8", "due=")
    b.run("sync")
    a.run("sync")
    a.run("set", "initiative/i1", "status=complete")
    a.run("sync")
    b.run("sync")
    return hub, a, b


class Patches:
    """`git log -p --no-merges --branches -- records`, taken apart: commit -> path -> (lines out, lines in)."""

    def __init__(self, hub):
        self.by_commit, commit, path = {}, None, None
        for line in hub.git("log", "-p", "--no-merges", "--branches", "--format=commit %H", "--no-renames",
                            "--unified=0", "--", "records").splitlines():
            if re.fullmatch(r"commit [0-9a-f]{40}", line):
                commit = self.by_commit.setdefault(line[7:], {})
            elif line.startswith("diff --git "):
                path = re.search(r" b/(.*)$", line).group(1)
                commit[path] = ([], [])
            elif line.startswith("-") and not line.startswith("--- "):
                commit[path][0].append(line[1:])
            elif line.startswith("+") and not line.startswith("+++ "):
                commit[path][1].append(line[1:])


def key_of(path):
    parts = path.split("/")
    return f"{parts[1]}/{parts[-1].removesuffix('.json')}"


def test_git_log_shows_each_edit_as_exactly_its_own_patch():
    with ctsync.Lab("git") as lab:
        hub, a, _ = history(lab)
        patches = Patches(hub).by_commit
        changes = {c["commit"]: c for c in a.log() if c["edits"]}
        assert set(patches) == set(changes), (
            f"commits with a patch and without an edit: {set(patches) - set(changes)}; "
            f"with an edit and without a patch: {set(changes) - set(patches)}")
        for commit, files in patches.items():
            edits = changes[commit]["edits"]
            assert {key_of(p) for p in files} == {e["record"] for e in edits}, changes[commit]
            for path, (out, into) in files.items():
                own = [e for e in edits if e["record"] == key_of(path)]
                for e in own:
                    if e["field"] == "deleted":
                        continue
                    for value, lines in ((e["old"], out), (e["new"], into)):
                        other = e["new"] if value is e["old"] else e["old"]
                        texts = [value] if not isinstance(value, list) else [v for v in value if v not in (other or [])]
                        for text in texts:
                            if text is not None and e["old"] != e["new"]:
                                assert any(json.dumps(text, ensure_ascii=False) in line for line in lines), (e, lines)
                names = {e["field"] for e in own}
                if "deleted" not in names and not any('"conflicts"' in line for line in out):
                    for line in out + into:
                        member = re.match(r'^ {2,4}"([a-z_]+)": ', line)
                        assert not member or member.group(1) in names | {"fields", "id", "kind"}, (line, names)
        return f"{len(patches)} patches"


def test_git_blame_names_who_wrote_each_line():
    with ctsync.Lab("git") as lab:
        hub, a, _ = history(lab)
        last = {}
        for change in reversed(a.log()):
            for e in change["edits"]:
                last[(e["record"], e["field"])] = change
        branch = max((r for r in hub.refs() if r.startswith("refs/heads/dpmc/")), key=len)
        seen = 0
        for revision in (branch, "refs/heads/main"):
            for path, key, field in (("records/initiative/i1.json", "initiative/i1", "title"),
                                     ("records/initiative/i1.json", "initiative/i1", "notes"),
                                     ("records/initiative/i1.json", "initiative/i1", "status"),
                                     ("records/milestone/m1.json", "milestone/m1", "label"),
                                     ("records/milestone/m1.json", "milestone/m1", "baseline"),
                                     ("records/milestone/b8.json", "milestone/b8", "parent")):
                for line in hub.git("blame", "-l", "-s", revision, "--", path).splitlines():
                    if f'"{field}": ' in line:
                        commit = line.split()[0].lstrip("^")
                        expected = last[(key, field)]["commit"]
                        assert expected.startswith(commit) or commit == expected, f"{revision} {path} {field}: {line}"
                        seen += 1
        assert seen == 12, seen
        said = {i["field"]: i for i in a.items("blame", "initiative/i1")}
        for field in ("title", "notes", "status", "overview"):
            assert said[field]["change"] == last[("initiative/i1", field)]["change"], said[field]
            assert said[field]["author"] == last[("initiative/i1", field)]["author"], said[field]
        return f"{seen} lines"


def test_every_commit_follows_the_grammar():
    with ctsync.Lab("git") as lab:
        hub, a, b = history(lab)
        changes = {c["commit"]: c for c in a.log()}
        reader = GitReader(hub.path, lab.env)
        oracle = Oracle(reader)
        oracle.check_commits()
        oracle.compare_main()
        for commit in oracle.order:
            raw = reader.read(commit.id, "commit").decode()
            head = raw.split("\n\n", 1)[0].split("\n")
            assert re.fullmatch(r"author [^<>\n]+ <[^<>\n]+> \d+ [+-]\d{4}", head[len(commit.parents) + 1]), head
            assert head[len(commit.parents) + 1].split(" ", 1)[1] == head[len(commit.parents) + 2].split(" ", 1)[1]
            subject = commit.message.split("\n")[0]
            trailers = hub.git("show", "-s", "--format=%(trailers:only,unfold)", commit.id).strip().split("\n")
            names = [t.split(":")[0] for t in trailers]
            assert names[:3] == ["Ctsync-Agency", "Ctsync-Writer", "Ctsync-Seq"], trailers
            assert set(names[3:]) <= {"Ctsync-Seen", "Ctsync-Format"} and "Ctsync-Format" in names, trailers
            assert dict(t.split(": ") for t in trailers)["Ctsync-Format"] == "1"
            assert commit.message.endswith("\n") and not commit.message.endswith("\n\n"), repr(commit.message)
            if commit.is_seen:
                assert re.fullmatch(r"seen [a-z0-9-]+@\d+( [a-z0-9-]+@\d+)*( .*)?", subject), subject
                continue
            change = changes[commit.id]
            assert subject == change["message"].split("\n")[0], (subject, change)
            body = commit.message.rstrip("\n").rsplit("\n\n", 1)[0]
            for e in change["edits"][:50] if len(change["edits"]) <= 50 else []:
                if e["field"] != "deleted":
                    assert any(line.startswith(f"{e['record']} {e['field']}") for line in body.split("\n")), (e, body)
            for line in body.split("\n")[1:]:
                assert len(line) < 400, f"a long value was not cut: {line}"
        summary = next(c["message"] for c in changes.values() if c["edits"] and c["edits"][0]["record"] == "initiative/i1"
                       and {e["field"] for e in c["edits"]} == {"overview", "title"})
        assert summary.startswith("set initiative/i1: ") and "overview" in summary and "title" in summary, summary
        slipped = next(c for c in changes.values() if c["message"].startswith("slipped"))
        assert slipped["message"].rstrip() == "slipped\n\nThe hui moved: see the minutes.", slipped
        reader.close()
        for repository in (hub, a.mirror, b.mirror):
            repository.fsck()
        return f"{len(oracle.order)} commits"


class SchemaOf:
    """The schema of a tree as python3-protobuf reads it."""

    def __init__(self, data):
        from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
        files = descriptor_pb2.FileDescriptorSet.FromString(data).file
        pool = descriptor_pool.DescriptorPool()
        own = descriptor_pb2.FileDescriptorProto()
        descriptor_pb2.DESCRIPTOR.CopyToProto(own)
        pool.Add(own)
        waiting = {f.name: f for f in files if f.name != own.name}
        done = {own.name}
        while waiting:
            ready = [f for f in waiting.values() if set(f.dependency) <= done]
            assert ready, f"schema.binpb: imports of {sorted(waiting)} are missing"
            for f in ready:
                pool.Add(f)
                done.add(f.name)
                del waiting[f.name]
        factory = message_factory.MessageFactory(pool)
        options = factory.GetPrototype(pool.FindMessageTypeByName("google.protobuf.MessageOptions"))
        kind = pool.FindExtensionByName("ctsync.kind")
        factory.GetPrototype(kind.message_type)
        self.kinds, self.common = {}, None
        for f in files:
            for m in f.message_type:
                rules = options.FromString(m.options.SerializeToString()).Extensions[kind]
                full = f"{f.package}.{m.name}" if f.package else m.name
                if rules.common:
                    self.common = factory.GetPrototype(pool.FindMessageTypeByName(full))
                elif rules.name:
                    self.kinds[rules.name] = factory.GetPrototype(pool.FindMessageTypeByName(full))


def test_protobuf_reads_every_file_with_the_stores_own_schema():
    from google.protobuf import json_format
    with ctsync.Lab("git") as lab:
        hub, a, _ = history(lab)
        schema = SchemaOf(hub.git("cat-file", "blob", "main:schema.binpb", text=False))
        assert set(schema.kinds) == set(a.kinds()), (sorted(schema.kinds), a.kinds())
        count = 0
        for path in hub.git("ls-tree", "-r", "--name-only", "main", "records").splitlines():
            text = hub.git("cat-file", "blob", f"main:{path}")
            record = json.loads(text)
            assert text == canonical(record) + "\n" == json.dumps(
                json.loads(text), sort_keys=True, indent=2, ensure_ascii=False) + "\n", path
            message = json_format.Parse(json.dumps(record["fields"]), schema.kinds[record["kind"]]())
            again = json_format.MessageToDict(message, preserving_proto_field_name=True)
            assert again == record["fields"], (path, again, record["fields"])
            rest = {k: v for k, v in record.items() if k not in ("fields", "kind", "id", "conflicts")}
            json_format.Parse(json.dumps(rest), schema.common())
            assert key_of(path) == f"{record['kind']}/{record['id']}"
            count += 1
        written = json.loads(hub.git("cat-file", "blob", "main:schema.json"))
        said = a.json("schema")
        assert {k: v for k, v in said.items() if k != "schema_version"} == \
            {k: v for k, v in written.items() if k != "schema_version"}
        assert hub.git("cat-file", "blob", "main:schema.json") == canonical(written) + "\n"
        assert json.loads(hub.git("cat-file", "blob", "main:ctsync.json")) == {"format": 1}
        return f"{count} files, {len(schema.kinds)} kinds"


def test_the_schema_of_the_mirror_carries_comments_and_nothing_idle():
    """Neither descriptor.proto nor source spans that no comment belongs to."""
    with ctsync.Lab("git") as lab:
        hub, _, _ = history(lab)
        path = lab.path("schema.binpb")
        with open(path, "wb") as f:
            f.write(hub.git("cat-file", "blob", "main:schema.binpb", text=False))
        from google.protobuf import descriptor_pb2
        files = descriptor_pb2.FileDescriptorSet.FromString(open(path, "rb").read()).file
        assert "google/protobuf/descriptor.proto" not in [f.name for f in files]
        for f in files:
            for location in f.source_code_info.location:
                assert location.leading_comments or location.trailing_comments or location.leading_detached_comments, \
                    f"{f.name}: a span without a comment"


def test_folders_fan_out_by_the_set_of_ids_alone():
    with ctsync.Lab("git") as lab:
        hub = lab.hub("hub")
        a = lab.init("a", "DPMC")
        a.run("remote", "add", "origin", hub.path)

        def compare(turn):
            a.run("push")
            reader = GitReader(hub.path, lab.env)
            oracle = Oracle(reader)
            view = oracle.view()
            oracle.compare_main(view)
            for ref, oid in oracle.heads.items():
                assert BRANCH.fullmatch(ref)
                tree = parse_commit(oid, reader.read(oid, "commit")).tree
                oracle.compare_tree(tree, view, ref)
            layout = place_records(view)
            reader.close()
            hub.fsck()
            return max(p.count("/") for p in layout.values()), turn

        def add(start, end):
            a.run("batch", "-", stdin="".join(f"add body/b{n} code=B{n} name='Body {n}'\n" for n in range(start, end)))

        def remove(start, end):
            a.run("batch", "-", stdin="".join(f"rm body/b{n}\n" for n in range(start, end)))

        add(0, 512)
        assert compare("full")[0] == 2
        add(512, 513)
        assert compare("over")[0] == 3
        a.run("set", "body/b17", "name=Renamed")
        assert compare("edited")[0] == 3
        remove(3, 4)
        assert compare("back")[0] == 2
        b = lab.clone(hub.path, "b", "NZP")
        assert b.check() == a.check()


def test_git_bundle_and_clone_take_the_mirror_as_any_repository():
    with ctsync.Lab("git") as lab:
        hub, a, _ = history(lab)
        lab.execute(["git", "clone", "-q", hub.path, lab.path("work")])
        assert os.path.exists(lab.path("work", "records", "initiative", "i1.json"))
        bundle = lab.path("all.bundle")
        a.mirror.git("bundle", "create", "-q", bundle, "--all")
        a.mirror.git("bundle", "verify", "-q", bundle)


if __name__ == "__main__":
    subprocess.run(["git", "--version"], check=True, stdout=subprocess.DEVNULL)
    ctsync.main(globals())
