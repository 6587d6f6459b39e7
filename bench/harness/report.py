"""The page: losses first, a chart for each work, the figures below it, the conditions at the end. Needs nothing from outside."""

from html import escape
from pathlib import Path

from harness import goals, manual
from harness.charts import bars
from harness.measure import Outcome
from harness.model import GYRE
from harness.results import NOT_COMPARED, Row, losses as all_losses, not_compared, rows, told_core, write as write_json
from harness.stats import number

STYLE = """
:root { color-scheme: light dark; --paper: #fcfcfa; --ink: #1d2126; --soft: #5b636d; --rule: #dcdfe3; --gyre: #c2410c; --peer: #64809c;
  --limit: #a8adb3; }
@media (prefers-color-scheme: dark) { :root { --paper: #15181c; --ink: #e6e8ea; --soft: #9aa3ad; --rule: #31373e; --gyre: #fb8b4b;
  --peer: #6f8fae; --limit: #5c636b; } }
body { background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 62rem; padding: 1.5rem; }
h1, h2, h3 { line-height: 1.2; } h2 { margin-top: 2.5rem; border-top: 1px solid var(--rule); padding-top: 1.2rem; }
h3 { margin: 1.6rem 0 0.2rem; } .what { color: var(--soft); margin: 0 0 0.4rem; }
svg { width: 100%; max-width: 52rem; height: auto; font: 12px system-ui, sans-serif; display: block; }
svg text { fill: var(--ink); } svg text.tick, svg text.name.limit { fill: var(--soft); } svg text.name.gyre { font-weight: 700; fill: var(--gyre); }
svg rect.gyre { fill: var(--gyre); } svg rect.peer { fill: var(--peer); } svg rect.limit { fill: var(--limit); }
svg line.grid { stroke: var(--rule); } svg line.spread { stroke: var(--ink); stroke-width: 1.5; opacity: 0.7; }
table { border-collapse: collapse; font-size: 0.9rem; } td, th { padding: 0.15rem 0.8rem 0.15rem 0; text-align: left; vertical-align: top; }
td.figure, th.figure { text-align: right; font-variant-numeric: tabular-nums; } tr.gyre td { color: var(--gyre); font-weight: 700; }
.wide { overflow-x: auto; } details { margin: 0.3rem 0 1rem; } summary { color: var(--soft); cursor: pointer; font-size: 0.9rem; }
"""


def write(folder: Path, outcome: Outcome, document: dict) -> None:
    write_json(folder / "results.json", document)
    (folder / "index.html").write_text(page(outcome, document["conditions"]))
    manual.write(folder, outcome, document)


def page(outcome: Outcome, conditions: dict) -> str:
    all_rows = rows(outcome.results)
    parts = [
        "<!doctype html>", '<html lang="en">', "<head>", '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">', "<title>gyre and its peers</title>",
        f"<style>{STYLE}</style>", "</head>", "<body>", "<h1>gyre and its peers</h1>", introduction(conditions), losses(all_rows),
        goals_table(all_rows), summary_table(all_rows),
    ]
    for suite in dict.fromkeys(row.suite for row in all_rows):
        parts.append(f'<h2 id="{escape(suite)}">{escape(suite)}</h2>')
        parts += [section(row, told_core(row, all_rows)) for row in all_rows if row.suite == suite]
    parts += [missing(outcome), conditions_table(conditions), "</body>", "</html>"]
    return "\n".join(parts) + "\n"


def introduction(conditions: dict) -> str:
    quick = " <strong>This was a quick run: few repetitions, short rounds.</strong>" if conditions.get("quick") else ""
    return ("<p>Every peer does the same work with its own fast way, on the same machine in the same minutes, in turn. A bar is the median, the "
            "line over its end goes from the least to the greatest. <em>limit</em> is written by hand without any library: no errors handled, no "
            "cancellation, no fairness. Long axes are logarithmic, which their lines show." + quick + "</p>")


def losses(all_rows: list[Row]) -> str:
    told = items(all_losses(all_rows)) or "<p>In nothing that was measured here.</p>"
    others = items(not_compared(all_rows))
    return "<h2>Where gyre loses</h2>\n" + told + (f"\n<p>{NOT_COMPARED}:</p>\n{others}" if others else "")


def items(found: list[tuple[Row, str, list[str]]]) -> str:
    lines = [f'<li><a href="#{anchor(row)}">{escape(row.suite)} {escape(row.work.name)}</a>{", " * bool(layer)}{escape(layer)}: {escape(", ".join(told))}</li>'
             for row, layer, told in found]
    return "<ul>" + "".join(lines) + "</ul>" if lines else ""


