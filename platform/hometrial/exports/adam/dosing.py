"""The dose of each subject on each day, from EX (taken) and EC (told to be missed, held by order, and planned)."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from hometrial.exports.adam.trial import ROW, Frame, Trial, days, expanded, of_subjects
from hometrial.exports.sdtm.collected import HELD, MISSED
from hometrial.exports.sdtm.doses import FREQUENCIES

_TIMES = {term: times for times, term in FREQUENCIES.items()}
_KEY = ["USUBJID", "ADT"]


@dataclass(frozen=True)
class Doses:
    """The doses of a trial, by subject and day."""

    trial: Trial

    @cached_property
    def taken(self) -> Frame:
        """One row for each subject and day with a dose: USUBJID, ADT, DOSEA in mg a day, row of EX."""
        table = self.trial.table("EX")
        each = Frame(
            {
                "USUBJID": table["USUBJID"],
                "first": days(table["EXSTDTC"]),
                "last": days(table["EXENDTC"]),
                "DOSEA": table["EXDOSE"]
                * table["EXDOSFRQ"].map(_TIMES).astype("float64").fillna(1),
                ROW: table[ROW],
            }
        )
        found = expanded(each[each["DOSEA"] > 0], "first", "last")
        return found.groupby(_KEY, as_index=False).agg(DOSEA=("DOSEA", "sum"), _row=(ROW, "first"))

    @cached_property
    def missed(self) -> Frame:
        """One row for each subject and day of which EC says that a dose was missed: USUBJID, ADT, row of EC."""
        found = self._not_taken
        return found.loc[~found["was_held"], [*_KEY, ROW]]

    @cached_property
    def held(self) -> Frame:
        """One row for each subject and day on which the drug was held by order: USUBJID, ADT, row of EC."""
        found = self._not_taken
        return found.loc[found["was_held"], [*_KEY, ROW]]

    @cached_property
    def _not_taken(self) -> Frame:
        told, why = self._collected("PERFORMED"), self.trial.table("SUPPEC")
        why = why[(why["QNAM"] == MISSED) & (why["QVAL"] == HELD)]
        held = pd.MultiIndex.from_arrays([why["USUBJID"], why["IDVARVAL"].astype("float64")])
        of = pd.MultiIndex.from_arrays([told["USUBJID"], told["ECSEQ"].astype("float64")])
        found = told.assign(was_held=of.isin(held))
        found = found[found["ECOCCUR"] == "N"].drop_duplicates(_KEY)[[*_KEY, ROW, "was_held"]]
        joined = found.merge(self.taken[_KEY], how="left", on=_KEY, indicator="also")
        return joined[joined["also"] == "left_only"]

    @cached_property
    def planned(self) -> Frame:
        """One row for each subject and day for which a dose was ordered: USUBJID, ADT, DOSEP in mg a day."""
        found = self._collected("SCHEDULED")
        found["DOSEP"] = found["ECDOSE"] * found["ECDOSFRQ"].map(_TIMES).astype("float64").fillna(1)
        return found.groupby(_KEY, as_index=False).agg(DOSEP=("DOSEP", "last"))

    def _collected(self, mood: str) -> Frame:
        table = self.trial.table("EC")
        found = table[table["ECMOOD"].isin([mood, ""] if mood == "PERFORMED" else [mood])]
        ends = days(found["ECENDTC"])
        begins = days(found["ECSTDTC"])
        return expanded(found.assign(first=begins, last=ends.fillna(begins)), "first", "last")

    @cached_property
    def _days(self) -> Frame:
        known = [*_KEY, "DOSEA"]
        missed = self._not_taken.assign(DOSEA=0.0)
        return pd.concat([self.taken[known], missed[known]], ignore_index=True)

    def on(self, frame: Frame, day: str = "ADT") -> pd.Series:
        """Return the dose of each row's day: 0 outside treatment, empty inside it where nobody told."""
        asked = Frame({"USUBJID": frame["USUBJID"].to_numpy(), "ADT": frame[day].to_numpy()})
        asked["ADT"] = asked["ADT"].astype("datetime64[s]")
        found = asked.merge(self._days, how="left", on=_KEY)["DOSEA"].to_numpy()
        first, last = (
            of_subjects(asked, self.trial.subjects[each]) for each in ("TRTSDT", "TRTEDT")
        )
        outside = first.isna() | (asked["ADT"] < first) | (asked["ADT"] > last)
        given = np.where(np.isnan(found) & outside.to_numpy(), 0.0, found)
        given[asked["ADT"].isna().to_numpy()] = np.nan
        return pd.Series(given, frame.index)

    def ordered_on(self, frame: Frame) -> pd.Series:
        """Return the planned dose of each row's day; empty where none was ordered."""
        asked = frame[_KEY].reset_index(drop=True)
        asked["ADT"] = asked["ADT"].astype("datetime64[s]")
        found = asked.merge(self.planned, how="left", on=_KEY)["DOSEP"]
        return pd.Series(found.to_numpy(dtype="float64"), frame.index)

    def joined(self, frame: Frame) -> Frame:
        """Return rows with the dose on their day, planned and taken, and whether it was on treatment."""
        first, last = (
            of_subjects(frame, self.trial.subjects[each]) for each in ("TRTSDT", "TRTEDT")
        )
        treated = (frame["ADT"] >= first) & (frame["ADT"] <= last)
        return frame.assign(
            DOSEA=self.on(frame),
            DOSEP=self.ordered_on(frame),
            DOSEU="mg",
            ONTRTFL=np.where(treated, "Y", ""),
        )
