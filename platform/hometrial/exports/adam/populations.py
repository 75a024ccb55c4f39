"""Who is in which analysis set: each clause of the protocol's words is a rule, and a clause without one is refused."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from hometrial.errors import ExportRefusedError
from hometrial.exports.adam import visits
from hometrial.exports.adam.endpoints import values
from hometrial.exports.adam.outcomes import Outcomes
from hometrial.exports.adam.trial import Frame, days, of_subjects
from hometrial.protocol.analysis import AnalysisSet
from hometrial.protocol.outcomes import AtVisit

_AND = re.compile(r",\s*(?:and\s+)?")
_SHARE = re.compile(r"(\d+(?:\.\d+)?) % of doses or more")
_BASELINE = re.compile(r"a (?:baseline of the primary outcome|[A-Za-z0-9 -]+ at week 0)")
_MET = "ELIGIBILITY CRITERIA MET"
_DECISIONS = (_MET, "ELIGIBILITY CRITERIA NOT MET")
_WITHIN = re.compile(r"[A-Za-z]+ \d+ within its window")


@dataclass(frozen=True)
class Populations:
    """The analysis sets of a protocol; `adherence` in per cent by USUBJID."""

    outcomes: Outcomes
    adherence: pd.Series

    @property
    def _people(self) -> Frame:
        return self.outcomes.trial.subjects

    def flag(self, wanted: AnalysisSet) -> pd.Series:
        """Return Y or N of everybody. Raises ExportRefusedError for words that no rule is known for."""
        is_in = pd.Series(data=True, index=self._people.index)
        for clause in _AND.split(wanted.text.strip()):
            if clause != "one by one":
                is_in &= self._holds(wanted, clause)
        return pd.Series(np.where(is_in, "Y", "N"), is_in.index)

    def _holds(self, wanted: AnalysisSet, clause: str) -> pd.Series:
        said = clause[:1].lower() + clause[1:]
        plain: dict[str, Callable[[], pd.Series]] = {
            "consented": lambda: self._people["RFICDT"].notna(),
            "everybody": lambda: self._among(self._let_in()),
            "one dose or more": lambda: self._people["TRTSDT"].notna(),
            "a run-in": lambda: self._among(list(self.outcomes.trial.run_in.index)),
            "no prohibited opioid": lambda: ~self._among(self._took_opioids()),
            "fAS": lambda: self._of_set("FAS") == "Y",
        }
        if said in plain:
            return plain[said]()
        if _BASELINE.fullmatch(said):
            return self.baseline.reindex(self._people.index).notna()
        if _WITHIN.fullmatch(said):
            return self._among(self._within_window())
        share = _SHARE.fullmatch(said)
        if share:
            return self.adherence.reindex(self._people.index).fillna(-1) >= float(share.group(1))
        raise ExportRefusedError(
            f"analysis.sets[{wanted.id}]: no rule is known for {clause!r}; write it as one of "
            f"{', '.join(sorted(plain))}, 'a baseline of the primary outcome', 'week N within its window', "
            "'N % of doses or more'"
        )

    def _of_set(self, name: str) -> pd.Series:
        sets = self.outcomes.trial.protocol.analysis.sets
        return self.flag(next(each for each in sets if each.id == name))

    def _among(self, subjects: list[str]) -> pd.Series:
        return pd.Series(self._people.index.isin(subjects), self._people.index)

    @cached_property
    def baseline(self) -> pd.Series:
        """The baseline of the first primary endpoint that has one, by USUBJID."""
        for endpoint in self.outcomes.trial.protocol.endpoints.primary:
            outcome = self.outcomes.named(endpoint.outcome)
            if outcome is not None and endpoint.against is not None:
                return values(self.outcomes, outcome, endpoint)[1].found["AVAL"]
        return pd.Series(dtype="float64")

    def _within_window(self) -> list[str]:
        """Return who had the visit of the primary endpoint on a day of its window."""
        primary = self.outcomes.trial.protocol.endpoints.primary[0]
        if not isinstance(primary.at, AtVisit):
            raise ExportRefusedError(
                f"analysis.sets: {primary.id} is at no visit, so nothing can be within a visit's window"
            )
        trial = self.outcomes.trial
        wanted = [visits.numbers(trial)[each] for each in primary.at.visits]
        held = visits.held(trial).merge(visits.windows(trial), on=["USUBJID", "VISITNUM"])
        within = (held["day"] >= held["lo"]) & (held["day"] <= held["hi"])
        found = held[within & held["VISITNUM"].isin(wanted)]
        return list(found["USUBJID"].unique())

    def _let_in(self) -> list[str]:
        """Return whom the last decision about the criteria let in."""
        told = self.outcomes.trial.table("DS")
        decided = told[told["DSDECOD"].isin(_DECISIONS)]
        last = decided.sort_values("DSSEQ").groupby("USUBJID")["DSDECOD"].last()
        return list(last.index[last == _MET])

    def _took_opioids(self) -> list[str]:
        """Return who took another opioid between the first and the last dose: CM with SUPPCM OPIOID Y."""
        trial = self.outcomes.trial
        marked = trial.table("SUPPCM")
        marked = marked[(marked["QNAM"] == "OPIOID") & (marked["QVAL"] == "Y")]
        marked = Frame(
            {"USUBJID": marked["USUBJID"], "CMSEQ": marked["IDVARVAL"].astype("float64")}
        )
        told = trial.table("CM").merge(marked, on=["USUBJID", "CMSEQ"])
        told = told[told["CMCAT"] == "CONCOMITANT MEDICATION"]
        first, last = (of_subjects(told, self._people[each]) for each in ("TRTSDT", "TRTEDT"))
        began, ended = days(told["CMSTDTC"]), days(told["CMENDTC"])
        meanwhile = (began.isna() | (began <= last)) & (ended.isna() | (ended >= first))
        found = told[meanwhile & first.notna()]
        return list(found["USUBJID"].unique())
