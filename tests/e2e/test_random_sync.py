#!/usr/bin/python3
"""The promise of the product: whatever agencies do, and over whatever road, they end with the same records.

Up to five stores and three hubs; edits of every merge class, deletions, records made again, resolutions,
undos and batches; offline spells; pushes and pulls in random order; wrong clocks; stores copied with cp -r
and restored from an older copy. In the end everything is synced until nothing moves, and then

 - every store holds the same records, digests and conflicts, byte for byte those of the oracle's definition;
 - main on every hub is that view; a rebuild of each store gives the same again; check holds everywhere;
 - every commit's tree is the whole programme as its writer saw it;
 - every change that was acknowledged is in the history once, with what was typed; every value typed is in a
   record, a conflict side or the history; no dropped list item came back and none was lost;
 - git fsck --strict has nothing to say of any mirror or hub.

CTS_SEED sets the first seed, CTS_ROUNDS how many, CTS_JOBS how many at once.
"""
import json
import multiprocessing
import os
import random
import shutil
import sys
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import ctsync  # noqa: E402
from ctsync import OK, REFUSED, VALUE, Failure  # noqa: E402
from oracle import GitReader, Oracle  # noqa: E402

AGENCIES = ["DPMC", "NZP", "GCSB", "NZSIS", "MSD"]
KEYS = ["initiative/i1", "initiative/i2", "initiative/shared.long-name_3", "milestone/m1", "milestone/m2"]
REGISTERS = {"initiative": ["title", "lead_note", "status", "rating", "position"],
             "milestone": ["due", "forecast", "status", "position", "parent"]}
CHOICES = {"status": ["not_started", "in_progress", "ongoing", "blocked", "complete"],
           "rating": ["green", "amber", "red"],
           "classification": ["unclassified", "in_confidence", "sensitive", "restricted", "secret"]}
TEXTS = {"initiative": ["overview", "notes"], "milestone": ["label"]}
SETS = {"initiative": ["labels", "endorsements", "leads"], "milestone": ["labels", "endorsements", "depends_on"]}
COUNTRIES = ["AUS", "CAN", "GBR", "USA"]
REQUIRED = {"title", "parent"}
COMMON = {"classification", "endorsements", "releasable_to", "labels", "source"}
WORDS = "plan hui review threat agency report kaitiaki Kāpuia board advice".split()


class Agency:
    """A store with what the test knows of it."""

    def __init__(self, store, remotes):
        self.store, self.remotes = store, remotes  # hub number -> remote name
        self.backup = None  # (path, number of changes acknowledged then)
        self.acked = []     # change ids in order


