"""The machine that a table was measured on, named so that another can be compared."""
import os
import platform
import subprocess


def said(*argv):
    try:
        run = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
    except OSError:
        return "?"
    return (run.stdout or run.stderr).strip().split("\n")[0] or "?"


def value_in(path, name):
    with open(path, encoding="utf-8") as f:
        for line in f:
            key, _, value = line.partition(":")
            if key.strip() == name:
                return value.strip()
    return "?"


def file_system(path):
    """Type, device and options of the mount that holds a path."""
    path, best = os.path.realpath(path), ("", "?")
    with open("/proc/mounts", encoding="utf-8") as f:
        for line in f:
            device, where, kind, options = line.split(" ")[:4]
            if (path + "/").startswith(where.rstrip("/") + "/") and len(where) >= len(best[0]):
                best = (where, f"{kind} on {device} ({options.replace(',', ', ')})")
    return best[1]


def describe(bench):
    return {
        "processor": value_in("/proc/cpuinfo", "model name"),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1),
        "kernel": f"{platform.system()} {platform.release()}",
        "file_system": file_system(bench.dir),
        "file_system_of_durable_rows": file_system(bench.durable),
        "git": said("git", "--version").removeprefix("git version "),
        "libgit2": said("pkg-config", "--modversion", "libgit2"),
        "lmdb": said(bench.tool("load"), "--version"),
        "sqlite": said("sqlite3", "--version").split(" ")[0],
        "openssh": said("ssh", "-V"),
        "nginx": said("nginx", "-v").rpartition("/")[2],
        "ctsync": said("git", "-C", os.path.dirname(os.path.abspath(__file__)), "describe", "--always", "--dirty"),
    }


def text(machine):
    return (f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB, {machine['kernel']}; "
            f"{machine['file_system'].split(' (')[0]}; git {machine['git']}, libgit2 {machine['libgit2']}, "
            f"{machine['lmdb'].split(':')[0]}, sqlite {machine['sqlite']}, nginx {machine['nginx']}, {machine['openssh'].split(',')[0]}")
