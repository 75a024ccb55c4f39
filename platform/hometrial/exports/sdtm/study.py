"""The study as SDTM refers to it: identifiers, reference dates, epochs and visits of each person."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

from hometrial.exports.source.reading import Row, Source
from hometrial.protocol.arms import Epoch
from hometrial.protocol.model import Protocol


@dataclass(frozen=True)
class Study:
    """One study and all its people."""

    source: Source

    @property
    def protocol(self) -> Protocol:
        """The protocol in force."""
        return self.source.protocol

    @property
    def study_id(self) -> str:
        """STUDYID: the protocol's id in capitals."""
        return self.protocol.id.upper()

    def usubjid(self, person: str) -> str:
        """Return USUBJID of a pseudonym."""
        return f"{self.study_id}-{person}"

    @property
    def people(self) -> list[str]:
        """The pseudonyms in order."""
        return self.source.people

    @cached_property
    def exposure_days(self) -> dict[str, list[Row]]:
        """Each person's days of `dose_day` on which drug was surely taken, in order."""
        days = self.source.by_person("dose_day")
        return {
            person: sorted((row for row in rows if (row["mg_least"] or 0) > 0), key=_by_day)
            for person, rows in days.items()
        }

    def first_dose(self, person: str) -> date | None:
        """RFSTDTC and RFXSTDTC: the first day on which drug was taken."""
        taken = self.exposure_days.get(person)
        return taken[0]["day"] if taken else None

    def last_dose(self, person: str) -> date | None:
        """RFXENDTC: the last day on which drug was taken."""
        taken = self.exposure_days.get(person)
        return taken[-1]["day"] if taken else None

    @cached_property
    def _epochs(self) -> dict[str, list[Row]]:
        return self.source.by_person("epoch")

    def epoch(self, person: str, day: date) -> str:
        """Return EPOCH of a day of a person; empty before consent and after the last one."""
        for row in self._epochs.get(person, []):
            if row["first"] and row["first"] <= day <= (row["last"] or date.max):
                return self.epoch_terms[row["epoch"]]
        return ""

    @cached_property
    def epoch_terms(self) -> dict[str, str]:
        """The term of CDISC for each epoch of the protocol."""
        return {each.id: _term(each, self.protocol.epochs) for each in self.protocol.epochs}

    @cached_property
    def visit_numbers(self) -> dict[str, int]:
        """VISITNUM of the protocol's planned visits, in their order there."""
        return {each.id: place for place, each in enumerate(self.protocol.visits, start=1)}


def _by_day(row: Row) -> date:
    day: date = row["day"]
    return day


def _term(epoch: Epoch, epochs: tuple[Epoch, ...]) -> str:
    """Name an epoch in CDISC's words: what comes before any drug, on the drug, and after it."""
    place = epochs.index(epoch)
    is_before = not any(each.drug for each in epochs[:place])
    if epoch.drug:
        return "CONTINUATION TREATMENT" if epoch.optional else "TREATMENT"
    if not is_before:
        return "FOLLOW-UP"
    if place == 0:
        return "SCREENING"
    return "OBSERVATION" if epoch.arms else "RUN-IN"
