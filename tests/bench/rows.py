"""The rows of the table: what they are called, what they must reach, how they read.

A row is a function of a fixture (fixtures.py) that returns a Measure; the decorator says the rest:

    @row("seal", "seal 10,000 changes", "git fast-import", faster={"100k": 4, "1m": 3})
    def seal(fixture): ...

faster=G    the reference's time is at least G times ours
within=G    our time, or our bytes, are at most G times the reference's

A dictionary, or `at`, names the sizes for which the goal was set; at other sizes the nearest of them is shown
in brackets, and so is the verdict.
"""
import dataclasses
import statistics

SIZES = {"1k": 1000, "10k": 10_000, "100k": 100_000, "1m": 1_000_000}
ROWS = []


@dataclasses.dataclass
class Measure:
    """What was measured, of which the middle counts; seconds, or bytes where `unit` says so."""

    subject: list
    reference: list
    unit: str = "s"
    peak_kib: int = 0            # of ctsync's process
    reference_peak_kib: int = 0
    note: str = ""


@dataclasses.dataclass
class Row:
    name: str
    title: str
    reference: str
    goal: dict
    is_faster: bool              # else within
    limit_mb: dict
    measure: object


def row(name, title, reference, faster=None, within=None, at=None, limit_mb=None):
    goal = faster if within is None else within
    if not isinstance(goal, dict):
        goal = {size: goal for size in (at or SIZES)}

    def take(function):
        ROWS.append(Row(name, title, reference, goal, within is None, limit_mb or {}, function))
        return function

    return take


def nearest(goals, size):
    """The goal for a size, and whether it was set for it."""
    if not goals:
        return None, False
    names = list(SIZES)
    near = min(goals, key=lambda other: (abs(names.index(other) - names.index(size)), names.index(other)))
    return goals[near], size in goals


def judge(row_, size, measure):
    """A finished row as the JSON has it."""
    subject, reference = statistics.median(measure.subject), statistics.median(measure.reference)
    ratio = (reference / subject) if row_.is_faster else (subject / reference)
    goal, is_set = nearest(row_.goal, size)
    limit = row_.limit_mb.get(size)
    peak_mb = measure.peak_kib * 1024 / 1e6
    reached = ratio >= goal if row_.is_faster else ratio <= goal
    if limit and peak_mb >= limit:
        reached = False
    return {
        "row": row_.name, "title": row_.title, "reference": row_.reference, "records": SIZES[size],
        "unit": measure.unit, "subject": subject, "reference_value": reference,
        "subject_all": measure.subject, "reference_all": measure.reference,
        "ratio": ratio, "ratio_is": "reference / ctsync" if row_.is_faster else "ctsync / reference",
        "goal": goal, "goal_is_set_for_this_size": is_set, "limit_mb": limit, "reached": reached,
        "peak_mb": round(peak_mb, 1), "reference_peak_mb": round(measure.reference_peak_kib * 1024 / 1e6, 1),
        "note": measure.note,
    }


def failure(row_, size, error):
    return {"row": row_.name, "title": row_.title, "reference": row_.reference, "records": SIZES[size], "error": error}


# ---- as text ---------------------------------------------------------------------------------------


def quantity(value, unit):
    if unit == "B":
        return f"{value / 1e6:.2f} MB" if value >= 1e5 else f"{value / 1e3:.1f} kB"
    for factor, name in ((1, "s"), (1e3, "ms")):
        shown = value * factor
        if shown >= 0.9995:
            return f"{shown:.2f} {name}" if shown < 9.995 else f"{shown:.1f} {name}" if shown < 99.95 else f"{shown:,.0f} {name}"
    return f"{value * 1e6:.0f} µs"


def cells(result):
    """records, row, ctsync, reference, ratio, goal, reached."""
    records = f"{result['records']:,}"
    if "error" in result:
        return [records, result["title"], "failed", result["reference"], "", "", "error: " + result["error"][-160:].strip()]
    is_faster = result["ratio_is"].startswith("reference")
    shown = f"{result['ratio']:.2f}x" + (" as fast" if is_faster else " of it")
    goal = f"at least {result['goal']:g}x" if is_faster else f"at most {result['goal']:g}x"
    verdict = "yes" if result["reached"] else "NO"
    own = quantity(result["subject"], result["unit"])
    if result["limit_mb"]:
        goal += f", under {result['limit_mb']:,} MB"
    if result["limit_mb"] or result["peak_mb"] > 100:
        own += f" ({result['peak_mb']:.0f} MB)"
    if not result["goal_is_set_for_this_size"]:
        goal, verdict = f"({goal})", f"({verdict})"
    return [records, result["title"], own, f"{result['reference']}: {quantity(result['reference_value'], result['unit'])}",
            shown, goal, verdict]


HEAD = ["records", "what", "ctsync", "against", "ratio", "goal", "reached"]


def text_table(results):
    lines = [HEAD] + [cells(r) for r in results]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEAD) - 1)]
    out = []
    for line in lines:
        out.append("  ".join(cell.rjust(w) if i == 0 else cell.ljust(w)
                             for i, (cell, w) in enumerate(zip(line, widths))) + "  " + line[-1])
    out.insert(1, "  ".join("-" * w for w in widths) + "  -------")
    return "\n".join(out)


def markdown_line(words):
    return "| " + " | ".join(word.replace("|", "\\|") for word in words) + " |"


def markdown_table(results):
    """A line a row: for each size both sides and the ratio, in bold where it misses a goal set for that size."""
    sizes = sorted({r["records"] for r in results})
    by_row = {}
    for r in results:
        by_row.setdefault(r["row"], {})[r["records"]] = r
    lines = [markdown_line(["what, against what", *(f"{size:,}" for size in sizes), "goal"]), "|---|" + "---|" * (len(sizes) + 1)]
    for of_size in by_row.values():
        any_size = next(iter(of_size.values()))
        words = [f"{any_size['title']}, against {any_size['reference']}"]
        for size in sizes:
            words.append(size_cell(of_size[size]) if size in of_size else "")
        goals = dict.fromkeys(goal_of(of_size[size]) for size in sizes if size in of_size)
        lines.append(markdown_line([*words, "; ".join(goals)]))
    return "\n".join(lines)


def size_cell(result):
    if "error" in result:
        return "failed"
    sides = f"{quantity(result['subject'], result['unit'])} : {quantity(result['reference_value'], result['unit'])}"
    is_missed = result["goal_is_set_for_this_size"] and not result["reached"]
    ratio = f"{result['ratio']:.2f}x"
    return f"{sides} = {'**' + ratio + '**' if is_missed else ratio}"


def goal_of(result):
    if "error" in result:
        return ""
    is_faster = result["ratio_is"].startswith("reference")
    goal = f"{result['goal']:g}x as fast" if is_faster else f"at most {result['goal']:g}x"
    return goal + (f", under {result['limit_mb']:,} MB" if result["limit_mb"] else "")
