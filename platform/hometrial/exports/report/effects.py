"""An endpoint as ADEFF tells it: who is in its population, who has a value, and what kind of endpoint it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from hometrial.exports.report.material import Frame, Material
from hometrial.protocol.outcomes import (
    AtVisit,
    Endpoint,
    EventOutcome,
    Outcome,
    WearableOutcome,
)

Kind = Literal["between", "responder", "count", "change", "level"]
Place = Literal["primary", "secondary", "wearable", "responders", "after"]


@dataclass(frozen=True)
class Effect:
    """An endpoint with its rows of ADEFF."""

    endpoint: Endpoint
    outcome: Outcome | None
    told: Frame
    """Every row, those that were made for who lacks the value included."""
    label: str
    people: int

    @property
    def kind(self) -> Kind:
        """Which estimates the endpoint calls for."""
        if self.endpoint.between_arms:
            return "between"
        if self.outcome is None:
            return "responder"
        if isinstance(self.outcome, EventOutcome) and self.outcome.counts != "crash_days":
            return "count"
        return "change" if self.endpoint.against is not None else "level"

    @property
    def rows(self) -> Frame:
        """One row for everybody of the population, as it was observed."""
        return self.told[self.told["DTYPE"] == ""]

    @property
    def observed(self) -> Frame:
        """The rows with a known value."""
        return self.rows[self.rows["ANL01FL"] == "Y"]

    @property
    def pairs(self) -> Frame:
        """The rows with a value before and at the time of the endpoint."""
        return self.observed[self.observed["CHG"].notna()]

    def made(self, dtype: str) -> Frame:
        """Return the rows that were made for who lacks the value: LOCF, BOCF, MI, NRI."""
        return self.told[self.told["DTYPE"] == dtype]

    def completed(self, dtype: str) -> Frame:
        """Return the complete pairs with the rows of one single imputation for the others."""
        return pd.concat([self.pairs, self.made(dtype)])

    @property
    def higher_is_worse(self) -> bool:
        """Whether a rise is for the worse."""
        return self.outcome is not None and self.outcome.direction == "higher_worse"


_WAYS = {"higher_better": "Higher is better", "higher_worse": "Higher is worse"}


def directions(found: Sequence[Effect]) -> str:
    """Say of which endpoints a rise is for the better, and of which for the worse."""
    told = [
        f"{said}: {', '.join(ids)}."
        for way, said in _WAYS.items()
        if (ids := [each.endpoint.id for each in found if each.outcome is not None and each.outcome.direction == way])
    ]  # fmt: skip
    return " ".join(told)


def effects(material: Material) -> list[Effect]:
    """Return every endpoint of the protocol in its order."""
    return [_effect(material, each) for each in material.protocol.endpoints.all]


def _effect(material: Material, endpoint: Endpoint) -> Effect:
    table = material.frame("ADEFF")
    rows = table[table["PARAMCD"] == endpoint.id.upper()]
    outcome = next(
        (each for each in material.protocol.outcomes if each.id == endpoint.outcome), None
    )
    label = str(rows["PARAM"].iloc[0]) if len(rows) else _named(material, endpoint, outcome)
    return Effect(endpoint, outcome, rows, label, len(material.population(endpoint.population)))


def _named(material: Material, endpoint: Endpoint, outcome: Outcome | None) -> str:
    if outcome is not None:
        return outcome.label
    return next(each.label for each in material.protocol.responders if each.id == endpoint.outcome)


def place(material: Material, effect: Effect) -> Place:
    """Return the section that an endpoint is printed in; contrasts between arms stand before everything else."""
    endpoint = effect.endpoint
    if endpoint in material.protocol.endpoints.primary or effect.kind == "between":
        return "primary"
    if effect.kind == "responder":
        return "responders"
    if isinstance(effect.outcome, WearableOutcome):
        return "wearable"
    if is_off_drug(material, effect):
        return "after"
    return "secondary"


def is_off_drug(material: Material, effect: Effect) -> bool:
    """Whether an endpoint is at visits after the last dose."""
    at = effect.endpoint.at
    return isinstance(at, AtVisit) and all(
        material.protocol.visit(each).anchor == "last_dose" for each in at.visits
    )


def placed(material: Material, where: Place) -> list[Effect]:
    """Return the endpoints of a section."""
    return [each for each in effects(material) if place(material, each) == where]
