"""The arithmetic: what is said of samples, and how a cost grows."""

import math
import statistics
from typing import Iterable, Iterator, Sequence, TypeVar

Item = TypeVar("Item")


def summary(samples: Sequence[float]) -> dict[str, float]:
    """Median, least, greatest and count, as they stand in the results."""
    if not samples:
        raise ValueError("there are no samples")
    return {"median": statistics.median(samples), "min": min(samples), "max": max(samples), "n": len(samples)}


def interleaved(items: Sequence[Item], times: int) -> Iterator[tuple[int, Item]]:
    """A B C A B C: each repetition meets every item once, so that all see the same minutes of the machine."""
    for repetition in range(times):
        for item in items:
            yield repetition, item


def advantage(own: float, other: float, more_is_better: bool) -> float | None:
    """How many times better `own` is than `other`: above 1 is a win, below 1 a loss. None for what was too little to be seen: zero,
    or below it when a difference was taken."""
    if own <= 0 or other <= 0:
        return None
    return own / other if more_is_better else other / own


def exponent(points: Iterable[tuple[float, float]]) -> float:
    """The k of cost = c * n^k that fits (n, cost) best: least squares on the logarithms. 1 is linear."""
    logs = [(math.log(n), math.log(cost)) for n, cost in points]
    if len({x for x, _ in logs}) < 2:
        raise ValueError("an exponent needs two different sizes at least")
    mean_x = statistics.fmean(x for x, _ in logs)
    mean_y = statistics.fmean(y for _, y in logs)
    return sum((x - mean_x) * (y - mean_y) for x, y in logs) / sum((x - mean_x) ** 2 for x, _ in logs)


def least_of(rounds: Sequence[float], together: int) -> float:
    """The least when so many rounds that follow each other count as one; of fewer rounds, their mean."""
    means = [statistics.fmean(rounds[start:start + together]) for start in range(0, len(rounds) - together + 1, together)]
    return min(means) if means else statistics.fmean(rounds)


def doublings(first: int, steps: int) -> list[int]:
    """`first`, twice that, four times that..."""
    return [first << step for step in range(steps)]


def number(value: float) -> str:
    """Three digits that mean something, with a separator for thousands."""
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if size >= 10 else f"{value:.2f}" if size >= 0.1 else f"{value:.2g}"
