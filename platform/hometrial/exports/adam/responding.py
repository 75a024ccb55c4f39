"""Who responded, by a rule of the protocol: as observed, and with those imputed of whom it is not known."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from hometrial.exports.adam.imputed import BOCF, LOCF, NRI, Part, carried, still_ahead
from hometrial.exports.adam.outcomes import Outcomes, Taken
from hometrial.exports.adam.trial import Frame, of_subjects
from hometrial.protocol.outcomes import Endpoint, Responder

Marks = Mapping[str, tuple[Taken, Taken]]
_VALUES = ["AVAL", "ADT", "NDAYS", "SRCDOM", "SRCVAR", "SRCSEQ"]


def of_rule(
    outcomes: Outcomes, endpoint: Endpoint, rule: Responder, taken: Marks, people: pd.Index
) -> Iterator[Part]:
    """Yield whether each of `people` responded, and then of whom it is not known the same with each imputation.

    `taken`: the outcome of each mark at the time and before. Nobody is imputed at a time that is still to come.
    """
    observed = _judged(rule, taken, people)
    observed["ANL01FL"] = np.where(observed["AVAL"].notna(), "Y", "")
    observed["ANL02FL"] = observed["ANL01FL"]
    yield observed.assign(DTYPE=""), _records(taken)
    ahead = of_subjects(observed, still_ahead(outcomes, endpoint))
    lacking = observed[observed["AVAL"].isna() & ~ahead]
    yield _non_responders(lacking), _records(taken)
    for dtype in (LOCF, BOCF):
        filled = {name: _filled(outcomes, endpoint, name, taken, dtype) for name in taken}
        rows = _judged(rule, filled, pd.Index(lacking["USUBJID"]))
        rows = rows[rows["AVAL"].notna()].assign(ANL01FL="", ANL02FL="", DTYPE=dtype)
        yield rows, _records(filled)


def _records(taken: Marks) -> Frame:
    return pd.concat([each.records for pair in taken.values() for each in pair])


def _non_responders(lacking: Frame) -> Frame:
    rows = lacking.assign(AVAL=0.0, CRIT1FL="N", ANL01FL="", ANL02FL="Y", DTYPE=NRI)
    return rows.drop(columns="ADT").assign(SRCSEQ=np.nan, NDAYS=0)


def _filled(
    outcomes: Outcomes, endpoint: Endpoint, name: str, taken: Marks, dtype: str
) -> tuple[Taken, Taken]:
    """Return an outcome at the time, those without a value with the last one or the baseline carried forward."""
    at, before = taken[name]
    outcome = outcomes.named(name)
    if outcome is None:
        raise KeyError(name)
    other = before if dtype == BOCF else carried(outcomes, outcome, endpoint, before)
    found = other.found[~other.found.index.isin(at.found.index)]
    records = other.records[other.records["USUBJID"].isin(found.index)]
    return Taken(pd.concat([at.found, found]), pd.concat([at.records, records])), before


def _judged(rule: Responder, taken: Marks, people: pd.Index) -> Frame:
    """Return one row for each of `people`: AVAL 1 if all marks are reached, 0 if one is not, nothing if one is not known."""
    first = taken[rule.marks[0].outcome][0].found
    made = first.reindex(people)[_VALUES].rename_axis("USUBJID").reset_index()
    reached = {person: _reached(rule, taken, person) for person in people}
    made["AVAL"] = made["USUBJID"].map(reached).astype("float64")
    made["CRIT1"] = rule.label
    made["CRIT1FL"] = made["AVAL"].map({1.0: "Y", 0.0: "N"}).fillna("")
    made[["BASE", "CHG", "PCHG"]] = np.nan
    if len(rule.marks) > 1:
        made["SRCSEQ"] = np.nan
    return made


def _reached(rule: Responder, taken: Marks, person: str) -> float | None:
    judged = []
    for mark in rule.marks:
        now, before = (each.found["AVAL"].get(person) for each in taken[mark.outcome])
        judged.append(mark.reached(_known(before), _known(now)))
    if False in judged:
        return 0.0
    return None if None in judged else 1.0


def _known(value: float | None) -> float | None:
    return None if value is None or np.isnan(value) else float(value)
