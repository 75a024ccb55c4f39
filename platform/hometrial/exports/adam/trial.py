"""The trial as its tabulations tell it: tables as frames, and the days of each subject that others count from."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any, cast

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from hometrial.exports.metadata import Column
from hometrial.exports.sdtm import planned, standard
from hometrial.exports.sdtm.assembling import Made
from hometrial.protocol.arms import Anchor
from hometrial.protocol.model import Protocol

Frame = pd.DataFrame
ROW = "_row"
"""Number of a row in its tabulation, from 1: with SRCDOM it leads to the source records."""
ONE_DAY = pd.Timedelta(days=1)
_AT_ONCE = 20
"""So many subjects are looked at together: as frames their rows take several times what they take as columns."""
_DISPOSITION, _MILESTONE = "DISPOSITION EVENT", "PROTOCOL MILESTONE"
_TREATMENT, _PARTICIPATION = "STUDY TREATMENT", "STUDY PARTICIPATION"


@dataclass(frozen=True)
class Trial:
    """A protocol and its tabulations, of all subjects, or of those from one USUBJID to another."""

    protocol: Protocol
    tabulations: Mapping[str, Made]
    subjects_from_to: tuple[str, str] | None = None
    _tables: dict[str, Frame] = field(default_factory=dict, compare=False, repr=False)
    _of_all: dict[str, Frame] = field(default_factory=dict, compare=False, repr=False)

    def some_at_a_time(self, at_once: int = _AT_ONCE) -> Iterator["Trial"]:
        """Yield the same trial of some subjects after others, in the order of USUBJID."""
        known = sorted(self.tabulations["DM"].table["USUBJID"].unique().to_pylist())
        for place in range(0, len(known), at_once):
            some = known[place : place + at_once]
            yield replace(self, subjects_from_to=(some[0], some[-1]), _tables={})

    def table(self, name: str) -> Frame:
        """Return a tabulation with every variable that its domain may have. It is shared: do not change it."""
        return self.once(name, lambda: self._read(name))

    def once(self, name: str, make: Callable[[], Frame]) -> Frame:
        """Return what `make` makes, made when it is first asked for under a name. It is shared: do not change it."""
        if name not in self._tables:
            self._tables[name] = make()
        return self._tables[name]

    def once_of_all(self, name: str, make: Callable[[], Frame]) -> Frame:
        """Return what `make` makes of all subjects, as `once` does; trials of some of them share it."""
        if name not in self._of_all:
            self._of_all[name] = make()
        return self._of_all[name]

    def lineage(self, name: str, rows: pd.Series) -> Frame:
        """Return the source records of a tabulation's rows from the first to the last of these."""
        lineage = self.tabulations[name].lineage
        found: Frame = lineage.filter(_between(lineage["row"], rows.min(), rows.max())).to_pandas()
        return found

    def _read(self, name: str) -> Frame:
        made = self.tabulations.get(name)
        frame, rows = (Frame(), np.arange(0)) if made is None else self._own(made.table)
        missing = [each for each in standard.domain(name).columns if each.name not in frame]
        empty = Frame({each.name: _nothing(each, frame.index) for each in missing}, frame.index)
        found = pd.concat([frame, empty], axis=1)
        found[ROW] = rows
        return found

    def _own(self, table: pa.Table) -> tuple[Frame, np.ndarray[Any, np.dtype[np.int64]]]:
        """Return the rows of the subjects, and their numbers from 1."""
        if self.subjects_from_to is None:
            return table.to_pandas(), np.arange(1, table.num_rows + 1)
        is_own = _between(table["USUBJID"], *self.subjects_from_to)
        return table.filter(is_own).to_pandas(), np.flatnonzero(is_own.to_numpy()) + 1

    @cached_property
    def subjects(self) -> Frame:
        """One row a subject of DM, by USUBJID: what DM says, and the days of DS as dates."""
        found = self.table("DM").set_index("USUBJID", drop=False)
        found = found.assign(
            RFICDT=days(found["RFICDTC"]),
            TRTSDT=days(found["RFXSTDTC"]),
            TRTEDT=days(found["RFXENDTC"]),
            RFPENDT=days(found["RFPENDTC"]),
        )
        told = self.table("DS")
        milestones = told[(told["DSCAT"] == _MILESTONE) & (told["DSDECOD"] == "RANDOMIZED")]
        found["RANDDT"] = days(milestones.groupby("USUBJID")["DSSTDTC"].first()).reindex(
            found.index
        )
        for prefix, of_what in (("EOT", _TREATMENT), ("EOS", _PARTICIPATION)):
            last = self.disposition(of_what)
            found[f"{prefix}DT"] = days(last["DSSTDTC"]).reindex(found.index)
            found[f"{prefix}DECOD"] = last["DSDECOD"].reindex(found.index).fillna("")
        return found

    def disposition(self, of_what: str) -> Frame:
        """Return the last disposition of each subject, of treatment or of participation, by USUBJID."""
        told = self.table("DS")
        found = told[(told["DSCAT"] == _DISPOSITION) & (told["DSSCAT"] == of_what)]
        return found.groupby("USUBJID").last()

    @cached_property
    def elements(self) -> Frame:
        """One row for each epoch of the protocol that a subject was in: USUBJID, epoch, first and last day."""
        named = {code: epoch for epoch, code in planned.element_codes(self.protocol).items()}
        table = self.table("SE")
        found = Frame(
            {
                "USUBJID": table["USUBJID"],
                "epoch": table["ETCD"].map(named),
                "first": days(table["SESTDTC"]),
                "last": days(table["SEENDTC"]),
            }
        ).dropna(subset=["epoch", "first"])
        found = found.sort_values(["USUBJID", "first", "last"], kind="stable")
        following = found.groupby("USUBJID")["first"].shift(-1) - ONE_DAY
        ends = of_subjects(found, self.subjects["RFPENDT"])
        found["last"] = found[["last"]].assign(following=following).min(axis=1).fillna(ends)
        return found[found["last"] >= found["first"]].reset_index(drop=True)

    def epoch(self, name: str) -> Frame:
        """Return first and last day of an epoch by USUBJID, for who was in it."""
        found = self.elements[self.elements["epoch"] == name]
        return found.groupby("USUBJID").agg(first=("first", "min"), last=("last", "max"))

    @cached_property
    def run_in(self) -> Frame:
        """First and last day of the run-in by USUBJID: the epoch that the anchor run_in_start begins."""
        names = [each.id for each in self.protocol.epochs if _begins_run_in(each.begins)]
        return self.epoch(names[0] if names else "")

    @cached_property
    def anchors(self) -> Frame:
        """The anchors of the protocol as dates, one column each, by USUBJID."""
        people = self.subjects
        optional = [each.id for each in self.protocol.epochs if each.optional and each.drug]
        extension = self.epoch(optional[0] if optional else "").reindex(people.index)
        run_in = self.run_in.reindex(people.index)
        left = people["EOSDT"].where(~people["EOSDECOD"].isin(["", "COMPLETED"]))
        return Frame(
            {
                "consent": people["RFICDT"],
                "run_in_start": run_in["first"],
                "run_in_end": run_in["last"],
                "randomisation": people["RANDDT"],
                "first_dose": people["TRTSDT"],
                "last_dose": people["TRTEDT"].where(people["EOTDECOD"] != ""),
                "extension_start": extension["first"],
                "extension_end": extension["last"],
                "withdrawal": left,
            }
        )

    def anchors_of(self, subject: str) -> dict[Anchor, date]:
        """Return the anchors of one subject that are known."""
        known = self.anchors.loc[subject].dropna()
        return {cast(Anchor, name): at.date() for name, at in known.items()}


