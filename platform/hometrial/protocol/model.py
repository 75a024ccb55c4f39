"""The protocol: a whole trial as one frozen value. `loading.load` makes one of a file and checks it."""

from typing import Literal

from pydantic import Field

from hometrial.protocol.analysis import Alert, Analysis
from hometrial.protocol.arms import Allocation, Arm, Design, Epoch
from hometrial.protocol.consent import Consent
from hometrial.protocol.declared import Declaration, Id, Line, Several, Version
from hometrial.protocol.eligibility import Eligibility
from hometrial.protocol.formulations import Formulation
from hometrial.protocol.outcomes import Endpoints, Outcome, Responder
from hometrial.protocol.supply import History, Interruption, Supply
from hometrial.protocol.titration import Titration
from hometrial.protocol.variables import Variable
from hometrial.protocol.visits import (
    BadDays,
    Diary,
    EnergyBudget,
    Form,
    OwnCharts,
    Reminders,
    UnscheduledVisit,
    Visit,
)


class RegulatoryBasis(Declaration):
    """Under which rules the trial runs in a region, or who has yet to decide."""

    region: Line
    basis: Line


class Registration(Declaration):
    """Where the trial is registered; None until it is, and nobody can consent before."""

    registry: Line | None
    id: Line | None


class Protocol(Declaration):
    """A trial as data: who, what, when, how much, and how it is judged."""

    schema_version: Literal["protocol/1"] = Field(alias="schema")
    id: Id
    version: Version
    title: Line
    phase: Line
    regulatory_basis: Several[RegulatoryBasis] = Field(min_length=1)
    registration: Registration
    design: Design
    allocation: Allocation
    arms: Several[Arm] = Field(min_length=1)
    epochs: Several[Epoch] = Field(min_length=1)
    formulations: Several[Formulation] = Field(min_length=1)
    titrations: Several[Titration] = Field(min_length=1)
    interruption: Interruption
    supply: Supply
    history: History
    variables: Several[Variable] = Field(min_length=1)
    eligibility: Eligibility
    forms: Several[Form] = Field(min_length=1)
    visits: Several[Visit] = Field(min_length=1)
    unscheduled_visits: Several[UnscheduledVisit] = ()
    diaries: Several[Diary] = ()
    bad_days: BadDays
    energy_budget: EnergyBudget
    reminders: Reminders
    own_charts: OwnCharts = OwnCharts()
    consent: Consent
    outcomes: Several[Outcome] = Field(min_length=1)
    responders: Several[Responder] = ()
    endpoints: Endpoints
    analysis: Analysis
    alerts: Several[Alert] = ()

    def arm(self, arm: str) -> Arm:
        """Return an arm by its id; raises KeyError if there is none."""
        return {each.id: each for each in self.arms}[arm]

    def visit(self, visit: str) -> Visit:
        """Return a visit by its id; raises KeyError if there is none."""
        return {each.id: each for each in self.visits}[visit]

    def titration_of(self, arm: str) -> Titration:
        """Return the dose plan of an arm; raises KeyError if there is no such arm."""
        return {each.id: each for each in self.titrations}[self.arm(arm).titration]

    def epochs_of(self, arm: str) -> tuple[Epoch, ...]:
        """Return the epochs of an arm in order, the optional ones included."""
        return tuple(each for each in self.epochs if each.is_of(arm))


def missing_before_consent(protocol: Protocol) -> tuple[str, ...]:
    """Return what must be filled in before anybody can consent, one sentence each."""
    missing = []
    if protocol.registration.registry is None or protocol.registration.id is None:
        missing.append("registration: the trial is not registered yet; give registry and id")
    return (
        *missing,
        *(
            f"consent.documents[{each.id}].ethics_reference: no committee has approved version "
            f"{each.version} in {each.language} yet; give its reference"
            for each in protocol.consent.documents
            if each.ethics_reference is None
        ),
    )
