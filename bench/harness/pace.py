"""How long a run may measure: with so many peers and repetitions, a slower machine would make hours of it."""

QUICK_LIMIT_S, LIMIT_S = 12 * 60.0, 80 * 60.0


class Pace:
    """Adds up the time of all samples; building does not count. Past the limit whatever is left is measured once."""

    def __init__(self, limit_s: float = LIMIT_S):
        self._left_s = limit_s

    @staticmethod
    def of_run(quick: bool) -> "Pace":
        return Pace(QUICK_LIMIT_S if quick else LIMIT_S)

    def add(self, seconds: float) -> None:
        self._left_s -= seconds

    @property
    def is_over(self) -> bool:
        return self._left_s <= 0