def _nothing(column: Column, rows: pd.Index) -> pd.Series:
    if column.kind == "text":
        return pd.Series("", rows, dtype="str")
    return pd.Series(np.nan, rows, dtype="float64")


def _between(values: pa.ChunkedArray, first: object, last: object) -> pa.ChunkedArray:
    return pc.and_(pc.greater_equal(values, first), pc.less_equal(values, last))


def _begins_run_in(begins: object) -> bool:
    return getattr(begins, "anchor", "") == "run_in_start"


def days(written: pd.Series) -> pd.Series:
    """Return the days of ISO 8601 texts; nothing for one that is not complete to the day."""
    found = pd.to_datetime(written.str.slice(0, 10), format="%Y-%m-%d", errors="coerce")
    return found.astype("datetime64[s]")


def duration(first: pd.Series, last: pd.Series) -> pd.Series:
    """Return the days from one to another, both included."""
    return (last - first).dt.days + 1


def study_days(at: pd.Series, first: pd.Series) -> pd.Series:
    """Return the study day of each date: 1 on the first day on the drug, -1 the day before; there is no day 0."""
    apart = (at - first).dt.days
    return apart.where(apart < 0, apart + 1)


def of_subjects(rows: Frame, known: pd.Series) -> pd.Series:
    """Return for each row what is known of its subject; nothing where nothing is."""
    return known.reindex(rows["USUBJID"].to_numpy()).set_axis(rows.index)


def expanded(frame: Frame, first: str, last: str) -> Frame:
    """Return one row for each day from `first` to `last`, in `ADT`, with the other columns of its row."""
    known = frame.dropna(subset=[first, last])
    known = known[known[last] >= known[first]]
    lasting = ((known[last] - known[first]).dt.days + 1).to_numpy()
    place = np.repeat(np.arange(len(known)), lasting)
    starts = np.repeat(np.cumsum(lasting) - lasting, lasting)
    offsets = pd.to_timedelta(np.arange(len(place)) - starts, unit="D")
    found = known.iloc[place].reset_index(drop=True)
    found["ADT"] = (found[first] + offsets).astype("datetime64[s]")
    return found
