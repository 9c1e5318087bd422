"""Every transcript of the command line prints what it did when it was written; see transcript.py.

    test_transcripts.py [--update] [NAME...]
"""
import glob
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import transcript

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "transcripts")


def self_test():
    """The runner can fail: elision and masks do what they say, and a difference is one."""
    assert transcript.matches(["a", "...", "d"], ["a", "b", "c", "d"])
    assert transcript.matches(["...", "d"], ["d"])
    assert not transcript.matches(["a", "...", "d"], ["a", "b"])
    assert not transcript.matches(["a"], ["a", "b"]) and not transcript.matches([], ["a"])
    masks = transcript.Masks("/tmp/x")
    assert masks("/tmp/x/s 7f3a9c21d0b4e586.12 7f3a9c21d0b4e587 7f3a9c21d0b4e586") == "DIR/s W1.12 W2 W1"
    assert masks("2021-06-15 21:30:00 +1200 2021-06-15T09:30:00Z 2021-06-15") == "TIME TIME 2021-06-15"
    assert masks("milestone/nzp.first-hui-x7k2q") == "milestone/nzp.first-hui-XXXXX"
    assert masks("0" * 40 + " " + "1" * 40 + " " + "0" * 40 + " " + "2" * 64) == "H1 H2 H1 SHA256"


if __name__ == "__main__":
    self_test()
    words = [w for w in sys.argv[1:] if w != "--update"]
    paths = [os.path.join(HERE, w if w.endswith(".txt") else w + ".txt") for w in words]
    paths = paths or sorted(glob.glob(os.path.join(HERE, "*.txt")))
    if not paths:
        sys.exit("no transcripts")
    sys.exit(1 if transcript.main(paths, "--update" in sys.argv) else 0)
