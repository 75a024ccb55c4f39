"""The value of an outcome at a time of the protocol, for each subject, and the records that it is made of."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hometrial.errors import ExportRefusedError
from hometrial.exports.adam import visits
from hometrial.exports.adam.finishing import KEY
from hometrial.exports.adam.laboratory import short_name
from hometrial.exports.adam.trial import ONE_DAY, ROW, Frame, Trial, days, of_subjects
from hometrial.exports.adam.wearable import parameters
from hometrial.exports.sdtm import crashes, planned
from hometrial.exports.sdtm.coding import listed
from hometrial.protocol.outcomes import (
    AtDays,
    AtVisit,
    Endpoint,
    EventOutcome,
    FormOutcome,
    LaboratoryOutcome,
    Outcome,
    WearableOutcome,
    When,
)

RECORD = ["USUBJID", "ADT", "AVAL", "AVISITN", "ANL01FL", "SRCDOM", "SRCVAR", "SRCSEQ", ROW, KEY]
_CRASH_DAYS = 28
_WORSE = ("MODERATE", "SEVERE")


@dataclass(frozen=True)
class Records:
    """The rows that outcomes are taken of: questionnaires, the wearable, the laboratory, adverse events."""

    questionnaires: Frame
    wearable: Frame
    laboratory: Frame
    events: Frame


@dataclass(frozen=True)
class Taken:
    """What is found by USUBJID (AVAL, ADT, NDAYS, SRCDOM, SRCVAR, SRCSEQ) and the records that each is made of."""

    found: Frame
    records: Frame


@dataclass(frozen=True)
class Outcomes:
    """The outcomes of a trial, of all its subjects or of some: the records of each by its id."""

    trial: Trial
    records: Mapping[str, Frame]

    @classmethod
    def of(cls, trial: Trial, records: Records) -> "Outcomes":
        """Return the outcomes that records tell."""
        among = _Among(trial, records)
        return cls(trial, {each.id: among.of(each) for each in trial.protocol.outcomes})

    @classmethod
    def together(cls, trial: Trial, parts: Sequence[Mapping[str, Frame]]) -> "Outcomes":
        """Return the outcomes of all subjects, of the records of some after others."""
        return cls(
            trial,
            {
                each.id: pd.concat([part[each.id] for part in parts], ignore_index=True)
                for each in trial.protocol.outcomes
            },
        )

    def named(self, name: str) -> Outcome | None:
        """Return an outcome of the protocol; None if the name is a responder rule's."""
        return next((each for each in self.trial.protocol.outcomes if each.id == name), None)

    def code(self, outcome: Outcome) -> str:
        """Return PARAMCD of what an outcome is taken of; nothing of events. Raises ExportRefusedError if it is unknown."""
        return _code(self.trial, outcome)

    def value(self, outcome: Outcome, when: When, endpoint: Endpoint) -> Taken:
        """Return an outcome at a time, for everybody who has it."""
        found = self.records[outcome.id]
        if endpoint.estimand == "while_on_drug":
            found = self._on_drug(found)
        if isinstance(when, AtVisit):
            return _taken(self._at_visit(found, when.visits))
        return self._during(outcome, found, self.period(when))

    def _on_drug(self, found: Frame) -> Frame:
        people = self.trial.subjects
        first, last = (of_subjects(found, people[each]) for each in ("TRTSDT", "TRTEDT"))
        return found[(found["ADT"] >= first) & (found["ADT"] <= last)]

    def _at_visit(self, found: Frame, names: Iterable[str]) -> Frame:
        """Return each subject's records at the last of these visits that was held; one with records was held."""
        wanted = [visits.numbers(self.trial)[each] for each in names]
        held = visits.held(self.trial).rename(columns={"VISITNUM": "AVISITN", "day": "ADT"})
        both = pd.concat([held, found[["USUBJID", "AVISITN", "ADT"]]])
        both = both[both["AVISITN"].isin(wanted)].sort_values(["ADT", "AVISITN"], kind="stable")
        last = both.groupby("USUBJID")["AVISITN"].last()
        at_last = found["AVISITN"] == of_subjects(found, last)
        return found[at_last & (found["ANL01FL"] == "Y")]

    def period(self, when: When) -> Frame:
        """Return first and last day of a time by USUBJID, for who reached it."""
        if isinstance(when, AtDays):
            anchor = self.trial.anchors[when.anchor].dropna()
            return Frame(
                {"first": anchor + when.from_day * ONE_DAY, "last": anchor + when.to_day * ONE_DAY}
            )
        if isinstance(when, AtVisit):
            raise TypeError(when)  # visits are no stretch of days
        return self.trial.epoch(when.epoch)

    def _during(self, outcome: Outcome, found: Frame, period: Frame) -> Taken:
        over, at_least = (
            getattr(outcome, "over_days", None),
            getattr(outcome, "at_least_days", None),
        )
        if over is not None:
            begins = period["last"] - (over - 1) * ONE_DAY
            period = period.assign(first=begins.where(begins > period["first"], period["first"]))
        known = found.merge(period, left_on="USUBJID", right_index=True).reset_index(drop=True)
        known = known[(known["ADT"] >= known["first"]) & (known["ADT"] <= known["last"])]
        if isinstance(outcome, EventOutcome):
            return self._count(outcome, known, period)
        taken = _taken(known)
        enough = taken.found[taken.found["NDAYS"] >= (at_least or 1)]
        return Taken(enough, known[known["USUBJID"].isin(enough.index)])

    def _count(self, outcome: EventOutcome, known: Frame, period: Frame) -> Taken:
        """Return how many events began in each subject's days: 0 where none did."""
        found = _taken(known)
        values = found.found.reindex(period.index)
        total = known.groupby("USUBJID")["AVAL"].sum().reindex(period.index).fillna(0.0)
        if outcome.counts == "crash_days":
            answered = values["NDAYS"].fillna(0)
            whole = (period["last"] - period["first"]).dt.days + 1
            per_day = total / answered.where(answered >= whole / 2)
            values["AVAL"] = per_day * _CRASH_DAYS
            values = values[values["AVAL"].notna()]
            return Taken(values, known[known["USUBJID"].isin(values.index)])
        values = values.assign(AVAL=total, NDAYS=total, SRCSEQ=np.nan)
        domain, variable = (
            ("DS", "DSDECOD") if outcome.counts == "discontinuations" else ("AE", "AESTDTC")
        )
        if domain not in self.trial.tabulations:
            domain = variable = ""
        return Taken(values.assign(SRCDOM=domain, SRCVAR=variable), known)

    def last(
        self, outcome: Outcome, endpoint: Endpoint, since: pd.Series, until: pd.Series
    ) -> Taken:
        """Return each subject's last record at a visit after a day, up to another where that is known."""
        found = self.records[outcome.id]
        if endpoint.estimand == "while_on_drug":
            found = self._on_drug(found)
        is_used = (found["ANL01FL"] == "Y") & found["AVISITN"].notna()
        is_used &= found["ADT"] > of_subjects(found, since)
        is_used &= ~(found["ADT"] > of_subjects(found, until))
        order = found[is_used].sort_values(["ADT", "SRCSEQ"], kind="stable")
        return _taken(order.drop_duplicates("USUBJID", keep="last"))

    def on_the_way(self, outcome: Outcome, endpoint: Endpoint) -> Iterator[tuple[int, pd.Series]]:
        """Yield the visits on the drug before those of an endpoint: their place, and the values by USUBJID."""
        found = self.records[outcome.id]
        found = found[found["ANL01FL"] == "Y"]
        numbers = visits.numbers(self.trial)
        last = min(numbers[each] for each in getattr(endpoint.at, "visits", ()))
        on_drug = {
            each.number
            for each in planned.visits(self.trial.protocol)
            if each.visit.anchor == "first_dose" and each.number < last
        }
        for place, number in enumerate(sorted(on_drug), start=1):
            yield place, found[found["AVISITN"] == number].groupby("USUBJID")["AVAL"].first()

    def before(self, outcome: Outcome, anchor: str) -> Taken:
        """Return the last record of each subject on or before the day of an anchor."""
        found = self.records[outcome.id]
        earlier = found[found["ADT"] <= of_subjects(found, self.trial.anchors[anchor])]
        last = earlier.sort_values(["ADT", "SRCSEQ"], kind="stable")
        return _taken(last.drop_duplicates("USUBJID", keep="last"))


