"""Analysis visits: the protocol's visits with the days that their windows have for each subject."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from hometrial.exports.adam.trial import Frame, Trial, days, of_subjects, study_days
from hometrial.exports.sdtm import planned
from hometrial.protocol.calendar import visits_due

_SHAPE = {
    "USUBJID": "str", "VISITNUM": "float64", "target": "datetime64[s]", "lo": "datetime64[s]", "hi": "datetime64[s]",
}  # fmt: skip
_ONE = ["USUBJID", "PARAMCD", "AVISITN", "ATPTN"]


def numbers(trial: Trial) -> dict[str, float]:
    """Return VISITNUM of each visit of the protocol; of one that comes again, of its first time."""
    return {each.visit.id: each.number for each in reversed(planned.visits(trial.protocol))}


def names(trial: Trial) -> dict[float, str]:
    """Return AVISIT by VISITNUM: the protocol's label, with the number of the repetition."""
    return {
        each.number: each.visit.label
        if each.visit.repeat is None
        else f"{each.visit.label} {each.repetition}"
        for each in planned.visits(trial.protocol)
    }


def windows(trial: Trial) -> Frame:
    """Return for each subject the visits that are due, each with target, first and last day of its window."""
    return trial.once("windows of visits", lambda: _windows(trial))


def _windows(trial: Trial) -> Frame:
    protocol = trial.protocol
    number = {(each.visit.id, each.repetition): each.number for each in planned.visits(protocol)}
    arms = {code.upper(): arm for arm, code in planned.arm_codes(protocol).items()}
    of_some = {each.id for each in protocol.visits if each.arms}
    rows = []
    for subject, code in trial.subjects["ARMCD"].items():
        arm = arms.get(str(code).upper())
        due = visits_due(protocol, arm or protocol.arms[0].id, trial.anchors_of(str(subject)))
        rows += [
            (
                subject,
                number[each.visit, each.number],
                each.due,
                each.window.first,
                each.window.last,
            )
            for each in due
            if arm is not None or each.visit not in of_some
        ]
    return Frame(rows, columns=list(_SHAPE)).astype(_SHAPE)


def held(trial: Trial) -> Frame:
    """Return the visits of SV that took place: USUBJID, VISITNUM, day."""
    return trial.once("visits held", lambda: _held(trial))


def _held(trial: Trial) -> Frame:
    table = trial.table("SV")
    took_place = table[(table["SVOCCUR"] != "N") & (table["SVSTDTC"] != "")]
    return Frame(
        {
            "USUBJID": took_place["USUBJID"],
            "VISITNUM": took_place["VISITNUM"],
            "day": days(took_place["SVSTDTC"]),
        }
    )


def asked(trial: Trial, *domains: str) -> Frame:
    """Return which visits ask for which parameter of domains: those at which anybody has a number and a day of it."""
    return trial.once_of_all(f"asked in {domains}", lambda: _asked(trial, domains))


def _asked(trial: Trial, domains: tuple[str, ...]) -> Frame:
    made = (trial.tabulations.get(each) for each in domains)
    found = [
        _numeric(each.table, each.data_set.name)
        for each in made
        if each is not None and "VISITNUM" in each.table.column_names
    ]
    empty = pa.schema({"PARAMCD": pa.string(), "VISITNUM": pa.float64()}).empty_table()
    told: Frame = pa.concat_tables([empty, *found]).to_pandas()
    return told[told["VISITNUM"].isin(list(names(trial)))].drop_duplicates()


def _numeric(table: pa.Table, domain: str) -> pa.Table:
    known = pc.and_(pc.is_valid(table[f"{domain}STRESN"]), pc.is_valid(table["VISITNUM"]))
    known = pc.and_(known, pc.match_substring_regex(table[f"{domain}DTC"], r"^\d{4}-\d{2}-\d{2}"))
    columns = table.select([f"{domain}TESTCD", "VISITNUM"]).filter(known)
    return (
        columns.group_by(columns.column_names).aggregate([]).rename_columns(["PARAMCD", "VISITNUM"])
    )


def placed(rows: Frame, trial: Trial, asked: Frame, diary: pd.Series) -> Frame:
    """Return rows with their analysis visit and its window; where `diary` holds, they have none.

    A record of a planned visit stays with it; one of no planned visit goes to the visit that asks for its parameter
    and in whose window it lies, the nearest target first, of equally near ones the later. `asked`: which ask for which.
    """
    known, due = names(trial), windows(trial)
    at = rows["VISITNUM"].where(rows["VISITNUM"].isin(list(known)) & ~diary)
    loose = rows.loc[at.isna() & ~diary, ["USUBJID", "PARAMCD", "ADT"]].reset_index(names="place")
    near = loose.merge(due, on="USUBJID").merge(asked, on=["PARAMCD", "VISITNUM"])
    near = near[(near["ADT"] >= near["lo"]) & (near["ADT"] <= near["hi"])]
    near = near.assign(apart=(near["ADT"] - near["target"]).abs(), later=-near["VISITNUM"])
    best = (
        near.sort_values(["place", "apart", "later"], kind="stable")
        .groupby("place")["VISITNUM"]
        .first()
    )
    found = rows.assign(AVISITN=at.fillna(best.reindex(rows.index)))
    found["AVISIT"] = found["AVISITN"].map(known).fillna("")
    return _windowed(found, due, trial)


def _windowed(rows: Frame, due: Frame, trial: Trial) -> Frame:
    named = due.rename(columns={"VISITNUM": "AVISITN"})
    found = rows.merge(named, how="left", on=["USUBJID", "AVISITN"])
    first = of_subjects(found, trial.subjects["TRTSDT"])
    return found.assign(
        AWTARGET=study_days(found["target"], first),
        AWTDIFF=(found["ADT"] - found["target"]).abs().dt.days,
        AWLO=study_days(found["lo"], first),
        AWHI=study_days(found["hi"], first),
        AWU=np.where(found["target"].notna(), "DAYS", ""),
    ).drop(columns=["target", "lo", "hi"])


def chosen(rows: Frame) -> pd.Series:
    """Return Y on the one record of subject, parameter and visit: nearest to the target, of equally near ones the later."""
    at_visit = rows[rows["AVISITN"].notna()]
    order = at_visit.assign(
        apart=at_visit["AWTDIFF"].fillna(0), later=-at_visit["ADT"].astype("int64")
    )
    order = order.sort_values(
        ["apart", "later", "SRCSEQ"], ascending=[True, True, False], kind="stable"
    )
    first = order.drop_duplicates(_ONE).index
    return pd.Series(np.where(rows.index.isin(first), "Y", ""), rows.index)
