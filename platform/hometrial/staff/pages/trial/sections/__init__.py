"""What can be edited of a protocol, section by section, with the choices that its other parts give."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hometrial.staff.pages.trial.sections import consent, design, doses, judged, schedule
from hometrial.staff.pages.trial.sheet import Table


@dataclass(frozen=True)
class Section:
    """A part of the protocol that is edited on one page; `top`: the fields of the file that stand in it."""

    id: str
    title: str
    top: frozenset[str]
    tables: Callable[[Any, Mapping[str, str]], list[Table]]


SECTIONS = (
    Section("about", "Title and identifiers", frozenset({"schema", "id", "version", "title", "phase", "registration", "design", "regulatory_basis"}), design.about),
    Section("arms", "Arms and epochs", frozenset({"arms", "epochs", "allocation"}), design.arms_and_epochs),
    Section("doses", "Dose plans", frozenset({"titrations", "interruption"}), doses.doses),
    Section("schedule", "Schedule and burden", frozenset({"forms", "visits", "diaries", "energy_budget", "reminders"}), schedule.schedule),
    Section("eligibility", "Eligibility", frozenset({"eligibility", "variables"}), judged.eligibility),
    Section("endpoints", "Endpoints", frozenset({"endpoints", "outcomes", "responders"}), judged.endpoints),
    Section("consent", "Consent", frozenset({"consent"}), consent.consent),
)  # fmt: skip
BY_ID = {each.id: each for each in SECTIONS}
