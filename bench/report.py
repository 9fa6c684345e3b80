"""The table of a run of rounds: for each scenario and measure the median of both sides, and the ratio of each round's
pair as median [least..most], beside the goal (docs: "What must be reached")."""
import datetime
import os
import pathlib
import platform
import statistics
import subprocess

# measure -> (title or None for the scenario's unit, format)
MEASURES = {
    "rate": (None, "{:,.0f}"),
    "cpu_us": ("bridge cpu, us each", "{:.3f}"),
    "p50_us": ("p50, us", "{:.0f}"),
    "p99_us": ("p99, us", "{:.0f}"),
    "lost": ("messages lost", "{:,.0f}"),
    "cold_mib": ("read by the cold SUB, MiB/s", "{:.0f}"),
    "rss_mib": ("bridge memory, MiB", "{:.1f}"),
    "bytes_each": ("bytes a connection", "{:,.0f}"),
    "others": ("other programs, processors", "{:.2f}"),
}

# (scenario, measure) -> (text, whether a ratio, or zbridge's own value, is good)
GOALS = {
    ("queue-100", "cpu_us"): ("ratio <= 0.5", lambda ratio, own: ratio <= 0.5),
    ("light-queue-100", "cpu_us"): ("ratio <= 0.5", lambda ratio, own: ratio <= 0.5),
    ("receipts-1", "p50_us"): ("ratio <= 1.5", lambda ratio, own: ratio <= 1.5),
    ("receipts-1", "p99_us"): ("ratio <= 5", lambda ratio, own: ratio <= 5),
    ("receipts-1-trip", "p50_us"): ("ratio <= 1.5", lambda ratio, own: ratio <= 1.5),
    ("receipts-512", "rate"): (">= 500,000", lambda ratio, own: own >= 500_000),
    ("rpc-1", "p99_us"): ("ratio < 1", lambda ratio, own: ratio < 1),
    ("rpc-8", "p99_us"): ("ratio < 1", lambda ratio, own: ratio < 1),
    ("idle", "rss_mib"): ("<= 30 MiB", lambda ratio, own: own <= 30),
    ("connections", "bytes_each"): ("<= 12 KB", lambda ratio, own: own <= 12000),
}
RATE_GOAL = ("ratio >= 1.3", lambda ratio, own: ratio >= 1.3)


TOPIC_GOALS = {"topic-100": 1.0, "light-topic-100": 1.0, "topic-1024": 0.8, "group-100": 1.0, "group-1024": 0.8,
               "topics-1000": 0.9, "topic-cold": 0.6, "topics-busy": 0.9, "topics-busy-10": 0.9}


def goal_of(scenario, measure):
    if measure == "rate" and scenario.name in TOPIC_GOALS:
        least = TOPIC_GOALS[scenario.name]
        return f"ratio >= {least}", lambda ratio, own: ratio >= least
    if measure == "rate" and scenario.name != "rpc-8-1" and scenario.kind != "receipts" and not scenario.resume and not scenario.acks:
        return RATE_GOAL
    return GOALS.get((scenario.name, measure))


def summary(scenario, pairs, with_goals):
    """Rows of one scenario; `pairs` holds each round's measures of side A and side B."""
    rows = []
    for measure, (title, text) in MEASURES.items():
        if measure not in pairs[0][0] or (measure == "others" and scenario.measure != "traffic"):
            continue
        a = [pair[0][measure] for pair in pairs]
        b = [pair[1].get(measure, 0) for pair in pairs]
        ratios = [x / y for x, y in zip(a, b) if y > 0]
        row = {
            "scenario": scenario.name,
            "measure": title or scenario.unit,
            "a": statistics.median(a),
            "b": statistics.median(b),
            "a_text": text.format(statistics.median(a)),
            "b_text": text.format(statistics.median(b)),
            "ratios": ratios,
        }
        told = measure not in ("lost", "others") and ratios
        row["ratio"] = statistics.median(ratios) if told else None
        row["ratio_text"] = f"{row['ratio']:.2f} [{min(ratios):.2f}..{max(ratios):.2f}]" if told else ""
        goal = goal_of(scenario, measure) if with_goals else None
        row["goal"], row["reached"] = (goal[0], bool(goal[1](row["ratio"], row["a"]))) if goal and told else ("", None)
        rows.append(row)
    return rows


def cells(scenario, rows):
    for number, row in enumerate(rows):
        verdict = {True: "reached", False: "NOT reached", None: ""}[row["reached"]]
        yield [scenario.title if number == 0 else "", row["measure"], row["a_text"], row["b_text"], row["ratio_text"],
               f"{row['goal']} {verdict}".strip()]


def heads(sides):
    return ["scenario", "measure", sides[0], sides[1], "ratio, median [least..most]", "goal"]


def as_text(sides, table):
    lines = [heads(sides)] + [line for scenario, rows in table for line in cells(scenario, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    aligned = []
    for line in lines:
        parts = [cell.rjust(width) if column in (2, 3) else cell.ljust(width)
                 for column, (cell, width) in enumerate(zip(line, widths))]
        aligned.append("  ".join(parts).rstrip())
    return "\n".join(aligned)


def as_markdown(sides, table):
    lines = ["| " + " | ".join(heads(sides)) + " |", "| --- | --- | ---: | ---: | --- | --- |"]
    lines += ["| " + " | ".join(line) + " |" for scenario, rows in table for line in cells(scenario, rows)]
    return "\n".join(lines)


def machine():
    model = "unknown processor"
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    congestion = pathlib.Path("/proc/sys/net/ipv4/tcp_congestion_control").read_text().strip()
    return f"{os.cpu_count()} x {model}, {memory_gib:.0f} GiB, Linux {platform.release()}, TCP {congestion}"


def commit(root):
    asked = subprocess.run(["git", "-C", root, "describe", "--always", "--dirty"], capture_output=True, text=True)
    return asked.stdout.strip() or "unknown"


def append_results(path, root, command, sides, table):
    today = datetime.date.today().isoformat()
    section = f"""
## {today}, {commit(root)}

Machine: {machine()}.
Command: `{command}`

{as_markdown(sides, table)}
"""
    if not path.exists():
        path.write_text("# Results\n\nEach section is what `./dev bench --write-results` measured; how, is in README.md.\n")
    with path.open("a") as file:
        file.write(section)
