"""Scores of one filled form, with what a reader must know of them: bands, flags, blanks."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from hometrial.questionnaires.answers import Answer, Answers, Taken, take
from hometrial.questionnaires.conditions import holds, parse
from hometrial.questionnaires.functions import ScoringError
from hometrial.questionnaires.instrument import Instrument
from hometrial.questionnaires.operations import Outcome, Source, Tables, climb, compute
from hometrial.questionnaires.scores import AnyScore, inputs_of

__all__ = ["SCORER", "Scored", "ScoringError", "score"]

SCORER = "1"
"""The version of this scorer: raised when the same answers to the same instrument come to something else."""

_NO_TABLES: Tables = MappingProxyType({})
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Scored:
    """The scores of one form, never rounded; a score of None cannot be made of what is answered.

    `bands` holds the band of every score that has one and a value. `flags`: `<flag>`, or `<score>:<mark>`.
    `prorated`: a blank was filled with the person's own mean, somewhere.
    """

    scores: Mapping[str, float | None]
    bands: Mapping[str, str]
    flags: tuple[str, ...]
    n_answered: int
    n_missing: int
    prorated: bool
    outcomes: Mapping[str, Outcome]


def score(instrument: Instrument, answers: Answers, tables: Tables = _NO_TABLES) -> Scored:
    """Return the scores of a form; `tables` are those of the instrument's text pack, if it has any.

    Raises ScoringError for an answer that is not possible; nothing is ever clamped into range.
    """
    taken = take(instrument, answers)
    values: dict[str, Answer] = dict(taken.values)
    outcomes: dict[str, Outcome] = {}
    for declared in instrument.scores:
        outcome = _computed(instrument, declared, Source(values, instrument.recodings, tables))
        inherited = any(outcomes[name].prorated for name in inputs_of(declared) if name in outcomes)
        outcomes[declared.id] = replace(outcome, prorated=outcome.prorated or inherited)
        values[declared.id] = outcome.value
    return _scored(instrument, taken, values, outcomes)


def _computed(instrument: Instrument, declared: AnyScore, source: Source) -> Outcome:
    try:
        outcome = compute(declared, source)
    except ScoringError as error:
        raise ScoringError(f"{instrument.id}: {declared.id}: {error}") from error
    if outcome.value is not None and declared.range is not None:
        low, high = declared.range
        if not low - _ROUNDING <= outcome.value <= high + _ROUNDING:
            raise ScoringError(
                f"{instrument.id}: {declared.id} comes to {outcome.value:g}, outside its {low:g} to {high:g}"
            )
    return outcome


def _scored(
    instrument: Instrument, taken: Taken, values: Mapping[str, Answer], outcomes: dict[str, Outcome]
) -> Scored:
    marked = [f"{name}:{mark}" for name, outcome in outcomes.items() for mark in outcome.marks]
    raised = [flag.id for flag in instrument.flags if holds(parse(flag.when), values)]
    return Scored(
        scores={name: outcome.value for name, outcome in outcomes.items()},
        bands={
            declared.id: climb(declared.bands, value).name
            for declared in instrument.scores
            if declared.bands and (value := outcomes[declared.id].value) is not None
        },
        flags=(*marked, *raised),
        n_answered=taken.n_answered,
        n_missing=taken.n_missing,
        prorated=any(outcome.prorated for outcome in outcomes.values()),
        outcomes=outcomes,
    )