def goals_table(all_rows: list[Row]) -> str:
    lines = ["<h2>Goals</h2>", '<div class="wide"><table>', "<tr><th>work</th><th>goal</th><th class=figure>measured</th><th class=figure>allowed</th>"
             "<th>verdict</th></tr>"]
    for verdict in goals.verdicts(all_rows):
        cells = f"<td>{escape(verdict.goal.title)}</td><td>{escape(verdict.goal.text)}</td>"
        figures = f"<td class=figure>{number(verdict.measured)}</td><td class=figure>{number(verdict.allowed)}</td>"
        lines.append(f"<tr>{cells}{figures}<td>{escape(goals.sentence(verdict))}</td></tr>")
    lines += [f"<tr><td>{escape(goal.title)}</td><td>{escape(goal.text)}</td><td></td><td></td>"
              "<td>not measured in this run</td></tr>" for goal in goals.not_measured(all_rows)]
    return "\n".join([*lines, "</table></div>"])


def summary_table(all_rows: list[Row]) -> str:
    lines = ["<h2>All in one table</h2>", '<div class="wide"><table>', "<tr><th>suite</th><th>work</th><th>unit</th><th class=figure>gyre</th>"
             "<th class=figure>limit</th><th class=figure>gyre to limit</th><th>best framework</th><th class=figure></th>"
             "<th class=figure>gyre is better by</th></tr>"]
    for row in all_rows:
        own = row.line(GYRE)
        best = row.frameworks[0] if row.frameworks else None
        cells = [escape(row.suite), f'<a href="#{anchor(row)}">{escape(row.work.name)}</a>', escape(row.work.unit)]
        figures = [number(own.median) if own else "", number(row.limit.median) if row.limit else "",
                   times(1 / row.limit.gyre_is_better) if row.limit and row.limit.gyre_is_better else ""]
        tail = [number(best.median) if best else "", times(best.gyre_is_better) if best and best.gyre_is_better else ""]
        lines.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "".join(f"<td class=figure>{cell}</td>" for cell in figures)
                     + f"<td>{escape(best.peer) if best else ''}</td>" + "".join(f"<td class=figure>{cell}</td>" for cell in tail) + "</tr>")
    return "\n".join([*lines, "</table></div>"])


def times(value: float) -> str:
    return f"{number(value)}x"


def anchor(row: Row) -> str:
    return escape(f"{row.suite}-{row.work.name}")


def section(row: Row, core: str) -> str:
    direction = "more is better" if row.work.more_is_better else "less is better"
    lines = [f'<h3 id="{anchor(row)}">{escape(row.work.name)}</h3>',
             f'<p class="what">{escape(row.work.what)}; {escape(row.work.unit)}, {direction}{"; " * bool(core)}{escape(core)}</p>', bars(row),
             '<details><summary>figures</summary><div class="wide"><table>',
             "<tr><th>peer</th><th>version</th><th class=figure>median</th><th class=figure>min</th><th class=figure>max</th>"
             "<th class=figure>n</th><th class=figure>gyre is better by</th></tr>"]
    for line in row.lines:
        mark = ' class="gyre"' if line.peer == GYRE else ""
        better = "" if line.gyre_is_better is None else times(line.gyre_is_better)
        figures = (number(line.median), number(line.least), number(line.greatest), str(line.n), better)
        lines.append(f"<tr{mark}><td>{escape(line.peer)}</td><td>{escape(line.version)}</td>"
                     + "".join(f"<td class=figure>{figure}</td>" for figure in figures) + "</tr>")
    return "\n".join([*lines, "</table></div></details>"])


def missing(outcome: Outcome) -> str:
    if not outcome.absent:
        return "<h2>What is missing</h2>\n<p>Nothing.</p>"
    lines = ["<h2>What is missing</h2>", '<div class="wide"><table>', "<tr><th>suite</th><th>peer</th><th>work</th><th>why</th></tr>"]
    for each in outcome.absent:
        cells = (each.suite, each.peer, each.work or "all of it", each.reason)
        lines.append("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>")
    return "\n".join([*lines, "</table></div>"])


def conditions_table(conditions: dict) -> str:
    lines = ["<h2>Conditions</h2>", '<div class="wide"><table>']
    for name, value in conditions.items():
        told = "<br>".join(f"{escape(str(k))}: {escape(str(v))}" for k, v in value.items()) if isinstance(value, dict) else escape(str(value))
        lines.append(f"<tr><th>{escape(name.replace('_', ' '))}</th><td>{told}</td></tr>")
    return "\n".join([*lines, "</table></div>"])
