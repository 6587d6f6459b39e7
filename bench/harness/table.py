"""The table for a terminal."""

from harness.measure import Outcome
from harness.model import GYRE
from harness.results import NOT_COMPARED, Row, losses as all_losses, not_compared, rows
from harness.stats import number


def ratio(value: float | None) -> str:
    """How gyre stands to a peer, in words that cannot be misread."""
    if value is None:
        return ""
    return f"gyre {number(value)}x better" if value >= 1 else f"gyre {number(1 / value)}x worse"


def row_text(row: Row) -> list[str]:
    lines = [f"  {row.work.name} ({row.work.unit}): {row.work.what}"]
    for line in row.lines:
        mark = ">" if line.peer == GYRE else " "
        spread = f"[{number(line.least)} .. {number(line.greatest)}]"
        lines.append(f"   {mark} {line.peer:22} {number(line.median):>10} {spread:28} n={line.n}  {ratio(line.gyre_is_better)}".rstrip())
    return lines


def losses(all_rows: list[Row]) -> list[str]:
    """Every framework that was better than gyre in something."""
    return items(all_losses(all_rows))


def items(found: list[tuple[Row, str, list[str]]]) -> list[str]:
    return [f"{row.suite} {row.work.name}{f' ({layer})' if layer else ''}: {each}" for row, layer, told in found for each in told]


def text(outcome: Outcome) -> str:
    all_rows = rows(outcome.results)
    lines: list[str] = []
    suite = None
    for row in all_rows:
        if row.suite != suite:
            suite = row.suite
            lines += ["", suite]
        lines += row_text(row)
    lines += ["", "gyre loses:"] + ([f"  {loss}" for loss in losses(all_rows)] or ["  nothing here"])
    if others := items(not_compared(all_rows)):
        lines += ["", NOT_COMPARED[0].lower() + NOT_COMPARED[1:] + ":"] + [f"  {each}" for each in others]
    if outcome.absent:
        lines += ["", "missing:"]
        reasons: dict[tuple[str, str, str], list[str]] = {}
        for each in outcome.absent:
            reasons.setdefault((each.suite, each.peer, each.reason), []).append(each.work or "all of it")
        lines += [f"  {suite} {peer} ({', '.join(works)}): {reason}" for (suite, peer, reason), works in reasons.items()]
    return "\n".join(lines).lstrip("\n")
