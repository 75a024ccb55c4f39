r"""How likely somebody is to miss the valid-day rule in a coming stretch of days, from their days so far (N11, C24).

A chain of days, after the two-state chain that Gabriel and Neumann fitted to rainy days (Q J R Meteorol Soc 88, 1962):
whether a day is valid depends on the day before. Here a day that is not valid also knows how many such days came
before it, for a watch that lies in a drawer since a week is not put on like one that was taken off yesterday.

- ``stay``: chance that a valid day follows a valid one. Of one person
  :math:`(s + m\,p) / (n + m)`, with `s` valid days out of `n` that followed a valid one, `p` the cohort's share, and
  `m` = 12 days of belief in the cohort (the mean of a beta distribution; Gelman et al., Bayesian Data Analysis, 2.4).
- ``back[k]``: chance that a valid day follows `k` days that were not (k = 1 ... 8, 8 stands for more). Of the cohort
  :math:`b_k = (s_k + 4 \cdot 0.25) / (n_k + 4)`; of one person times :math:`f = (s + 10) / (\sum n_k b_k + 10)`, how much
  oftener than the cohort they came back so far (the mean of a gamma frailty).
- where the cause of the silence ends by no hand of the person (a dead token, a retired provider), ``back`` is at most 0.05.

The number of valid days in the stretch then has a distribution that is summed exactly, day by day, over the states.
What was observed of the stretch already counts as it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

LONGEST = 8
"""Days in a row without valid wear beyond which more make no difference."""
_STAY_BELIEF, _BACK_BELIEF, _COHORT_BELIEF, _COHORT_BACK = 12.0, 10.0, 4.0, 0.25
_HELD = 0.05
HELD_UP = frozenset({"token_dead", "scope_missing", "not_consented", "retired"})
"""Causes of silence that do not end before somebody does something about them."""
Days = Sequence[bool]


@dataclass(frozen=True)
class Chain:
    """What follows a valid day, and what follows k days that were not: chances of a valid one."""

    stay: float
    back: tuple[float, ...]


@dataclass(frozen=True)
class Stretch:
    """Days that are to come: `lead` of them before the stretch, `days` within, of which `need` must be valid more."""

    lead: int
    days: int
    need: int


def cohort(histories: Sequence[Days]) -> Chain:
    """Return the chain of everybody together."""
    stayed, after_valid, came_back, after_silence = _counts(histories)
    share = (stayed + 0.8 * _COHORT_BELIEF) / (after_valid + _COHORT_BELIEF)
    prior = _COHORT_BACK * _COHORT_BELIEF
    back = (came_back + prior) / (after_silence + _COHORT_BELIEF)
    return Chain(float(share), tuple(float(each) for each in back))


def of_person(history: Days, all_of_them: Chain, cause: str | None = None) -> Chain:
    """Return one person's chain: their own days, and the cohort's where they are few."""
    stayed, after_valid, came_back, after_silence = _counts([history])
    stay = (stayed + _STAY_BELIEF * all_of_them.stay) / (after_valid + _STAY_BELIEF)
    theirs = np.array(all_of_them.back)
    expected = float((after_silence * theirs).sum())
    often = (float(came_back.sum()) + _BACK_BELIEF) / (expected + _BACK_BELIEF)
    back = np.minimum(theirs * often, 1.0)
    if cause in HELD_UP:
        back = np.minimum(back, _HELD)
    return Chain(float(stay), tuple(float(each) for each in back))


def chance_of_missing(history: Days, chain: Chain, stretch: Stretch) -> float:
    """Return the chance that fewer than `need` days of the stretch are valid, given the days before it."""
    return chances_of_missing([history], [chain], [stretch])[0]


def chances_of_missing(
    histories: Sequence[Days], chains: Sequence[Chain], stretches: Sequence[Stretch]
) -> list[float]:
    """Return the chance of each of several people, all worked out together."""
    if not histories:
        return []
    most = max(max(each.need for each in stretches), 1)
    need = np.array([min(max(each.need, 0), most) for each in stretches])
    lead = np.array([each.lead for each in stretches])
    length = lead + np.array([each.days for each in stretches])
    valid = np.array([[chain.stay, *chain.back] for chain in chains])[:, None, :]
    # states[p, c, k]: chance of c valid days more to come while the last k days were not valid.
    states = np.zeros((len(histories), most + 1, LONGEST + 1))
    people = np.arange(len(histories))
    states[people, need, [silence(each) for each in histories]] = 1.0
    for number in range(int(length.max())):
        after = _next(states, valid, counted=number >= lead)
        states = np.where((number < length)[:, None, None], after, states)
    return [float(each) for each in states[:, 1:].sum(axis=(1, 2))]


def _next(
    states: npt.NDArray[np.float64],
    valid: npt.NDArray[np.float64],
    *,
    counted: npt.NDArray[np.bool_],
) -> npt.NDArray[np.float64]:
    """Return the states a day later; where the day is `counted`, a valid one leaves one day fewer to come."""
    after = np.zeros_like(states)
    came = (states * valid).sum(axis=2)
    fewer = np.concatenate([came[:, :1] + came[:, 1:2], came[:, 2:], 0 * came[:, :1]], axis=1)
    after[:, :, 0] = np.where(counted[:, None], fewer, came)
    silent = states * (1 - valid)
    after[:, :, 1:] += silent[:, :, :-1]
    after[:, :, LONGEST] += silent[:, :, LONGEST]
    return after


def silence(history: Days) -> int:
    """Return on how many of the last days in a row there was no valid wear, LONGEST at most."""
    count = 0
    for is_valid in reversed(history):
        if is_valid or count == LONGEST:
            break
        count += 1
    return count


def _counts(
    histories: Sequence[Days],
) -> tuple[float, float, npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return how often a valid day followed a valid one, of how many, and the same after k silent days."""
    stayed = after_valid = 0
    came_back, after_silence = np.zeros(LONGEST), np.zeros(LONGEST)
    for history in histories:
        silent = -1  # nothing is known before the first day
        for is_valid in history:
            if silent == 0:
                after_valid += 1
                stayed += is_valid
            elif silent > 0:
                after_silence[silent - 1] += 1
                came_back[silent - 1] += is_valid
            silent = 0 if is_valid else min(max(silent, 0) + 1, LONGEST)
    return stayed, after_valid, came_back, after_silence
