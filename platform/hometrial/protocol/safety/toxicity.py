"""The Bayesian bound of toxicity: enrolment pauses when too high a rate has become too probable.

Of n people treated, x had the event: rate ~ Beta(prior_events + x, prior_others + n - x).
"""

from math import exp, lgamma, log, log1p

from pydantic import PositiveFloat

from hometrial.protocol.declared import Declaration, Share
from hometrial.protocol.safety.vocabulary import Grade

_TERMS = 400
_CLOSE = 1e-14
_TINY = 1e-300


class ToxicityBound(Declaration):
    """The prior, the rate that is too high, and how certain that must be.

    Counted is a related event of `grade` or more, or the drug stopped for a related event.
    """

    grade: Grade
    prior_events: PositiveFloat
    prior_others: PositiveFloat
    highest_rate: Share
    certainty: Share

    def probability(self, people: int, events: int) -> float:
        """Return P(rate > highest_rate | events of people). Raises ValueError if that cannot be."""
        if not 0 <= events <= people:
            raise ValueError(f"{events} of {people} people cannot be")
        return above(
            self.highest_rate, self.prior_events + events, self.prior_others + people - events
        )

    def is_crossed(self, people: int, events: int) -> bool:
        """Whether enrolment pauses."""
        return self.probability(people, events) >= self.certainty

    def pauses_at(self, people: int) -> int | None:
        """Return the least number of events at which enrolment pauses, None if no number does."""
        return next((n for n in range(people + 1) if self.is_crossed(people, n)), None)


def above(rate: float, a: float, b: float) -> float:
    """Return the probability that a Beta(a, b) rate lies above one in (0, 1]."""
    if rate >= 1:
        return 0.0
    # The continued fraction converges fast below the mean; above it the other tail is taken.
    if rate < (a + 1) / (a + b + 2):
        return 1 - _tail(rate, a, b)
    return _tail(1 - rate, b, a)


def _tail(x: float, a: float, b: float) -> float:
    """Return the regularised incomplete beta function I_x(a, b) by its continued fraction (Lentz)."""
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)) / a
    c, d = 1.0, 1 / _off_zero(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        change = 1.0
        for step in (even, odd):
            d = 1 / _off_zero(1 + step * d)
            c = _off_zero(1 + step / c)
            change = c * d
            value *= change
        if abs(change - 1) < _CLOSE:
            return front * value
    raise ArithmeticError(f"I_{x}({a}, {b}) does not converge")


def _off_zero(number: float) -> float:
    return number if abs(number) > _TINY else _TINY
