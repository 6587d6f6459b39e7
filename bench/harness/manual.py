"""The report as a page of the manual: Markdown, with each chart as a file of its own."""

from pathlib import Path

from harness import goals
from harness.charts import bars
from harness.measure import Outcome
from harness.model import GYRE
from harness.results import NOT_COMPARED, Row, losses as all_losses, not_compared, rows, told_core
from harness.stats import number

PAGE = "report.md"
CHARTS = "charts"
STYLE = """<style>
svg { color-scheme: light dark; font: 12px system-ui, sans-serif; }
text { fill: #1d2126; } text.tick, text.name.limit { fill: #5b636d; } text.name.gyre { font-weight: 700; fill: #c2410c; }
rect.gyre { fill: #c2410c; } rect.peer { fill: #64809c; } rect.limit { fill: #a8adb3; }
line.grid { stroke: #dcdfe3; } line.spread { stroke: #1d2126; stroke-width: 1.5; opacity: 0.7; }
@media (prefers-color-scheme: dark) {
text { fill: #e6e8ea; } text.tick, text.name.limit { fill: #9aa3ad; } text.name.gyre { fill: #fb8b4b; }
rect.gyre { fill: #fb8b4b; } rect.peer { fill: #6f8fae; } rect.limit { fill: #5c636b; }
line.grid { stroke: #31373e; } line.spread { stroke: #e6e8ea; } }
</style>"""


def write(folder: Path, outcome: Outcome, document: dict) -> None:
    charts = folder / CHARTS
    charts.mkdir(parents=True, exist_ok=True)
    for old in charts.glob("*.svg"):
        old.unlink()
    for row in rows(outcome.results):
        (charts / file_name(row)).write_text(picture(row))
    (folder / PAGE).write_text(page(outcome, document["conditions"]))


def file_name(row: Row) -> str:
    return f"{row.suite}-{row.work.name}.svg"


def picture(row: Row) -> str:
    head, rest = bars(row).split(">", 1)
    return f'{head} xmlns="http://www.w3.org/2000/svg">{STYLE}{rest}\n'


def page(outcome: Outcome, conditions: dict) -> str:
    all_rows = rows(outcome.results)
    parts = ["# The report: gyre and its peers\n", introduction(conditions), "## Where gyre loses\n", *losses(all_rows), *others(all_rows),
             "\n## Goals\n", *told_goals(all_rows), "\n## All in one table\n", *summary(all_rows)]
    for suite in dict.fromkeys(row.suite for row in all_rows):
        parts.append(f"\n## {suite}")
        parts += [section(row, told_core(row, all_rows)) for row in all_rows if row.suite == suite]
    parts += ["\n## What is missing\n", *missing(outcome), "\n## Conditions\n", *told_conditions(conditions)]
    return "\n".join(parts) + "\n"


def introduction(conditions: dict) -> str:
    quick = " --quick" if conditions.get("quick") else ""
    return (f"Written by `./dev bench{quick} --report docs/peers`; [index.html](index.html) is the same page for a browser, with all figures "
            "below each chart, and [results.json](results.json) has them for programs.\n"
            "Every peer does the same work with its own fast way, on the same machine in the same minutes, in turn. A bar is the median, the "
            "line over its end goes from the least to the\ngreatest. *limit* is written by hand without any library: no errors handled, no "
            "cancellation, no fairness. Long axes are logarithmic, which their lines show. What the\nlosses come from: "
            "[performance](../performance.md#beside-its-peers).\n")


def losses(all_rows: list[Row]) -> list[str]:
    return items(all_losses(all_rows)) or ["In nothing that was measured here."]


def others(all_rows: list[Row]) -> list[str]:
    told = items(not_compared(all_rows))
    return [f"\n{NOT_COMPARED} ([why](../benchmarks.md#how)):\n", *told] if told else []


def items(found: list[tuple[Row, str, list[str]]]) -> list[str]:
    return [f"- **{row.suite} {row.work.name}**{f', {layer}' if layer else ''}: " + ", ".join(told) for row, layer, told in found]


def told_goals(all_rows: list[Row]) -> list[str]:
    lines = ["| work | goal | measured | allowed | |", "|---|---|--:|--:|---|"]
    for verdict in goals.verdicts(all_rows):
        lines.append(f"| {verdict.goal.title} | {verdict.goal.text} | {number(verdict.measured)} | "
                     f"{number(verdict.allowed)} {verdict.unit} | {goals.sentence(verdict)} |")
    lines += [f"| {goal.title} | {goal.text} | | | not measured in this run |" for goal in goals.not_measured(all_rows)]
    return lines


def summary(all_rows: list[Row]) -> list[str]:
    lines = ["| suite | work | unit | gyre | limit | best framework | | gyre is better by |", "|---|---|---|--:|--:|---|--:|--:|"]
    for row in all_rows:
        own = row.line(GYRE)
        best = row.frameworks[0] if row.frameworks else None
        ratio = "" if best is None or best.gyre_is_better is None else f"{number(best.gyre_is_better)}x"
        lines.append(f"| {row.suite} | {row.work.name} | {row.work.unit} | {number(own.median) if own else ''} | "
                     f"{number(row.limit.median) if row.limit else ''} | {best.peer if best else ''} | {number(best.median) if best else ''} | {ratio} |")
    return lines


def section(row: Row, core: str) -> str:
    direction = "more is better" if row.work.more_is_better else "less is better"
    return (f"\n### {row.suite} {row.work.name}\n\n{row.work.what}; {row.work.unit}, {direction}{'; ' * bool(core)}{core}\n\n"
            f"![{row.suite} {row.work.name}: a bar for each peer]({CHARTS}/{file_name(row)})")


def missing(outcome: Outcome) -> list[str]:
    if not outcome.absent:
        return ["Nothing."]
    cells = ((each.suite, each.peer, each.work or "all of it", each.reason.replace("|", "\\|").replace("\n", " ")) for each in outcome.absent)
    return ["| suite | peer | work | why |", "|---|---|---|---|", *("| " + " | ".join(row) + " |" for row in cells)]


def told_conditions(conditions: dict) -> list[str]:
    lines = []
    for name, value in conditions.items():
        told = "; ".join(f"{key}: {each}" for key, each in value.items()) if isinstance(value, dict) else value
        lines.append(f"- {name.replace('_', ' ')}: {told}")
    return lines
