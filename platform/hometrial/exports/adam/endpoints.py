"""ADEFF: every endpoint of the protocol for everybody of its population, as observed and with what was made for it."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from hometrial.exports.adam import imputed, responding
from hometrial.exports.adam.finishing import KEY, LINKS
from hometrial.exports.adam.imputed import Part
from hometrial.exports.adam.outcomes import Outcomes, Taken
from hometrial.exports.adam.trial import ROW, Frame, of_subjects, study_days
from hometrial.protocol.outcomes import (
    AtDays,
    AtVisit,
    Endpoint,
    EventOutcome,
    Outcome,
    When,
)

FLAGS = {"ENR": "ENRLFL", "FAS": "FASFL", "PP": "PPROTFL", "SAF": "SAFFL"}
_VALUES = ["AVAL", "ADT", "NDAYS", "SRCDOM", "SRCVAR", "SRCSEQ"]
_AT_LEAST_ONE = "At least one"


def data_set(outcomes: Outcomes, adsl: Frame) -> tuple[Frame, Frame]:
    """Return the rows of ADEFF and their sources; `adsl` by USUBJID says who is in which population."""
    endpoints = outcomes.trial.protocol.endpoints
    rows: list[Frame] = []
    links: list[Frame] = []
    for endpoint in endpoints.all:
        people = adsl.index[adsl[FLAGS[endpoint.population]] == "Y"]
        for made, records in _endpoint(outcomes, endpoint, people):
            made = made.assign(
                PARAMCD=endpoint.id.upper(),
                PARAM=label(outcomes, endpoint),
                PARCAT1="PRIMARY" if endpoint in endpoints.primary else "SECONDARY",
                PARCAT2=endpoint.outcome,
            )
            made[KEY] = np.arange(len(made)) + sum(len(each) for each in rows)
            links.append(
                made[["USUBJID", KEY]].merge(records[["USUBJID", "SRCDOM", ROW]], on="USUBJID")
            )
            rows.append(made)
    together = pd.concat([each for each in rows if len(each)] or rows, ignore_index=True)
    if "IMPNUM" not in together:
        together["IMPNUM"] = np.nan
    together["ADY"] = study_days(together["ADT"], of_subjects(together, adsl["TRTSDT"]))
    return together, pd.concat(links, ignore_index=True)[LINKS]


def label(outcomes: Outcomes, endpoint: Endpoint) -> str:
    """Return an endpoint in words: what, when, against what."""
    named = {each.id: each.label for each in outcomes.trial.protocol.responders}
    outcome = outcomes.named(endpoint.outcome)
    what = named[endpoint.outcome] if outcome is None else outcome.label
    against = "" if endpoint.against is None else f", against {_when(outcomes, endpoint.against)}"
    between = ", between arms" if endpoint.between_arms else ""
    return f"{what}: {_when(outcomes, endpoint.at)}{against}{between}"


def _when(outcomes: Outcomes, when: When) -> str:
    if isinstance(when, AtVisit):
        return " or ".join(outcomes.trial.protocol.visit(each).label for each in when.visits)
    if isinstance(when, AtDays):
        return f"days {when.from_day} to {when.to_day} after {when.anchor.replace('_', ' ')}"
    return f"epoch {when.epoch.replace('_', ' ')}"


def _endpoint(outcomes: Outcomes, endpoint: Endpoint, people: pd.Index) -> Iterator[Part]:
    """Yield the rows of an endpoint by how they came about, and the records that they are made of."""
    outcome = outcomes.named(endpoint.outcome)
    if outcome is None:
        rule = next(
            each for each in outcomes.trial.protocol.responders if each.id == endpoint.outcome
        )
        marks = {
            mark.outcome: values(outcomes, known, endpoint)
            for mark in rule.marks
            if (known := outcomes.named(mark.outcome)) is not None
        }
        yield from responding.of_rule(outcomes, endpoint, rule, marks, people)
        return
    at, against = values(outcomes, outcome, endpoint)
    made = _observed(outcome, at, against, people)
    yield made, pd.concat([at.records, against.records])
    if endpoint.against is not None:
        yield from imputed.of_change(outcomes, endpoint, made, (at, against))


def _observed(outcome: Outcome, at: Taken, against: Taken, people: pd.Index) -> Frame:
    made = at.found.reindex(people)[_VALUES].rename_axis("USUBJID").reset_index()
    made["BASE"] = of_subjects(made, against.found["AVAL"]).astype("float64")
    made["CHG"] = made["AVAL"] - made["BASE"]
    made["PCHG"] = (100 * made["CHG"] / made["BASE"]).where(made["BASE"] != 0)
    is_count = isinstance(outcome, EventOutcome) and outcome.counts != "crash_days"
    some = np.where(made["AVAL"] > 0, "Y", np.where(made["AVAL"].notna(), "N", ""))
    made["CRIT1"] = _AT_LEAST_ONE if is_count else ""
    made["CRIT1FL"] = some if is_count else ""
    made["ANL01FL"] = np.where(made["AVAL"].notna(), "Y", "")
    return made.assign(DTYPE="", ANL02FL="")


def values(outcomes: Outcomes, outcome: Outcome, endpoint: Endpoint) -> tuple[Taken, Taken]:
    """Return an outcome at the time of an endpoint, and at the time that it is held against."""
    at = outcomes.value(outcome, endpoint.at, endpoint)
    if endpoint.against is not None:
        return at, outcomes.value(
            outcome, endpoint.against, endpoint.model_copy(update=_OF_ALL_DAYS)
        )
    if endpoint.between_arms:
        return at, _before_arms(outcomes, outcome, endpoint)
    return at, Taken(at.found.iloc[:0], at.records.iloc[:0])


def _before_arms(outcomes: Outcomes, outcome: Outcome, endpoint: Endpoint) -> Taken:
    """Return the baseline that all arms share: of the outcome's baseline visits the first, else the last before."""
    for each in outcomes.trial.protocol.endpoints.all:
        if each.outcome == outcome.id and isinstance(each.against, AtVisit):
            first = AtVisit(visits=each.against.visits[:1])
            return outcomes.value(outcome, first, endpoint.model_copy(update=_OF_ALL_DAYS))
    return outcomes.before(outcome, "randomisation")


_OF_ALL_DAYS: Mapping[str, str] = {"estimand": "treatment_policy"}
"""A baseline lies before the drug: it is of no estimand."""
