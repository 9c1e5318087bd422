"""Sealing, against git fast-import of the same commits: rates, and the bytes of the repository."""
import glob
import os

from ctsync import Failure
from fixtures import CHANGES, mirror_of, once, store_of
from rows import Measure, row


def pack_bytes(repository):
    """Packs and their indexes; and loose objects, if there are any."""
    packs = glob.glob(os.path.join(repository, "objects", "pack", "pack-*.pack"))
    loose = glob.glob(os.path.join(repository, "objects", "[0-9a-f][0-9a-f]", "*"))
    return sum(os.path.getsize(p) for p in [*packs, *(p[:-5] + ".idx" for p in packs), *loose])


def collected_bytes(bench, repository):
    """What git gc leaves of a copy."""
    copy = bench.copy(repository, bench.new("gc.git"))
    bench.run("git", "-C", copy, "gc", "-q")
    size = pack_bytes(copy)
    bench.remove(copy)
    return size


def same_commits(fixture, ours, theirs):
    """fast-import made what the seal made: the same ids, or the comparison would be of different work."""
    mine, other = fixture.branches(ours), fixture.branches(theirs)
    for name in fixture.own_branches(ours):
        if mine[name] != other.get(name):
            raise Failure(f"{name} is {mine[name]} here and {other.get(name)} after git fast-import")


def measure_seals(fixture, source, start, stream_of, commits):
    """`source`: a store to be sealed; `start(path)`: makes the repository that fast-import begins with."""
    bench, ours, theirs, own_peak, git_peak = fixture.bench, [], [], 0, 0
    stream, sizes = None, None
    for i in range(fixture.heavy):
        store, repository = bench.new("seal"), bench.new("fast.git")
        bench.copy(source, store)
        start(repository)
        bench.settle()
        told = bench.told("seal", store_of(store))
        if told["commits"] < commits:
            raise Failure(f"{told['commits']} commits were sealed, not {commits}")
        ours.append(told["ns"] / 1e9)
        own_peak = max(own_peak, told["peak_kib"])
        stream = stream or stream_of(mirror_of(store))
        bench.settle()
        timing = bench.time("git", "-C", repository, "fast-import", "--quiet", stdin=stream)
        theirs.append(timing.s)
        git_peak = max(git_peak, timing.peak_kib)
        same_commits(fixture, mirror_of(store), repository)
        if i == 0:
            sizes = pack_bytes(mirror_of(store)), collected_bytes(bench, repository)
        bench.remove(store, repository)
    return Measure(ours, theirs, peak_kib=own_peak, reference_peak_kib=git_peak), sizes


@once
def seal_changes(fixture):
    base = fixture.branches(mirror_of(fixture.path("net/a"))) if fixture.net else None

    def stream_of(mirror):
        return fixture.export(mirror, "changes.stream", *(f"^{oid}" for oid in set(base.values())),
                              *fixture.own_branches(mirror))

    return measure_seals(fixture, fixture.pending, lambda path: fixture.bench.copy(fixture.fast, path), stream_of, CHANGES)


@once
def seal_import(fixture):
    def stream_of(mirror):
        return fixture.export(mirror, "whole.stream", *fixture.own_branches(mirror))

    return measure_seals(fixture, fixture.imported, fixture.bare, stream_of, 1)


@row("seal-changes", "seal 10,000 changes of one record", "git fast-import", faster={"100k": 4, "1m": 3})
def row_seal_changes(fixture):
    return seal_changes(fixture)[0]


@row("seal-import", "seal one change of all records", "git fast-import", faster={"1m": 3}, limit_mb={"1m": 300})
def row_seal_import(fixture):
    return seal_import(fixture)[0]


@row("bytes-import", "bytes of the mirror, one change of all records sealed", "git fast-import, then git gc", within=1.3)
def row_bytes_import(fixture):
    ours, theirs = seal_import(fixture)[1]
    return Measure([ours], [theirs], "B", note="packs and indexes")


@row("bytes-changes", "bytes of the mirror, 10,000 changes more", "git fast-import, then git gc", within=1.3)
def row_bytes_changes(fixture):
    ours, theirs = seal_changes(fixture)[1]
    return Measure([ours], [theirs], "B", note="packs and indexes")
