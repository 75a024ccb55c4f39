"""Rules of analysis data sets that no outside checker knows (exports.md 1.5): each finding names data set, rule and row."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hometrial.exports.adam.imputed import MADE, MI, NRI
from hometrial.exports.adam.trial import Frame
from hometrial.exports.estimates import imputing
from hometrial.exports.sdtm.assembling import Made

_LONGEST_CODE = 8
_SAME = 1e-9
_COUNTED = ("AESTDTC", "DSDECOD", "ECOCCUR")
"""SRCVAR of what is counted: 0 is made of no record."""
_NEVER_EMPTY = ("SAFFL", "FASFL", "PPROTFL", "ENRLFL", "RANDFL")
_PARAMETER = ["USUBJID", "PARAMCD"]
_NUMBERS = list(range(1, imputing.TIMES + 1))
_Found = Iterator[tuple[str, "pd.Series"]]


@dataclass(frozen=True)
class Finding:
    """A rule that does not hold in a data set: in how many rows, and the first of them (from 1)."""

    data_set: str
    rule: str
    rows: int
    first: int

    def __str__(self) -> str:
        return f"{self.data_set}: {self.rule} ({self.rows} rows, first {self.first})"


def check(analyses: Mapping[str, Made], tabulations: Mapping[str, Made]) -> list[Finding]:
    """Return what is wrong with the analysis data sets; nothing if every rule holds."""
    demographics = tabulations.get("DM")
    subjects = [] if demographics is None else demographics.table["USUBJID"].to_pylist()
    known = analyses["ADSL"].table["USUBJID"].to_pylist() if analyses else []
    return [
        each
        for name, made in analyses.items()
        for each in _of_one(name, made, (known, subjects), tabulations)
    ]


def _of_one(
    name: str, made: Made, people: tuple[list[str], list[str]], tabulations: Mapping[str, Made]
) -> list[Finding]:
    """Return what is wrong with one data set; `people`: the subjects of ADSL and of DM."""
    frame = made.table.to_pandas()
    rules = (
        _of_any(frame, made),
        _of_subjects(name, frame, *people),
        *(rule(frame) for rule in _RULES),
        _sources(frame, tabulations),
    )
    found = [_finding(name, rule, wrong) for each in rules for rule, wrong in each if wrong.any()]
    return [*found, *_traced(name, made, frame)]


def _finding(name: str, rule: str, wrong: pd.Series) -> Finding:
    return Finding(name, rule, int(wrong.sum()), int(wrong.to_numpy().argmax()) + 1)


def _of_any(frame: Frame, made: Made) -> _Found:
    keys = list(made.data_set.keys)
    yield f"the keys {' '.join(keys)} are not unique", frame.duplicated(keys)
    for column in frame.columns[frame.columns.str.endswith("FL")]:
        allowed = ["Y", "N"] if column in _NEVER_EMPTY else ["Y", "N", ""]
        yield (
            f"{column} is none of {', '.join(filter(None, allowed))}",
            ~frame[column].isin(allowed),
        )
    for column in frame.columns[frame.columns.str.endswith("DY")]:
        yield f"{column} is 0", frame[column] == 0


def _of_subjects(name: str, frame: Frame, known: list[str], subjects: list[str]) -> _Found:
    yield "the subject is not in ADSL", ~frame["USUBJID"].isin(known)
    if name != "ADSL":
        return
    yield "the subject is not in DM", ~frame["USUBJID"].isin(subjects)
    absent = sorted(set(subjects) - set(frame["USUBJID"]))
    yield f"subjects of DM are missing: {', '.join(absent[:3])}", pd.Series([bool(absent)])
    lasting = (pd.to_datetime(frame["TRTEDT"]) - pd.to_datetime(frame["TRTSDT"])).dt.days + 1
    yield "TRTDURD is not TRTEDT - TRTSDT + 1", _differ(frame["TRTDURD"], lasting)
    treated = frame["TRTSDT"].notna()
    yield "SAFFL does not follow TRTSDT", (frame["SAFFL"] == "Y") != treated


def _parameters(frame: Frame) -> _Found:
    if "PARAMCD" not in frame:
        return
    codes = frame["PARAMCD"]
    yield "PARAMCD is longer than 8 characters", codes.str.len() > _LONGEST_CODE
    for one, other in (("PARAMCD", "PARAM"), ("PARAM", "PARAMCD")):
        counted = frame.groupby(one)[other].nunique()
        yield f"{one} stands for several {other}", frame[one].map(counted) > 1
    if "AVISIT" in frame:
        counted = frame[frame["AVISIT"] != ""].groupby(["PARAMCD", "AVISITN"])["AVISIT"].nunique()
        several = pd.MultiIndex.from_frame(frame[["PARAMCD", "AVISITN"]]).isin(
            counted[counted > 1].index
        )
        yield "AVISITN stands for several AVISIT", pd.Series(several)


def _baselines(frame: Frame) -> _Found:
    if "ABLFL" not in frame:
        return
    flagged = frame[frame["ABLFL"] == "Y"]
    several = frame["ABLFL"].eq("Y") & frame.index.isin(
        flagged[flagged.duplicated(_PARAMETER)].index
    )
    yield "ABLFL is Y on several records of one subject and parameter", several
    at = pd.MultiIndex.from_frame(frame[_PARAMETER])
    base = flagged.drop_duplicates(_PARAMETER).set_index(_PARAMETER)["AVAL"].reindex(at)
    yield (
        "BASE is not AVAL of the record with ABLFL",
        _differ(frame["BASE"], base.reset_index(drop=True)),
    )
    dated = flagged.drop_duplicates(_PARAMETER).set_index(_PARAMETER)["ADT"].reindex(at)
    early = pd.to_datetime(frame["ADT"]) <= pd.to_datetime(dated.reset_index(drop=True))
    yield "CHG before or on the baseline", frame["CHG"].notna() & early


def _changes(frame: Frame) -> _Found:
    if "CHG" not in frame:
        return
    known = frame["CHG"].notna()
    change = (frame["AVAL"] - frame["BASE"]).where(known)
    yield "CHG is not AVAL - BASE", _differ(frame["CHG"], change)
    share = (100 * frame["CHG"] / frame["BASE"]).where(known & (frame["BASE"] != 0))
    yield "PCHG is not 100 * CHG / BASE", _differ(frame["PCHG"], share)


def _days(frame: Frame) -> _Found:
    for at, day in (("ADT", "ADY"), ("ASTDT", "ASTDY"), ("AENDT", "AENDY")):
        if at in frame and day in frame:
            apart = (pd.to_datetime(frame[at]) - pd.to_datetime(frame["TRTSDT"])).dt.days
            yield (
                f"{day} does not follow {at} and TRTSDT",
                _differ(frame[day], apart + (apart >= 0)),
            )


def _used(frame: Frame) -> _Found:
    if {"ANL01FL", "AVISITN", "AWTARGET"} <= set(frame):
        keys = [*_PARAMETER, "AVISITN", *(["ATPTN"] if "ATPTN" in frame else [])]
        used = frame[(frame["ANL01FL"] == "Y") & frame["AVISITN"].notna()]
        several = frame.index.isin(used[used.duplicated(keys)].index)
        yield "ANL01FL is Y on several records of one visit", pd.Series(several)
    if {"CRIT1", "CRIT1FL"} <= set(frame):
        yield "CRIT1FL without CRIT1", (frame["CRIT1FL"] != "") & (frame["CRIT1"] == "")


def _made(frame: Frame) -> _Found:
    """Rows that were made for who lacks the value: never observed cases, one of a kind, none beside a value."""
    if not {"DTYPE", "ANL01FL", "ANL02FL"} <= set(frame):
        return
    is_made = frame["DTYPE"] != ""
    yield "DTYPE is none that is known", is_made & ~frame["DTYPE"].isin(MADE)
    yield "ANL01FL is Y of a row that was made", is_made & (frame["ANL01FL"] == "Y")
    yield "a row was made without a value", is_made & frame["AVAL"].isna()
    seen = frame[(frame["ANL01FL"] == "Y") & ~is_made]
    beside = pd.MultiIndex.from_frame(frame[_PARAMETER]).isin(
        pd.MultiIndex.from_frame(seen[_PARAMETER])
    )
    yield "a row was made beside an observed value", is_made & beside
    number = frame.get("IMPNUM", pd.Series(np.nan, frame.index))
    yield "IMPNUM does not follow DTYPE MI", number.notna() != (frame["DTYPE"] == MI)
    drawn = frame.assign(number=number)[frame["DTYPE"] == MI]
    times = drawn.groupby(_PARAMETER)["number"].agg(lambda own: sorted(own) == _NUMBERS)
    whole = pd.MultiIndex.from_frame(frame[_PARAMETER]).isin(times.index[times.astype("bool")])
    yield "there are not 20 imputations, 1 to 20", (frame["DTYPE"] == MI) & ~whole


def _events(frame: Frame) -> _Found:
    if "TRTEMFL" not in frame:
        return
    before = pd.to_datetime(frame["ASTDT"]) < pd.to_datetime(frame["TRTSDT"])
    is_under = frame["TRTEMFL"] == "Y"
    yield (
        "TRTEMFL is Y of an event before the first dose",
        is_under & (before | frame["TRTSDT"].isna()),
    )
    yield "AENDT is before ASTDT", pd.to_datetime(frame["AENDT"]) < pd.to_datetime(frame["ASTDT"])
    several = frame["AOCCFL"].eq("Y") & frame.groupby(["USUBJID", "AOCCFL"]).cumcount().gt(0)
    yield (
        "AOCCFL is Y on several events of a subject",
        several,
    )


_RULES: tuple[Callable[[Frame], _Found], ...] = (
    _parameters, _baselines, _changes, _days, _used, _made, _events,
)  # fmt: skip


def _sources(frame: Frame, tabulations: Mapping[str, Made]) -> _Found:
    """Every SRCDOM is a tabulation, every SRCVAR a variable of it, every SRCSEQ a record of the same subject."""
    if "SRCDOM" not in frame:
        return
    for domain, rows in frame[frame["SRCDOM"] != ""].groupby("SRCDOM"):
        made = tabulations.get(str(domain))
        if made is None:
            yield f"SRCDOM {domain} is no tabulation", frame["SRCDOM"] == domain
            continue
        names = [each for each in rows["SRCVAR"].unique() if each not in made.table.column_names]
        yield (
            f"SRCVAR is no variable of {domain}",
            frame["SRCVAR"].isin(names) & (frame["SRCDOM"] == domain),
        )
        if "SRCSEQ" in frame:
            yield f"SRCSEQ is no record of {domain}", _dangling(frame, str(domain), made)


def _dangling(frame: Frame, domain: str, made: Made) -> pd.Series:
    there = made.table.select(["USUBJID", f"{domain}SEQ"]).to_pandas()
    known = pd.MultiIndex.from_frame(there.astype({f"{domain}SEQ": "float64"}))
    asked = (frame["SRCDOM"] == domain) & frame["SRCSEQ"].notna()
    pairs = pd.MultiIndex.from_frame(frame[["USUBJID", "SRCSEQ"]].astype({"SRCSEQ": "float64"}))
    return asked & ~pairs.isin(known)


def _differ(one: pd.Series, other: pd.Series) -> pd.Series:
    one, other = one.astype("float64"), other.astype("float64")
    both = one.notna() & other.notna()
    apart = (one - other).abs() > _SAME * other.abs().clip(lower=1)
    return (one.notna() != other.notna()) | (both & apart)


def _traced(name: str, made: Made, frame: Frame) -> list[Finding]:
    """Every row with a value leads to a source record."""
    led = made.lineage["row"].unique().to_numpy()
    everywhere = pd.Series(data=True, index=frame.index)
    lost = (frame["AVAL"].notna() if "AVAL" in frame else everywhere) & ~(frame.index + 1).isin(led)
    if "SRCVAR" in frame:  # where nothing happened there is nothing to lead to
        lost &= ~((frame["AVAL"] == 0) & frame["SRCVAR"].isin(["", *_COUNTED]))
    if "DTYPE" in frame:
        lost &= frame["DTYPE"] != NRI
    return [_finding(name, "the row leads to no source record", lost)] if lost.any() else []