class Round:
    def __init__(self, seed):
        self.seed, self.rng = seed, random.Random(seed)
        self.tokens = {}    # a unique word that was typed -> the change that holds it
        self.sure = set()   # changes that must be in the history at the end
        self.maybe = set()  # changes made after a backup that was restored, and pushed nowhere
        self.count = 0
        self.decided = set()  # (record, field) where someone chose among sides, or undid

    # -- the course of a round --

    def run(self):
        with ctsync.Lab(f"random-{self.seed}") as lab:
            self.lab = lab
            self.clock = ctsync.tool(lab, "clock", shared=True) if self.rng.random() < 0.4 else None
            self.set_up()
            for _ in range(self.rng.randrange(15, 60)):
                self.step()
            conflicts = self.settle_down()
            return lab.commands, conflicts, self.verify()

    def set_up(self):
        rng, lab = self.rng, self.lab
        self.hubs = [lab.hub(f"h{n}") if rng.random() < 0.5 else ctsync.Hub(lab, lab.path(f"h{n}"))
                     for n in range(rng.randrange(1, 4))]
        first = lab.init("s0", AGENCIES[0])
        agency = Agency(first, {})
        for n, hub in enumerate(self.hubs):
            made = os.path.exists(hub.path)
            first.run("remote", "add", f"h{n}", hub.path, *([] if made else ["--create"]))
            agency.remotes[n] = f"h{n}"
        self.agencies = [agency]
        self.skew(agency)
        for _ in range(rng.randrange(0, 4)):
            self.edit(agency)
        first.run("push", "h0")
        for _ in range(rng.randrange(1, 3)):
            self.join()

    def join(self):
        """One more agency, or an agency's second laptop, from a hub that has something."""
        rng, n = self.rng, len(self.agencies)
        filled = [h for h, hub in enumerate(self.hubs) if hub.refs()]
        home = rng.choice(filled)
        store = self.lab.clone(self.hubs[home].path, f"s{n}", rng.choice(AGENCIES[1:]))
        agency = Agency(store, {home: "origin"})
        for h, hub in enumerate(self.hubs):
            if h != home:
                store.run("remote", "add", f"h{h}", hub.path)
                agency.remotes[h] = f"h{h}"
        self.agencies.append(agency)
        self.skew(agency)

    def skew(self, agency):
        if self.clock:
            agency.store.env = {"LD_PRELOAD": self.clock, "CTS_CLOCK_SHIFT": str(self.rng.choice([0, -86400, 3600, 40000000])),
                                "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}

    def step(self):
        rng, agency, do = self.rng, self.rng.choice(self.agencies), self.rng.random()
        if do < 0.55:
            for _ in range(rng.choice([1, 1, 1, 2, 5])):
                self.edit(agency)
        elif do < 0.70:
            self.pull(agency, rng.choice(list(agency.remotes)))
        elif do < 0.83:
            self.push(agency, rng.choice(list(agency.remotes)))
        elif do < 0.92:
            for h in agency.remotes:
                self.pull(agency, h)
                self.push(agency, h)
        elif do < 0.94 and len(self.agencies) < 5:
            self.join()
        elif do < 0.955 and len(self.agencies) < 5:
            self.copy(agency)
        elif do < 0.97:
            self.back_up(agency)
        elif do < 0.985 and agency.backup:
            self.restore(agency)
        else:
            agency.store.check()
            changes = [c["change"] for c in agency.store.log()]
            assert len(changes) == len(set(changes)), f"a change twice in the log: {changes}"

    def copy(self, agency):
        """Another machine that begins as this one; both go on."""
        store = agency.store.copy(f"s{len(self.agencies)}")
        twin = Agency(store, dict(agency.remotes))
        store.env = agency.store.env
        self.agencies.append(twin)

    def back_up(self, agency):
        self.count += 1
        path = self.lab.path(f"backup{self.count}")
        self.lab.execute(["cp", "-r", agency.store.path, path])
        agency.backup = (path, len(agency.acked))

    def restore(self, agency):
        """The disk died: the older copy takes its place. What was made since and pushed nowhere is gone."""
        path, kept = agency.backup
        pushed = {c["change"] for c in agency.store.log() if c["state"] == "pushed"}
        for change in agency.acked[kept:]:
            if change not in pushed:
                self.sure.discard(change)
                self.maybe.add(change)
        shutil.rmtree(agency.store.path)
        self.lab.execute(["cp", "-r", path, agency.store.path])
        agency.acked = agency.acked[:kept]

    def pull(self, agency, h):
        empty = not self.hubs[h].refs()
        result = agency.store.run("-o", "json", "pull", agency.remotes[h], ok=(OK, REFUSED) if empty else (OK,))
        if result.status != OK:
            return 0
        answer = result.json()
        assert not answer["refused"], f"pull refused {answer['refused']}"
        return answer["commits"]

    def push(self, agency, h):
        answer = agency.store.json("push", agency.remotes[h])
        return answer["commits"] + len(answer["branches"])

    # -- what people type --

    def token(self):
        self.count += 1
        return f"w{self.seed}x{self.count}"

    def acknowledge(self, agency, result, tokens, keys):
        change = result.change()
        printed = result.out.split()[1:]
        assert printed, f"no record behind the change: {result}"
        assert change not in self.sure and change not in self.maybe, f"{change} was given twice"
        agency.acked.append(change)
        self.sure.add(change)
        for token in tokens:
            self.tokens[token] = change

    def edit(self, agency):
        rng, store = self.rng, agency.store
        key = rng.choice(KEYS)
        shown = store.show(key)
        do = rng.random()
        if shown is None:
            self.add(agency, key)
        elif shown.get("conflicts") and do < 0.35:
            self.resolve(agency, key, shown)
        elif do < 0.06:
            self.acknowledge(agency, store.run("rm", key), [], [key])
        elif do < 0.10 and agency.acked:
            result = store.run("undo", "--settle", ok=(OK, REFUSED, VALUE))
            if result.status == OK:
                self.acknowledge(agency, result, [], [])
                self.decided.add("undo")
        elif do < 0.2:
            self.batch(agency)
        else:
            arguments, tokens = self.assignments(key, shown, rng.choice([1, 1, 2, 3]))
            if arguments:
                more = ["-m", f"because of {rng.choice(WORDS)}\n\nand more"] if rng.random() < 0.3 else []
                result = store.run("set", key, *more, "--", *arguments)
                if result.out.strip():
                    self.acknowledge(agency, result, tokens, [key])

    def add(self, agency, key):
        kind = key.split("/")[0]
        token = self.token()
        arguments = [f"title=Title {token}"] if kind == "initiative" else [f"parent=initiative/{token}"]
        more, tokens = self.assignments(key, {"fields": {}}, self.rng.randrange(0, 4), skip=REQUIRED)
        result = agency.store.run("add", key, "--", *arguments, *more, ok=(OK, REFUSED))
        if result.status == REFUSED:  # it was deleted: its id is not taken again without saying so
            result = agency.store.run("add", key, "--again", "--", *arguments, *more)
        self.acknowledge(agency, result, [token, *tokens], [key])

    def resolve(self, agency, key, shown):
        rng, conflict = self.rng, self.rng.choice(shown["conflicts"])
        field = conflict["field"]
        sides, tokens = conflict["sides"], []
        repeated = any(isinstance(s.get("value"), list) for s in sides)
        can_type = field not in ("deleted", "baseline", "status", "rating", "position", "parent") and not repeated
        if can_type and rng.random() < 0.4:
            tokens = [self.token()]
            argv = ["resolve", key, field, "--value", f"initiative/{tokens[0]}" if field == "parent" else f"chosen {tokens[0]}"]
        else:
            argv = ["resolve", key, field, "--take", str(rng.randrange(len(sides)) + 1)]
        result = agency.store.run(*argv, "-m", "we agreed", ok=(OK, VALUE))
        if result.status == VALUE:  # a required field cannot be cleared
            assert field in REQUIRED, f"refused: {result}"
            return
        self.decided.add((key, field))
        self.acknowledge(agency, result, tokens, [key])

    def batch(self, agency):
        """Several edits as one transaction, quoted as for a shell."""
        import shlex
        rng, lines, tokens, keys = self.rng, ["# a batch"], [], []
        for key in rng.sample(KEYS, rng.randrange(2, len(KEYS))):
            shown = agency.store.show(key)
            if shown is None:
                continue
            arguments, more = self.assignments(key, shown, rng.randrange(1, 4))
            if arguments:
                lines.append(shlex.join(["set", key, *arguments]))
                tokens += more
                keys.append(key)
        if keys:
            result = agency.store.run("batch", "-", "-m", "one paper", stdin="\n".join(lines) + "\n")
            if result.out.strip():
                self.acknowledge(agency, result, tokens, keys)

    def assignments(self, key, shown, count, skip=()):
        """`count` random assignments to fields of a record that are not in conflict, and the words typed."""
        kind = key.split("/")[0]
        blocked = {c["field"] for c in shown.get("conflicts", [])} | set(skip)
        fields = REGISTERS[kind] + TEXTS[kind] * 2 + SETS[kind] + ["classification", "releasable_to"]
        fields += ["points"] * 5 if kind == "initiative" else ["baseline"] * 2
        chosen = [f for f in dict.fromkeys(self.rng.sample(fields, min(count, len(fields)))) if f not in blocked]
        out, tokens = [], []
        for field in chosen:
            value = (shown if field in COMMON else shown["fields"]).get(field)
            out += self.assign(kind, field, value, tokens)
        return out, tokens

    def assign(self, kind, field, value, tokens):
        rng = self.rng

        def new():
            tokens.append(self.token())
            return tokens[-1]

        if field in TEXTS[kind]:
            return [f"{field}={self.edited_text(value or '', new)}"]
        if field == "points":
            return self.edited_list(field, list(value or []), new)
        if field in SETS[kind]:
            name = {"leads": "agency/a", "depends_on": "milestone/n"}.get(field, "L") + str(rng.randrange(4))
            return [f"{field}-={name}" if name in (value or []) else f"{field}+={name}"]
        if field == "releasable_to":
            some = rng.sample(COUNTRIES, rng.randrange(0, 4))
            return [f"{field}={c}" for c in some] or [f"{field}="]
        if field == "baseline":
            return [] if value else [f"baseline=Dependent on {new()}"]
        if rng.random() < 0.12 and field not in REQUIRED:
            return [f"{field}="]
        if field == "position":
            return [f"position={rng.randrange(1, 5)}"]
        if field in CHOICES:
            return [f"{field}={rng.choice(CHOICES[field])}"]
        return [f"{field}=" + {"parent": "initiative/", "title": "Title ", "lead_note": "note "}.get(field, "Dependent on ") + new()]

    def edited_text(self, text, new):
        """One change as an editor would make it: a line in, a line out, a word changed; rarely a mark."""
        rng = self.rng
        lines = text.split("\n") if text else []
        do = rng.random()
        if not lines or do < 0.45:
            lines.insert(rng.randrange(len(lines) + 1), f"{rng.choice(WORDS)} {rng.choice(WORDS)} {new()} {rng.choice(WORDS)}")
        elif do < 0.8:
            at = rng.randrange(len(lines))
            words = lines[at].split(" ")
            if not any("[[" in w or "]]" in w for w in words):
                words[rng.randrange(len(words))] = new()
                lines[at] = " ".join(words)
            else:
                lines.append(new())
        elif do < 0.95 and len(lines) > 1:
            lines.pop(rng.randrange(len(lines)))
        else:
            lines.append(f"seen [[withhold 6(a)|{new()}]] only")
        return "\n".join(lines) or new()

    def edited_list(self, field, items, new):
        rng, do = self.rng, self.rng.random()
        if not items or do < 0.3:
            return [f"{field}+={new()}"]
        if do < 0.5:
            return [f"{field}-={rng.choice(items)}"]
        if do < 0.85:
            items.insert(rng.randrange(len(items) + 1), new())
        else:
            items.pop(rng.randrange(len(items)))
        return [f"{field}={i}" for i in items] or [f"{field}="]

    # -- the end --

    def settle_down(self):
        """Syncs all with all until a whole pass moves nothing; returns the number of open conflicts."""
        for _ in range(12):
            moved = 0
            for agency in self.rng.sample(self.agencies, len(self.agencies)):
                for h in self.rng.sample(sorted(agency.remotes), len(agency.remotes)):
                    moved += self.pull(agency, h)
                    moved += self.push(agency, h)
            if not moved:
                return len(self.agencies[0].store.items("conflicts"))
        raise Failure("syncing never comes to rest: 12 passes, and still something moves")

    def verify(self):
        stores = [a.store for a in self.agencies]
        readers = [GitReader(hub.path, self.lab.env) for hub in self.hubs]
        try:
            oracles = [Oracle(reader) for reader in readers]
            views = [oracle.view() for oracle in oracles]
            files = [{key: record.json() for key, record in view.items()} for view in views]
            oracles[0].check_commits()
            for oracle, view, hub in zip(oracles, views, self.hubs):
                assert files[0] == {k: r.json() for k, r in view.items()}, f"{hub.path} holds another state than h0"
                oracle.compare_main(view)
            mains = {hub.path: hub.git("rev-parse", "main^{tree}").strip() for hub in self.hubs}
            assert len(set(mains.values())) == 1, f"published trees differ: {mains}"
            said = [oracles[0].compare_store(store, views[0]) for store in stores]
            assert all(s == said[0] for s in said), f"digests differ: {said}"
            lost = self.compare_history(oracles[0], views[0], stores)
            for store in stores:
                store.run("rebuild")
                assert store.check() == said[0], f"{store.path}: a rebuild gives another digest"
            oracles[0].compare_store(self.rng.choice(stores), views[0])
            for repository in [*(s.mirror for s in stores), *self.hubs]:
                repository.fsck()
            return lost
        finally:
            for reader in readers:
                reader.close()

    def compare_history(self, oracle, view, stores):
        """Each change once in each store's log, as its commit says; returns the number of words lost."""
        logs = [store.log() for store in stores]
        for store, log in zip(stores, logs):
            commits = [c["commit"] for c in log]
            assert None not in commits, f"{store.path}: still pending after the last push"
            assert len(commits) == len(set(commits)), f"{store.path}: a commit twice in the log"
            by_commit = {c["commit"]: c for c in log}
            for commit in oracle.order:
                if commit.is_seen:
                    assert not by_commit.get(commit.id, {}).get("edits"), f"{commit.change} has seen, and edits"
                    continue
                item = by_commit.get(commit.id)
                assert item, f"{store.path}: {commit.change} is not in the log"
                assert item["change"] == commit.change and item["agency"] == commit.agency
                assert item["author"] == commit.author and item["state"] == "pushed", item
                found = {(e["record"], e["field"], json.dumps(e["new"])) for e in item["edits"]}
                for key, field, _, new in oracle.authored[commit.id]:
                    if field != "deleted":
                        assert (key, field, json.dumps(new)) in found, f"{commit.change}: {key} {field} = {new} not in {found}"
            assert set(by_commit) <= set(oracle.commits), f"{store.path}: the log has commits that the hub has not"
        changes = {c["change"] for c in logs[0]}
        missing = self.sure - changes
        assert not missing, f"acknowledged, and gone: {sorted(missing)}"
        history = json.dumps([e["new"] for c in logs[0] for e in c["edits"]], ensure_ascii=False)
        records = json.dumps([r.object() for r in view.values()], ensure_ascii=False)
        lost = [t for t, change in self.tokens.items() if change in self.sure and t not in history and t not in records]
        assert not lost, f"typed, and nowhere: {lost}"
        self.compare_lists(logs[0], view)
        return len(lost)

    def compare_lists(self, log, view):
        """Without the merge rule: a list item stays unless someone took it out, and then stays out."""
        put, taken, again = {}, {}, set()
        for change in log:
            for e in change["edits"]:
                if e["field"] == "points":
                    old, new = set(e["old"] or []), set(e["new"] or [])
                    for item in new - old:
                        again |= {(e["record"], item)} if (e["record"], item) in put else set()
                        put[(e["record"], item)] = change["change"]
                    for item in old - new:
                        taken[(e["record"], item)] = change["change"]
        deleted = {e["record"] for c in log for e in c["edits"] if e["field"] == "deleted"}
        for (key, item), change in put.items():
            if key not in view or "points" in view[key].conflicts or (key, "points") in self.decided or "undo" in self.decided:
                continue
            if key in deleted:
                continue
            there = item in view[key].values.get("points", [])
            if (key, item) not in taken:
                assert there, f"{key}: '{item}' of {change} was lost; nobody took it out"
            elif (key, item) not in again:
                assert not there, f"{key}: '{item}' came back; {taken[(key, item)]} took it out"


def play(seed):
    try:
        return seed, Round(seed).run(), None
    except BaseException:  # whatever it is, the seed must be told
        return seed, None, traceback.format_exc()


def main():
    ctsync.program()
    first = int(os.environ.get("CTS_SEED") or random.SystemRandom().randrange(1 << 30))
    rounds = int(os.environ.get("CTS_ROUNDS") or 60)
    jobs = int(os.environ.get("CTS_JOBS") or min(rounds, os.cpu_count() or 1))
    print(f"seeds {first}..{first + rounds - 1} (CTS_SEED={first} CTS_ROUNDS={rounds})", flush=True)
    commands = conflicts = losses = 0
    with multiprocessing.Pool(jobs) as pool:
        for n, (seed, answer, trouble) in enumerate(pool.imap_unordered(play, range(first, first + rounds)), 1):
            if trouble:
                pool.terminate()
                print(f"FAIL seed {seed} (again: CTS_SEED={seed} CTS_ROUNDS=1)\n{trouble}", flush=True)
                sys.exit(1)
            commands, conflicts, losses = commands + answer[0], conflicts + answer[1], losses + answer[2]
            if sys.stderr.isatty():
                print(f"\r{n}/{rounds}", end="", file=sys.stderr, flush=True)
    print(f"rounds {rounds}, seeds {first}..{first + rounds - 1}, commands {commands}, conflicts {conflicts}, losses {losses}")


if __name__ == "__main__":
    main()
