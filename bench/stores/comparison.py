"""The table of all rounds, in the form of report.py: for each store the rates beside those of zbridge with plain sockets
and with its client, and the ratio of each round as median [least..most]."""
import statistics

MEASURES = {"receipts": "receipts/s", "acks": "acks/s, of what is stored", "both": "both at once, acks/s"}


class Section:
    """What report.cells() shows in front of the rows."""

    def __init__(self, title):
        self.title = title


def row(measure, a, b, ratios, goal):
    ratio = statistics.median(ratios) if ratios and goal is not None else None
    text = f"{ratio:.2f} [{min(ratios):.2f}..{max(ratios):.2f}]" if ratio is not None else ""
    return {"measure": measure, "a_text": f"{statistics.median(a):,.0f}", "b_text": f"{statistics.median(b):,.0f}",
            "ratio_text": text, "goal": f"ratio >= {goal}" if goal else "", "reached": ratio >= goal if goal else None}


def rows(own, other, rounds):
    """One for each measure and each way to speak to zbridge; of the rounds in which both were good."""
    found = []
    for mine in own:
        pairs = [(measured[mine], measured[other]) for measured in rounds if mine in measured and other in measured]
        for measure, title in MEASURES.items() if pairs else ():
            a, b = [pair[0][measure] for pair in pairs], [pair[1][measure] for pair in pairs]
            goal = other.goal if measure != "both" else 0
            found.append(row(f"{title}: {mine.title}", a, b, [x / y for x, y in zip(a, b)], goal))
        if pairs and mine is own[0]:
            flush = [[pair[side]["flush"] for pair in pairs] for side in (0, 1)]
            last = row("receipts a flush of the disk", *flush, None, None)
    return found + [last] if found else [absent_row("no run was good")]


def absent_row(reason):
    return {"measure": reason, "a_text": "", "b_text": "", "ratio_text": "", "goal": "", "reached": None}


def table(own, others, absent, rounds):
    compared = [(Section(other.title), rows(own, other, rounds)) for other in others]
    return compared + [(Section(other.title), [absent_row(f"not here: {reason.splitlines()[0]}")])
                       for other, reason in absent.items()]


def append_promises(path, others):
    with path.open("a") as file:
        file.write("\nWhat a receipt and an acknowledgement mean there:\n")
        for store in others:
            file.write(f"- **{store.title}**: {store.promise}\n")
