"""docs/performance.md and its charts, from the figures of a run: `python -m bench.page` makes them again."""

import json
import re

from e2e import provider

from . import charts, peers, programs

PAGE = provider.ROOT / "docs" / "performance.md"
FOLDER = provider.ROOT / "docs" / "performance"
FIGURES = FOLDER / "figures.json"
NAMES = {
    "ours": "**this function**",
    "Python: crhelper, boto3": "Python: crhelper, boto3",
    "Node: SDK v3": "Node: SDK v3",
    "CDK: provider framework, Node": "CDK: provider framework, Node",
}
SHORT = {"ours": "this function", "Python: crhelper, boto3": "Python, crhelper", "Node: SDK v3": "Node, SDK v3"}
SHORT |= {"CDK: provider framework, Node": "CDK's framework"}


def write(figures):
    FOLDER.mkdir(exist_ok=True)
    FIGURES.write_text(json.dumps(figures, indent=1, sort_keys=True) + "\n")
    for name, chart in drawn(figures).items():
        (FOLDER / f"{name}.svg").write_text(chart)
    page = PAGE.read_text()
    for name, lines in told(figures).items():
        begin, end = f"<!-- made by make bench: {name} -->", "<!-- end -->"
        made = f"{begin}\n\n" + "\n".join(lines) + f"\n\n{end}"
        page, count = re.subn(
            f"{re.escape(begin)}.*?{re.escape(end)}", lambda _, made=made: made, page, flags=re.DOTALL
        )
        if count != 1:
            raise RuntimeError(f"{PAGE.name} has no place for {name}")
    PAGE.write_text(page)


# --- tables ---


def told(figures):
    made = figures["made"]
    return {
        "how": [
            f"By `{made['command']}` on {made['date']}, of the binary with SHA-256 `{made['binary'][:12]}…`.",
            f"{made['machine']}. 128 MB is {made['quota']} with a period of {programs.PERIOD_MICROSECONDS // 1000} ms.",
            f"{made['rounds']} rounds, the first not counted, in each all programs one after the other."
            " A number is the median; in brackets are the least and the most.",
            *made.get("notes", []),
        ],
        "create": create(figures["peers"]),
        "conditions": conditions(figures["peers"]),
        "operations": operations(figures["peers"]),
        "memory": memory(figures["memory"]),
        "size": sizes(figures),
        "bucket": bucket(figures["bucket"]),
        "objects": objects(figures["objects"]),
        "resources": resources(figures),
    }


def create(found):
    rows = [
        "| | init, ms | of that CPU | handler, ms | of that CPU | peak memory, MiB | calls | at once | connections |"
    ]
    rows.append("| --- " + "| --: " * 8 + "|")
    for name, label in NAMES.items():
        one = found[key("slim, documented", peers.USUAL.name, "Create", name)]
        cells = [spread(one["init"]), number(one["init_cpu"]), spread(one["handler"]), number(one["handler_cpu"])]
        cells += [number(one["memory"]), number(one["calls"]), number(one["most"]), number(one["connections"])]
        rows.append(f"| {label} | " + " | ".join(cells) + " |")
    return rows


def conditions(found):
    names = [one.name for one in peers.CONDITIONS]
    rows = ["| handler, ms | " + " | ".join(names) + " |", "| --- " + "| --: " * len(names) + "|"]
    for name, label in NAMES.items():
        cells = [outcome(found[key("slim, documented", of, "Create", name)]) for of in names]
        rows.append(f"| {label} | " + " | ".join(cells) + " |")
    return rows


def operations(found):
    rows = ["| | " + " | ".join(f"{it}, ms | calls" for it in peers.OPERATIONS) + " |"]
    rows.append("| --- " + "| --: " * 2 * len(peers.OPERATIONS) + "|")
    for preset in peers.PRESETS:
        for name, label in NAMES.items():
            cells = []
            for operation in peers.OPERATIONS:
                one = found[key(preset, peers.USUAL.name, operation, name)]
                cells += [outcome(one), number(one["calls"])]
            rows.append(f"| {preset}: {label} | " + " | ".join(cells) + " |")
    return rows