def _code(trial: Trial, outcome: Outcome) -> str:
    match outcome:
        case FormOutcome():
            return _form_code(trial, outcome)
        case WearableOutcome():
            if outcome.metric not in parameters():
                raise ExportRefusedError(
                    f"outcome {outcome.id}: {outcome.metric} stands in no tabulation; "
                    "list it in exports/sdtm/wearables.csv"
                )
            return parameters()[outcome.metric][0]
        case LaboratoryOutcome():
            return short_name(outcome.analyte)
        case EventOutcome():
            return ""


def _form_code(trial: Trial, outcome: FormOutcome) -> str:
    form = next(each for each in trial.protocol.forms if each.id == outcome.form)
    for kind in ("score", "item"):
        found = listed().get((form.instrument or "", kind, outcome.score))
        if found is not None:
            return found.testcd
    raise ExportRefusedError(
        f"outcome {outcome.id}: {form.instrument} has no listed score or item {outcome.score}; "
        "list it in exports/sdtm/questionnaires.csv"
    )


@dataclass(frozen=True)
class _Among:
    """The records of outcomes, sought among all."""

    trial: Trial
    records: Records

    def of(self, outcome: Outcome) -> Frame:
        """Return the records of an outcome."""
        if isinstance(outcome, EventOutcome):
            return self._counted(outcome)
        if isinstance(outcome, WearableOutcome):
            found = self.records.wearable.assign(AVISITN=np.nan)
            found = found[found["ANL01FL"] == "Y"]
        elif isinstance(outcome, FormOutcome):
            found = self.records.questionnaires
        else:
            found = self.records.laboratory
        return found.loc[found["PARAMCD"] == _code(self.trial, outcome), RECORD]

    def _counted(self, outcome: EventOutcome) -> Frame:
        """Return one record for each thing that an outcome counts; of crash days one for each day answered."""
        if outcome.counts == "crash_days":
            return self._crashes()
        if outcome.counts == "discontinuations":
            return self._discontinuations()
        events = self.records.events
        if outcome.counts == "serious_adverse_events":
            events = events[events["AESER"] == "Y"]
        return _recorded(events["USUBJID"], events["ASTDT"], events, ("AE", "AESTDTC", "AESEQ"))

    def _discontinuations(self) -> Frame:
        table = self.trial.table("DS")
        is_end = (table["DSCAT"] == "DISPOSITION EVENT") & (table["DSSCAT"] == "STUDY TREATMENT")
        stopped = table[is_end & (table["DSDECOD"] != "COMPLETED")]
        return _recorded(
            stopped["USUBJID"], days(stopped["DSSTDTC"]), stopped, ("DS", "DSDECOD", "DSSEQ")
        )

    def _crashes(self) -> Frame:
        table = self.trial.table("FA")
        table = table[(table["FAOBJ"] == crashes.CRASH) & (table["FACAT"] == "DIARY")]
        table = table.assign(ADT=days(table["FADTC"]))
        worse = table[(table["FATESTCD"] == "SEV") & table["FASTRESC"].isin(_WORSE)]
        answered = table[table["FATESTCD"] == "OCCUR"].drop_duplicates(["USUBJID", "ADT"])
        found = _recorded(
            answered["USUBJID"], answered["ADT"], answered, ("FA", "FASTRESC", "FASEQ")
        )
        crashed = pd.MultiIndex.from_frame(worse[["USUBJID", "ADT"]])
        was_crash = pd.MultiIndex.from_frame(found[["USUBJID", "ADT"]]).isin(crashed)
        return found.assign(AVAL=was_crash.astype("float64"))


def _recorded(who: pd.Series, when: pd.Series, rows: Frame, source: tuple[str, str, str]) -> Frame:
    domain, variable, sequence = source
    return Frame(
        {
            "USUBJID": who, "ADT": when, "AVAL": 1.0, "AVISITN": np.nan, "ANL01FL": "Y", "SRCDOM": domain,
            "SRCVAR": variable, "SRCSEQ": rows[sequence], ROW: rows[ROW], KEY: np.nan,
        }
    )  # fmt: skip


def _taken(records: Frame) -> Taken:
    """Return the mean of each subject's records; of a single one it is that record, with its number."""
    groups = records.groupby("USUBJID")
    values = groups.agg(
        AVAL=("AVAL", "mean"), ADT=("ADT", "max"), NDAYS=("ADT", "nunique"), SRCDOM=("SRCDOM", "first"),
        SRCVAR=("SRCVAR", "first"), SRCSEQ=("SRCSEQ", "first"), records=("AVAL", "size"),
    )  # fmt: skip
    values["SRCSEQ"] = values["SRCSEQ"].where(values["records"] == 1)
    return Taken(values.drop(columns="records"), records)
