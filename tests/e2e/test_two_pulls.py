#!/usr/bin/python3
"""Two pulls of one store at once: what the slower one was told first is old, and no branch went back for it.

The first connection is held between what the hub offers and what the store asks for. Meanwhile another agency
pushes, and the same store pulls again.
"""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from ctsync import INTEGRITY, Lab, expect_error, main  # noqa: E402
from servers import write  # noqa: E402


def held(lab, meanwhile):
    """A GIT_SSH that runs git here, the first time with a command of ours in between."""
    script = write(lab.path("meanwhile"), f"#!/bin/sh\nexec >{lab.path('said')} 2>&1\nset -e\n{meanwhile}\n", 0o755)
    return write(lab.path("slow-ssh"), "#!/bin/sh\n"
                 f"if mkdir {lab.path('held')} 2>/dev/null; then\n"
                 f"\t{{ {script}; cat; }} | sh -c \"$2\"\n"
                 "else\n\texec sh -c \"$2\"\nfi\n", 0o755)


def meet(lab):
    hub = lab.hub("hub.git")
    a = lab.init("a", "DPMC")
    a.run("remote", "add", "origin", f"ssh://hub.example{hub.path}")
    a.run("push", env={"GIT_SSH": held(lab, "")})
    b = lab.clone(hub.path, "b", "NZP")
    b.run("add", "initiative/one", "title=One")
    b.run("push")
    os.rmdir(lab.path("held"))
    return hub, a, b


def test_a_pull_that_was_overtaken_is_no_alarm():
    with Lab("two-pulls") as lab:
        hub, a, b = meet(lab)
        slow = held(lab, f"{lab.program} -C {b.path} set initiative/one title=Two\n{lab.program} -C {b.path} push\n"
                         f"{lab.program} -C {a.path} pull")
        result = a.run("pull", env={"GIT_SSH": slow})
        said = open(lab.path("said"), encoding="utf-8").read()
        assert "received 3 commits" in said, said
        assert "nothing new" in result.err, result
        assert a.show("initiative/one")["fields"]["title"] == "Two"
        assert a.check() == b.check()
        hub.fsck()


def test_a_branch_that_did_go_back_meanwhile_is_told_by_the_next_pull():
    with Lab("two-pulls") as lab:
        hub, a, b = meet(lab)
        a.run("pull", env={"GIT_SSH": held(lab, "")})
        branch = next(name for name in hub.refs() if name.startswith("refs/heads/nzp/"))
        old = hub.git("rev-parse", branch + "^").strip()
        hub.git("update-ref", branch, old)
        os.makedirs(lab.path("held"), exist_ok=True)
        expect_error(a.run("pull", ok=None, env={"GIT_SSH": held(lab, "")}), INTEGRITY, "went back")


if __name__ == "__main__":
    main(globals())
