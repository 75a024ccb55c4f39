"""The dose of each subject on each day, from EX (taken) and EC (told to be missed, held by order, and planned)."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from hometrial.errors import ExportRefusedError
from hometrial.exports.adam.trial import ROW, Frame, Trial, days, expanded, of_subjects
from hometrial.exports.sdtm.collected import HELD, MISSED, OFTEN

_TIMES = {term: times for times, term in OFTEN.items()}
_KEY = ["USUBJID", "ADT"]
_ENOUGH = 0.8
"""The share of an ordered dose from which on it counts as taken, as in the doses by day."""
_SAME = 1e-9


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
                "DOSEA": table["EXDOSE"] * _times(table, "EX"),
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
        found = self.heard[self.heard["ECOCCUR"] == "N"].drop_duplicates(_KEY)
        found = found[[*_KEY, ROW, "was_held"]]
        joined = found.merge(self.taken[_KEY], how="left", on=_KEY, indicator="also")
        return joined[joined["also"] == "left_only"]

    @cached_property
    def heard(self) -> Frame:
        """What EC has been told, by day: its columns, ADT, mg, times, and whether the drug was held by order."""
        told, why = self._collected("PERFORMED"), self.trial.table("SUPPEC")
        why = why[(why["QNAM"] == MISSED) & (why["QVAL"] == HELD)]
        held = pd.MultiIndex.from_arrays([why["USUBJID"], why["IDVARVAL"].astype("float64")])
        of = pd.MultiIndex.from_arrays([told["USUBJID"], told["ECSEQ"].astype("float64")])
        return told.assign(was_held=of.isin(held))

    @cached_property
    def scheduled(self) -> Frame:
        """What EC says was ordered, by day: its columns, ADT, mg and times."""
        return self._collected("SCHEDULED")

    @cached_property
    def planned(self) -> Frame:
        """One row for each subject and day for which a dose was ordered: USUBJID, ADT, DOSEP in mg a day, doses `planned`."""
        return self.scheduled.groupby(_KEY, as_index=False).agg(
            DOSEP=("mg", "sum"), planned=("times", "sum")
        )

    @cached_property
    def counted(self) -> Frame:
        """The days of `planned`, with how many of the doses were `taken`, and of how many it was `told`.

        A dose is taken from 0.8 of its amount on, all of a day from 0.8 of the day's. Where one was told to be missed,
        all others that were not taken are.
        """
        was_taken = self.heard["ECOCCUR"] == "Y"
        was_missed = (self.heard["ECOCCUR"] == "N") & ~self.heard["was_held"]
        spent = self.heard[was_taken].groupby(_KEY, as_index=False)[["mg", "times"]].sum()
        missed = self.heard.loc[was_missed, _KEY].drop_duplicates().assign(was_missed=True)
        found = self.planned.merge(spent, how="left", on=_KEY).merge(missed, how="left", on=_KEY)
        share = found["mg"].fillna(0) / found["DOSEP"]
        is_whole = share >= _ENOUGH - _SAME
        parts = np.floor(share * found["planned"] + 1 - _ENOUGH + _SAME)
        taken = np.where(is_whole, found["planned"], np.minimum(parts, found["planned"] - 1))
        told = np.maximum(taken, np.minimum(found["times"].fillna(0), found["planned"]))
        whole = is_whole | found["was_missed"].notna()
        return found.assign(taken=taken, told=np.where(whole, found["planned"], told))

    def _collected(self, mood: str) -> Frame:
        table = self.trial.table("EC")
        table = table[table["ECMOOD"].isin([mood, ""] if mood == "PERFORMED" else [mood])]
        times = _times(table, "EC")
        strength = table["ECPSTRG"].where(table["ECDOSU"] == "mL", 1.0)
        ends, begins = days(table["ECENDTC"]), days(table["ECSTDTC"])
        found = table.assign(
            mg=table["ECDOSE"] * strength * times,
            times=times,
            first=begins,
            last=ends.fillna(begins),
        )
        return expanded(found, "first", "last")

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


def _times(table: Frame, domain: str) -> pd.Series:
    """Return how often a day each dose of EX or EC was; nothing where there was none.

    Raises ExportRefusedError for a dose without a frequency that is known.
    """
    said = table[f"{domain}DOSFRQ"]
    found = said.map(_TIMES).astype("float64")
    unknown = table[found.isna() & (table[f"{domain}DOSE"] > 0)]
    if len(unknown):
        row = unknown.iloc[0]
        raise ExportRefusedError(
            f"{domain} row {row[ROW]} ({row['USUBJID']}, from {row[f'{domain}STDTC']}): {domain}DOSFRQ is "
            f"{row[f'{domain}DOSFRQ']!r}, by which no dose of a day can be reckoned; it is one of {', '.join(_TIMES)}; "
            "correct the doses of that day"
        )
    return found
