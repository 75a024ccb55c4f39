"""Every analysis data set of a study, from its tabulations."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import pandas as pd
import pyarrow as pa

from hometrial.exports.adam import (
    adverse_events,
    endpoints,
    exposure,
    laboratory,
    questionnaires,
    standard,
    subject_level,
    time_to_event,
    wearable,
)
from hometrial.exports.adam.dosing import Doses
from hometrial.exports.adam.findings import with_people
from hometrial.exports.adam.finishing import KEY, finish, together
from hometrial.exports.adam.outcomes import Outcomes, Records
from hometrial.exports.adam.trial import Frame, Trial
from hometrial.exports.sdtm.assembling import Made
from hometrial.exports.source.reading import Source
from hometrial.protocol.outcomes import AtVisit, FormOutcome, LaboratoryOutcome

_Rows = tuple[Frame, Frame]
_Maker = tuple[Frame, Callable[[], _Rows]]
Wait = Callable[[pa.Table], pa.Table]
"""Puts a table where it can wait; returns it as it stands there."""


def analyse(source: Source, tabulations: Mapping[str, Made]) -> dict[str, Made]:
    """Return the analysis data sets by name, as `analysed` makes them."""
    return {each.data_set.name: each for each in analysed(source, tabulations, lambda table: table)}


def analysed(source: Source, tabulations: Mapping[str, Made], wait: Wait) -> Iterator[Made]:
    """Yield the analysis data sets; one without rows is left out, and of a study without people all are.

    Of the source only the protocol is read: all that is known of people comes from the tabulations. They are made of
    some subjects after others, whose rows `wait` for the rest; but for endpoints, of which a missing value is imputed
    by what others have. Raises ExportRefusedError where the protocol says something for which no rule is known,
    ValueRefusedError for a value that does not fit.
    """
    if "DM" not in tabulations:
        return
    trial = Trial(source.protocol, tabulations)
    parts: dict[str, list[Made]] = {}
    outcomes, adsl = [], []
    for some in trial.some_at_a_time():
        of_some, rows, made = _of_some(some)
        outcomes.append(of_some.records)  # alone: a trial holds its tables
        adsl.append(rows)
        for each in made:
            waiting = replace(each, table=wait(each.table), lineage=wait(each.lineage))
            parts.setdefault(each.data_set.name, []).append(waiting)
    whole, people = Outcomes.together(trial, outcomes), pd.concat(adsl)
    rows, links = endpoints.data_set(whole, people)
    if len(rows):
        parts["ADEFF"] = [finish("ADEFF", with_people(rows, people, trial), links, trial)]
    for name in filter(parts.__contains__, standard.names()):
        yield together(parts.pop(name))


def _of_some(trial: Trial) -> tuple[Outcomes, Frame, Iterator[Made]]:
    """Return the outcomes of the subjects of a trial, ADSL by USUBJID, and their data sets but for ADEFF."""
    doses = Doses(trial)
    records = Records(
        questionnaires.rows(trial),
        wearable.rows(trial),
        laboratory.rows(trial),
        adverse_events.rows(trial, doses),
    )
    outcomes = Outcomes.of(trial, records)
    taken = exposure.summary(trial, doses)
    adsl = subject_level.rows(outcomes, taken)
    declared = baselines(outcomes)
    asked, answers = spans(outcomes), records.questionnaires
    makers: dict[str, _Maker] = {
        "ADSL": (adsl, lambda: _subjects(adsl, trial)),
        "ADAE": (records.events, lambda: adverse_events.data_set(records.events)),
        "ADEX": (taken, lambda: exposure.data_set(taken, trial, doses)),
        "ADLB": (
            records.laboratory,
            lambda: laboratory.data_set(records.laboratory, doses, declared),
        ),
        "ADQS": (answers, lambda: questionnaires.data_set(answers, trial, doses, asked, declared)),
        "ADWD": (records.wearable, lambda: wearable.data_set(records.wearable, trial, doses)),
        "ADWR": (records.wearable, lambda: wearable.weekly(records.wearable, trial, doses)),
        "ADTTE": (taken, lambda: time_to_event.data_set(trial, doses)),
    }
    return outcomes, adsl, _finished(makers, adsl, trial)


def _finished(makers: Mapping[str, _Maker], adsl: Frame, trial: Trial) -> Iterator[Made]:
    for name, (of, make) in makers.items():
        rows, links = make() if len(of) else (of, of)
        if len(rows):
            joined = rows if name == "ADSL" else with_people(rows, adsl, trial)
            yield finish(name, joined, links, trial)


def _subjects(adsl: Frame, trial: Trial) -> _Rows:
    rows, links = subject_level.data_set(adsl)
    return rows.assign(STUDYID=trial.protocol.id.upper()), links


def spans(outcomes: Outcomes) -> dict[str, tuple[int, int]]:
    """Return over how many days the protocol averages a parameter of a form, and how many must be known."""
    return {
        outcomes.code(each): (each.over_days, each.at_least_days)
        for each in outcomes.trial.protocol.outcomes
        if isinstance(each, FormOutcome) and each.over_days and each.at_least_days
    }


def baselines(outcomes: Outcomes) -> dict[str, pd.Series]:
    """Return the keys of the records that are the baseline of each outcome at visits, by PARAMCD.

    They are those of the first endpoint of the outcome, primary ones first, that is held against visits.
    """
    found: dict[str, pd.Series] = {}
    for endpoint in outcomes.trial.protocol.endpoints.all:
        outcome = outcomes.named(endpoint.outcome)
        if not isinstance(outcome, FormOutcome | LaboratoryOutcome):
            continue
        code = outcomes.code(outcome)
        if isinstance(endpoint.against, AtVisit) and code not in found:
            found[code] = outcomes.value(outcome, endpoint.against, endpoint).records[KEY]
    return found
