"""A hundred writers and their years of history in a hub, made in seconds: commits for `git fast-import`.

    crowd = Crowd(hub, founder_branch)       # the hub holds a programme that `init` began
    crowd.live(writers=100, changes=40)      # each writer's edits, with seen commits in between, and
                                             # the view that each of them left in main
    crowd.change(7)                          # one more edit by the writer with this number

Each writer has a record of their own and edits only that, so the tree of what anyone had seen is the union
of those records as they were then; every commit is as the program would have made it.
"""
import json

from oracle import place_records

AGENCIES = 20
BEGAN = 1293840000  # 2011-01-01
YEARS = 10 * 365 * 86400


class Crowd:
    def __init__(self, hub, founder):
        self.hub = hub
        self.founder = hub.git("rev-parse", founder).strip()
        self.writers, self.time = [], BEGAN
        self.main = hub.git("rev-parse", "main").strip()

    def live(self, writers, changes, sees_every=20):
        """Every writer's first commit is a seen commit; later ones see whatever the others have by then."""
        for n in range(len(self.writers), writers):
            self.writers.append(Writer(n))
        step = max(1, YEARS // (writers * changes))
        stream = []
        for turn in range(changes):
            for n, writer in enumerate(self.writers):
                self.time += step
                if turn == 0 or (turn + n) % sees_every == 0:
                    stream.append(self.see(writer))
                stream.append(self.edit(writer))
                stream.append(self.view(writer))
        self.load(stream)

    def change(self, number):
        self.time += 60
        writer = self.writers[number]
        self.load([self.edit(writer), self.view(writer)])
        return writer

    def view(self, writer):
        """What the writer's push made of main: their record in it as it is now, all others as they were."""
        person = f"ctsync view <view@ctsync> {self.time} +0000"
        key, text = writer.key, writer.known[writer.key].encode()
        mark = writer.tip.replace(":", ":9")
        out = (f"commit refs/heads/main\nmark {mark}\nauthor {person}\ncommitter {person}\ndata 5\nview\n"
               f"from {self.main}\nmerge {writer.tip}\n"
               f"M 100644 inline {place_records([key])[key]}\ndata {len(text)}\n{text.decode()}\n")
        self.main = mark
        return out

    def load(self, stream):
        self.hub.git("fast-import", "--quiet", "--force", stdin="".join(stream) + "done\n")
        for writer in self.writers:
            writer.tip = f"{writer.ref}^0"  # the next stream begins from what is there
        self.main = "refs/heads/main^0"

    def see(self, writer):
        """All newest commits that are new to the writer, at most 64 with their own."""
        news = [w for w in self.writers if w is not writer and w.seq and writer.seen.get(w.name, 0) < w.seq]
        news = [w for w in news if all(o.seen.get(w.name, 0) < w.seq for o in news)][:63]
        own = [writer.tip] if writer.seq else [] if news else [self.founder]
        parents = own + [w.tip for w in news]
        for w in news:
            for name, seq in (*w.seen.items(), (w.name, w.seq)):
                writer.seen[name] = max(seq, writer.seen.get(name, 0))
        for w in self.writers:
            if writer.seen.get(w.name):
                writer.known[w.key] = w.texts[writer.seen[w.name]]
        words = " ".join(f"{w.agency}@{w.seq}" for w in news) or "dpmc@1"
        return self.commit(writer, f"seen {words}", parents, [f"Ctsync-Seen: {len(parents)}"], writer.known)

    def edit(self, writer):
        text = json.dumps({"fields": {"title": f"Change {writer.seq}"}, "id": writer.key.split("/")[1],
                           "kind": "initiative"}, indent=2, sort_keys=True) + "\n"
        writer.known[writer.key] = text
        return self.commit(writer, f"set {writer.key}: title", [writer.tip], [], {writer.key: text})

    def commit(self, writer, subject, parents, trailers, texts):
        writer.seq += 1
        writer.texts[writer.seq] = writer.known.get(writer.key)
        message = "\n".join([subject, "", f"Ctsync-Agency: {writer.agency}", f"Ctsync-Writer: {writer.name}",
                             f"Ctsync-Seq: {writer.seq}", *trailers, "Ctsync-Format: 1", ""])
        person = f"Crowd <crowd@{writer.agency}.example> {self.time} +0000"
        mark = int(writer.name, 16) * 1000000 + writer.seq
        out = [f"commit {writer.ref}\nmark :{mark}\nauthor {person}\ncommitter {person}\ndata {len(message.encode())}\n{message}"]
        out += [f"{'from' if n == 0 else 'merge'} {parent}\n" for n, parent in enumerate(parents)]
        for key, path in place_records(texts).items():
            out.append(f"M 100644 inline {path}\ndata {len(texts[key].encode())}\n{texts[key]}\n")
        writer.tip = f":{mark}"
        return "".join(out)


class Writer:
    def __init__(self, number):
        self.agency = f"agency{number % AGENCIES:02}"
        self.name = f"{number + 1:016x}"
        self.ref = f"refs/heads/{self.agency}/{self.name}"
        self.key = f"initiative/own{number:03}"
        self.seq, self.tip = 0, None
        self.seen = {}   # writer's name -> number of the newest commit seen
        self.known = {}  # key -> text, in the tree of the last commit
        self.texts = {}  # number of a commit -> the own record's text at it

    def __repr__(self):
        return f"{self.agency}/{self.name}"
