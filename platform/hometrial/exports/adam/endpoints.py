"""ADEFF: every endpoint of the protocol for everybody of its population, observed and with non-responders imputed."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from hometrial.exports.adam import visits
from hometrial.exports.adam.finishing import KEY, LINKS
from hometrial.exports.adam.outcomes import Outcomes, Taken
from hometrial.exports.adam.trial import ROW, Frame, of_subjects, study_days
from hometrial.protocol.outcomes import (
    AtDays,
    AtVisit,
    Endpoint,
    EventOutcome,
    Outcome,
    Responder,
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
        made, records = _endpoint(outcomes, endpoint, people)
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


def _endpoint(outcomes: Outcomes, endpoint: Endpoint, people: pd.Index) -> tuple[Frame, Frame]:
    outcome = outcomes.named(endpoint.outcome)
    if outcome is None:
        rule = next(
            each for each in outcomes.trial.protocol.responders if each.id == endpoint.outcome
        )
        return _responders(outcomes, endpoint, rule, people)
    at, against = values(outcomes, outcome, endpoint)
    made = at.found.reindex(people)[_VALUES].rename_axis("USUBJID").reset_index()
    made["BASE"] = of_subjects(made, against.found["AVAL"]).astype("float64")
    made["CHG"] = made["AVAL"] - made["BASE"]
    made["PCHG"] = (100 * made["CHG"] / made["BASE"]).where(made["BASE"] != 0)
    is_count = isinstance(outcome, EventOutcome) and outcome.counts != "crash_days"
    some = np.where(made["AVAL"] > 0, "Y", np.where(made["AVAL"].notna(), "N", ""))
    made["CRIT1"] = _AT_LEAST_ONE if is_count else ""
    made["CRIT1FL"] = some if is_count else ""
    made["ANL01FL"] = np.where(made["AVAL"].notna(), "Y", "")
    records = pd.concat([at.records, against.records])
    return made.assign(DTYPE="", ANL02FL=""), records


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


def _responders(
    outcomes: Outcomes, endpoint: Endpoint, rule: Responder, people: pd.Index
) -> tuple[Frame, Frame]:
    """Return whether each of `people` responded; who is not known to, a second time as a non-responder.

    Nobody is a non-responder at a time that is still to come.
    """
    taken = {
        mark.outcome: values(outcomes, outcome, endpoint)
        for mark in rule.marks
        if (outcome := outcomes.named(mark.outcome)) is not None
    }
    reached = {person: _reached(rule, taken, person) for person in people}
    first = taken[rule.marks[0].outcome][0].found
    made = first.reindex(people)[_VALUES].rename_axis("USUBJID").reset_index()
    made["AVAL"] = made["USUBJID"].map(reached).astype("float64")
    made["CRIT1"] = rule.label
    made["CRIT1FL"] = made["AVAL"].map({1.0: "Y", 0.0: "N"}).fillna("")
    made["ANL01FL"] = np.where(made["AVAL"].notna(), "Y", "")
    made["ANL02FL"] = made["ANL01FL"]
    is_ahead = of_subjects(made, _still_ahead(outcomes, endpoint))
    imputed = made[made["AVAL"].isna() & ~is_ahead].drop(columns="ADT")
    imputed = imputed.assign(
        AVAL=0.0, CRIT1FL="N", ANL02FL="Y", DTYPE="NRI", SRCSEQ=np.nan, NDAYS=0
    )
    made = pd.concat([made.assign(DTYPE=""), imputed], ignore_index=True)
    made[["BASE", "CHG", "PCHG"]] = np.nan
    if len(rule.marks) > 1:
        made["SRCSEQ"] = np.nan
    records = pd.concat([each.records for pair in taken.values() for each in pair])
    return made, records


def _still_ahead(outcomes: Outcomes, endpoint: Endpoint) -> pd.Series:
    """Return by USUBJID who is still in the study, and whose time of an endpoint was not over at the last contact."""
    people = outcomes.trial.subjects
    if isinstance(endpoint.at, AtVisit):
        wanted = [visits.numbers(outcomes.trial)[each] for each in endpoint.at.visits]
        due = visits.windows(outcomes.trial)
        last = due[due["VISITNUM"].isin(wanted)].groupby("USUBJID")["hi"].max()
    else:
        last = outcomes.period(endpoint.at)["last"]
    is_over = last.reindex(people.index) < people["RFPENDT"]
    return (people["EOSDECOD"] == "") & ~is_over


def _reached(
    rule: Responder, taken: Mapping[str, tuple[Taken, Taken]], person: str
) -> float | None:
    """Return 1 if all marks are reached, 0 if one is not, nothing if one is not known."""
    judged = []
    for mark in rule.marks:
        now, before = (each.found["AVAL"].get(person) for each in taken[mark.outcome])
        judged.append(mark.reached(_known(before), _known(now)))
    if False in judged:
        return 0.0
    return None if None in judged else 1.0


def _known(value: float | None) -> float | None:
    return None if value is None or np.isnan(value) else float(value)