def memory(rows):
    lines = ["| memory, MB | handler, ms |", "| --: | --: |"]
    for row in rows:
        took = row["ms"]
        lines.append(f"| {row['megabytes']} | {spread([took[len(took) // 2], took[0], took[-1]])} |")
    return lines


def sizes(figures):
    rows = ["| | binary, MB | zip, MB |", "| --- | --: | --: |"]
    for name in ("iam-preset", "lambda-concurrency"):
        binary, zipped = (figures["size"][f"{name}, {kind}"] / 1e6 for kind in ("binary", "zip"))
        rows.append(f"| `{name}` | {binary:.2f} | {zipped:.2f} |")
    instructions = figures.get("instructions")
    if instructions:
        init, all_of_it = instructions["start"] / 1e6, instructions["Create of slim"] / 1e6
        rows += [
            "",
            f"Instructions, by callgrind: {init:.1f} million until the first event,"
            f" {all_of_it:.0f} million with the Create of `slim`.",
        ]
    else:
        rows += ["", "Instructions were not counted: this machine has no valgrind."]
    return rows


def bucket(found):
    rows = ["| function | its seconds | writes accepted | refused | reads |", "| --- " + "| --: " * 4 + "|"]
    for place, row in enumerate(found["rows"], 1):
        rows.append(f"| {place} | {row['seconds']:.1f} | {row['accepted']} | {row['refused']} | {row['reads']} |")
    share = found["refused"] / found["accepted"]
    times = found["rows"][-1]["seconds"] / found["rows"][0]["seconds"]
    rows += [
        "",
        f"{found['accepted']} writes at {found['rate']} a second, {found['capacity']} of them at once,"
        f" take {found['bound']:.1f} s at least; {share:.1f} were refused for each that was accepted."
        f" The last function was done after {times:.1f} times the time of the first.",
    ]
    return rows


def objects(found):
    rows = [
        "| | objects | Create, s | its calls | its MiB | Update of nothing, s | its calls | Delete, s | its calls |"
    ]
    rows.append("| --- " + "| --: " * 8 + "|")
    for name, by_operation in found.items():
        made, same, gone = (by_operation[it] for it in ("Create", "Update of nothing", "Delete"))
        for one, two, three in zip(made, same, gone, strict=True):
            cells = [one["objects"], f"{one['seconds']:.2f}", one["calls"], f"{one['memory']:.1f}"]
            cells += [f"{two['seconds']:.2f}", two["calls"], f"{three['seconds']:.2f}", three["calls"]]
            rows.append(f"| `{name}` | " + " | ".join(map(str, cells)) + " |")
    rows += ["", "One object more in a Create takes, in the first half of the table and in its last step:", ""]
    rows += ["| | first: ms | calls | KiB | last: ms | calls | KiB |", "| --- " + "| --: " * 6 + "|"]
    for name, by_operation in found.items():
        made = by_operation["Create"]
        if len(made) > 2:
            middle = len(made) // 2
            cells = slope(made[0], made[middle]) + slope(made[-2], made[-1])
            rows.append(f"| `{name}` | " + " | ".join(cells) + " |")
    return rows


def slope(one, other):
    """What one object more takes between two rows."""
    objects = other["objects"] - one["objects"]
    factors = {"seconds": 1000, "calls": 1, "memory": 1024}
    return [f"{(other[it] - one[it]) * factor / objects:.1f}" for it, factor in factors.items()]


