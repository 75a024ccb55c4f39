"""Made rows of ADEFF, each under its DTYPE: values and baselines carried forward, and multiple imputations."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from hometrial.exports.adam import visits
from hometrial.exports.adam.outcomes import Outcomes, Taken
from hometrial.exports.adam.trial import Frame, of_subjects
from hometrial.exports.estimates import imputing
from hometrial.protocol.outcomes import AtVisit, Endpoint, Outcome

LOCF, BOCF, MI, NRI = "LOCF", "BOCF", "MI", "NRI"
MADE = (LOCF, BOCF, MI, NRI)
"""What DTYPE is of a row that no observation of its time stands behind: never in an analysis of observed cases."""
Part = tuple[Frame, Frame]
_CARRIED = ["AVAL", "ADT", "NDAYS", "SRCDOM", "SRCVAR", "SRCSEQ"]
_MOSTLY = 0.5
"""Imputation leans on an earlier visit of which more people than this share have a value."""


def still_ahead(outcomes: Outcomes, endpoint: Endpoint) -> pd.Series:
    """Return by USUBJID who is still in the study, and whose time of an endpoint was not over at the last contact."""
    people = outcomes.trial.subjects
    if isinstance(endpoint.at, AtVisit):
        last = _ends(outcomes, endpoint.at)
    else:
        last = outcomes.period(endpoint.at)["last"]
    is_over = last.reindex(people.index) < people["RFPENDT"]
    return (people["EOSDECOD"] == "") & ~is_over


def _ends(outcomes: Outcomes, at: AtVisit) -> pd.Series:
    """Return by USUBJID the last day of the windows of visits."""
    wanted = [visits.numbers(outcomes.trial)[each] for each in at.visits]
    due = visits.windows(outcomes.trial)
    return due[due["VISITNUM"].isin(wanted)].groupby("USUBJID")["hi"].max()


def carried(outcomes: Outcomes, outcome: Outcome, endpoint: Endpoint, before: Taken) -> Taken:
    """Return each subject's last value after the baseline and the first dose, up to the end of the endpoint's window.

    Of an endpoint at no visit there is none: a mean over days is no value that could be carried.
    """
    if not isinstance(endpoint.at, AtVisit):
        return Taken(before.found.iloc[:0], before.records.iloc[:0])
    first = outcomes.trial.subjects["TRTSDT"]
    since = before.found["ADT"].reindex(first.index)
    since = since.where(since > first, first)
    return outcomes.last(outcome, endpoint, since, _ends(outcomes, endpoint.at))


def of_change(
    outcomes: Outcomes, endpoint: Endpoint, observed: Frame, taken: tuple[Taken, Taken]
) -> Iterator[Part]:
    """Yield the made rows of an endpoint that is a change, and the records that each is made of.

    `observed` are its rows as they were observed, `taken` the outcome at its time and at the baseline. Made are rows of
    who has a baseline and no value, and whose time is not still to come; imputed many times only primary endpoints.
    """
    outcome = outcomes.named(endpoint.outcome)
    known = observed[
        observed["BASE"].notna() & ~of_subjects(observed, still_ahead(outcomes, endpoint))
    ]
    lacking = known[known["AVAL"].isna()]
    if outcome is None or lacking.empty:
        return
    before = taken[1]
    for dtype, of in ((LOCF, carried(outcomes, outcome, endpoint, before)), (BOCF, before)):
        rows = lacking[lacking["USUBJID"].isin(of.found.index)].drop(columns=_CARRIED)
        yield _made(rows.join(of.found[_CARRIED], on="USUBJID"), dtype), of.records
    if endpoint in outcomes.trial.protocol.endpoints.primary and isinstance(endpoint.at, AtVisit):
        yield _imputed(outcomes, outcome, endpoint, known), before.records


def _made(rows: Frame, dtype: str) -> Frame:
    rows = rows.assign(CHG=rows["AVAL"] - rows["BASE"], DTYPE=dtype, ANL01FL="", ANL02FL="")
    return rows.assign(PCHG=(100 * rows["CHG"] / rows["BASE"]).where(rows["BASE"] != 0))


def _imputed(outcomes: Outcomes, outcome: Outcome, endpoint: Endpoint, known: Frame) -> Frame:
    """Return one row for each imputation of each missing value; none where it is not worth it."""
    lacking = known["AVAL"].isna()
    if not imputing.is_worth_it(len(known), int(lacking.sum())):
        return _made(known.iloc[:0], MI)
    values = _leaning_on(outcomes, outcome, endpoint, known)
    missing = known.set_index("USUBJID").loc[values.index[values["after"].isna()]]
    found = [
        missing.assign(AVAL=each.loc[values["after"].isna().to_numpy(), "after"].to_numpy(), IMPNUM=number)
        for number, each in enumerate(imputing.completed(values.reset_index(drop=True)), start=1)
    ]  # fmt: skip
    rows = pd.concat(found).reset_index().drop(columns="ADT")
    return _made(rows.assign(NDAYS=0, SRCDOM="", SRCVAR="", SRCSEQ=np.nan), MI)


def _leaning_on(outcomes: Outcomes, outcome: Outcome, endpoint: Endpoint, known: Frame) -> Frame:
    """Return before and after by USUBJID, and the visits on the drug between them.

    In the order of the values and not of the names, so that new pseudonyms draw the same.
    """
    found = known.set_index("USUBJID")[["BASE", "AVAL"]]
    found = found.set_axis(["before", "after"], axis="columns")
    for number, values in outcomes.on_the_way(outcome, endpoint):
        column = values.reindex(found.index)
        wider = found.assign(**{f"visit{number}": column})
        if column.notna().mean() > _MOSTLY and _says_more(wider.drop(columns="after")):
            found = wider
    return found.sort_values(list(found.columns), kind="stable")


def _says_more(values: Frame) -> bool:
    """Say whether no column follows from the others where all are known: two that say the same determine no model."""
    known = values.dropna().to_numpy(dtype=float)
    whole = np.column_stack([np.ones(len(known)), known])
    return bool(len(known) > whole.shape[1] and np.linalg.matrix_rank(whole) == whole.shape[1])
