"""Commits as another program would make them: with git's plumbing, in any bare repository.

    writer = Plumber(hub, "nzp", "00000000000000aa")
    writer.see(*hub_heads)                            # a seen commit, as a new writer's first
    writer.edit({"records/initiative/x.json": text})  # text None: the file goes
"""
import os


class Plumber:
    def __init__(self, repository, agency, writer, time=1750000000):
        self.repository, self.agency, self.writer = repository, agency, writer
        self.head, self.seq, self.time = None, 0, time

    @property
    def branch(self):
        return f"refs/heads/{self.agency}/{self.writer}"

    def text_of(self, path, commit=None):
        return self.repository.git("cat-file", "blob", f"{commit or self.head}:{path}")

    def see(self, *heads, tree=None):
        """Parents: the own previous commit, then `heads`; the tree is the first head's unless named."""
        subject = "seen " + " ".join(self.name(h) for h in heads)
        parents = ([self.head] if self.head else []) + list(heads)
        tree = tree or self.repository.git("rev-parse", f"{heads[0]}^{{tree}}").strip()
        return self.commit(tree, parents, subject, [f"Ctsync-Seen: {len(parents)}"])

    def name(self, commit):
        """dpmc@12"""
        found = self.repository.git("show", "-s", "--format=%(trailers:key=Ctsync-Agency,valueonly,separator=)@"
                                    "%(trailers:key=Ctsync-Seq,valueonly,separator=)", commit)
        return found.strip()

    def edit(self, files, subject="an edit"):
        return self.commit(self.tree_with(files), [self.head], subject, [])

    def tree_with(self, files):
        env = {"GIT_INDEX_FILE": os.path.join(self.repository.path, f"index-{self.writer}")}
        self.repository.git("read-tree", self.head, env=env)
        for path, text in files.items():
            if text is None:
                self.repository.git("update-index", "--force-remove", path, env=env)
                continue
            blob = self.repository.git("hash-object", "-w", "--stdin", stdin=text).strip()
            self.repository.git("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", env=env)
        tree = self.repository.git("write-tree", env=env).strip()
        os.unlink(env["GIT_INDEX_FILE"])
        return tree

    def commit(self, tree, parents, subject, trailers):
        self.seq += 1
        self.time += 60
        lines = [subject, "", f"Ctsync-Agency: {self.agency}", f"Ctsync-Writer: {self.writer}",
                 f"Ctsync-Seq: {self.seq}", *trailers, "Ctsync-Format: 1", ""]
        person = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in (
            ("NAME", "Plumber"), ("EMAIL", f"plumber@{self.agency}.example"), ("DATE", f"{self.time} +0000"))}
        self.head = self.repository.git("commit-tree", tree, *(x for p in parents for x in ("-p", p)), "-F", "-",
                                        stdin="\n".join(lines), env=person).strip()
        self.repository.git("update-ref", self.branch, self.head)
        return self.head