def resources(figures):
    after, at_once = figures["one after the other"], figures["all at once"]
    rows = ["| resources there | one more takes, ms | its calls | CPU, ms | memory of the process, MiB |"]
    rows.append("| --- " + "| --: " * 4 + "|")
    for row in [after[place] for place in sorted({0, 1, len(after) // 4, len(after) // 2, len(after) - 1})]:
        cells = [row["there"] - 1, f"{row['ms']:.0f}", row["calls"], f"{row['cpu']:.1f}", f"{row['memory']:.1f}"]
        rows.append("| " + " | ".join(map(str, cells)) + " |")
    rows += ["", "| resources at once | all are made after, s | calls | the slowest, ms | memory of a process, MiB |"]
    rows.append("| --- " + "| --: " * 4 + "|")
    for row in at_once:
        cells = [
            row["resources"],
            f"{row['seconds']:.2f}",
            row["calls"],
            f"{row['slowest']:.0f}",
            f"{row['memory']:.1f}",
        ]
        rows.append("| " + " | ".join(map(str, cells)) + " |")
    return rows


# --- charts ---


def drawn(figures):
    found = figures["peers"]
    of = [SHORT[name] for name in NAMES]

    def row(preset, conditions, operation, metric):
        return [found[key(preset, conditions, operation, name)][metric][0] for name in NAMES]

    by_conditions = {
        one.name.replace("a round trip of 50 ms", "50 ms away"): row("slim, documented", one.name, "Create", "handler")
        for one in peers.CONDITIONS
    }
    usual = peers.USUAL.name
    by_operation = {it: row("slim, documented", usual, it, "handler") for it in peers.OPERATIONS}
    costs = {
        "init, CPU ms": row("slim, documented", usual, "Create", "init_cpu"),
        "handler, CPU ms": row("slim, documented", usual, "Create", "handler_cpu"),
        "peak memory, MiB": row("slim, documented", usual, "Create", "memory"),
    }
    up, bound = "ms of the handler, by decades", figures["bucket"]["bound"]
    drawn = {
        "conditions": charts.bars("slim, documented: Create, by what a call takes", up, by_conditions, of),
        "operations": charts.bars("slim, documented: operations at 50 ms a call", up, by_operation, of),
        "costs": charts.bars("slim, documented: what a cold Create costs", "by decades", costs, of),
        "bucket": charts.lines(
            "Ten functions share a bucket of five writes a second",
            "functions that are done", "seconds",
            {
                "this function": [(place, row["seconds"]) for place, row in enumerate(figures["bucket"]["rows"], 1)],
                "the bucket's own time for all": [(1, bound), (len(figures["bucket"]["rows"]), bound)],
            },
        ),
    }  # fmt: skip
    for metric, up in (
        ("seconds", "seconds of a Create at 20 ms a call"),
        ("calls", "calls of a Create"),
        ("memory", "peak MiB of a Create"),
    ):
        series = {
            name: [(row["objects"], row[metric]) for row in rows["Create"]] for name, rows in figures["objects"].items()
        }
        drawn[f"objects-{metric}"] = charts.lines(f"Objects of one resource: {metric}", "objects", up, series)
    after = figures["one after the other"]
    drawn["resources"] = charts.lines(
        "One resource after the other in one account", "resources that are there", "of the next one",
        {
            "calls": smooth([(row["there"], row["calls"]) for row in after]),
            "CPU, ms": smooth([(row["there"], row["cpu"]) for row in after]),
            "peak memory, MiB": smooth([(row["there"], row["memory"]) for row in after]),
        },
    )  # fmt: skip
    drawn["resources-at-once"] = charts.lines(
        "All resources at once, ten functions, 20 ms a call", "resources", "seconds until the last answer",
        {"seconds": [(row["resources"], row["seconds"]) for row in figures["all at once"]]},
    )  # fmt: skip
    return drawn


def smooth(points, size=10):
    """The median of each ten."""
    pieces = [points[start : start + size] for start in range(0, len(points), size)]
    middle = lambda piece: sorted(y for _, y in piece)[len(piece) // 2]
    return [(piece[-1][0], middle(piece)) for piece in pieces]


def key(*parts):
    return " | ".join(parts)


def number(three):
    middle = three[0]
    return f"{middle:.0f}" if middle >= 20 or middle == int(middle) else f"{middle:.1f}"


def spread(three):
    middle, least, most = three
    return f"{number(three)} ({number([least])} to {number([most])})" if least != most else number(three)


def outcome(one):
    failed = f", {one['failed']} of {one['runs']} failed" if one["failed"] else ""
    refused = f", {one['refused'][0]:.0f} refused" if one["refused"][0] else ""
    return spread(one["handler"]) + refused + failed


if __name__ == "__main__":
    write(json.loads(FIGURES.read_text()))
