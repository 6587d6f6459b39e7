"""Charts as inline SVG: coloured by the page's style sheet, so that they follow its light and dark."""

import math
from html import escape

from harness.model import is_limit, is_own
from harness.results import Row
from harness.stats import number

NAMES = 150
PLOT = 420
FIGURES = 190
BAR = 14
STEP = 22
TOP = 8
LOG_FROM = 12
"""From this ratio of the largest to the smallest on, the axis is logarithmic; it says so."""


class Axis:
    """Maps values to lengths of bars."""

    def __init__(self, values: list[float]):
        positive = [value for value in values if value > 0] or [1.0]
        self.logarithmic = max(positive) / min(positive) > LOG_FROM
        # The smallest bar keeps a length, and a decade has the same length everywhere.
        self._low = math.floor(math.log10(min(positive)) * 2 - 1) / 2 if self.logarithmic else 0.0
        self._high = max(positive)

    def length(self, value: float) -> float:
        if value <= 0:
            return 0.0
        if self.logarithmic:
            return PLOT * max(0.0, math.log10(value) - self._low) / (math.log10(self._high) - self._low)
        return PLOT * value / self._high

    def decades(self) -> list[float]:
        """Where the lines of a logarithmic axis stand."""
        if not self.logarithmic:
            return []
        return [10.0**power for power in range(math.ceil(self._low), math.floor(math.log10(self._high)) + 1)]


def kind(peer: str) -> str:
    return "gyre" if is_own(peer) else "limit" if is_limit(peer) else "peer"


def bars(row: Row) -> str:
    """One work: a bar for each peer, best first, with the spread as a line over its end."""
    axis = Axis([line.greatest for line in row.lines] + [line.least for line in row.lines])
    height = TOP + STEP * len(row.lines) + (18 if axis.logarithmic else 4)
    width = NAMES + PLOT + FIGURES
    parts = [f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(row.suite)} {escape(row.work.name)}">']
    for value in axis.decades():
        x = NAMES + axis.length(value)
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 4}" y2="{height - 16}"/>')
        parts.append(f'<text class="tick" x="{x:.1f}" y="{height - 4}" text-anchor="middle">{number(value)}</text>')
    for place, line in enumerate(row.lines):
        y = TOP + STEP * place
        middle = y + BAR / 2
        length = axis.length(line.median)
        style = kind(line.peer)
        told = f"{line.peer} {line.version}: median {number(line.median)} {row.work.unit}, {number(line.least)} to {number(line.greatest)}, n = {line.n}"
        parts.append(f"<g><title>{escape(told)}</title>")
        parts.append(f'<text class="name {style}" x="{NAMES - 8}" y="{middle + 4:.1f}" text-anchor="end">{escape(line.peer)}</text>')
        parts.append(f'<rect class="{style}" x="{NAMES}" y="{y}" width="{max(length, 1):.1f}" height="{BAR}" rx="2"/>')
        low, high = axis.length(line.least), axis.length(line.greatest)
        if high - low > 2:
            parts.append(f'<line class="spread" x1="{NAMES + low:.1f}" x2="{NAMES + high:.1f}" y1="{middle:.1f}" y2="{middle:.1f}"/>')
        figure = number(line.median) + ("" if line.gyre_is_better is None else f"  ({compared(line.gyre_is_better)})")
        parts.append(f'<text class="figure" x="{NAMES + max(length, high) + 6:.1f}" y="{middle + 4:.1f}">{escape(figure)}</text></g>')
    parts.append("</svg>")
    return "".join(parts)


def compared(gyre_is_better: float) -> str:
    """The peer seen from gyre: how many times worse or better it is."""
    return f"{number(gyre_is_better)}x worse" if gyre_is_better >= 1 else f"{number(1 / gyre_is_better)}x better"
