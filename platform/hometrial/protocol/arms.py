"""Arms, how people come to them, and the epochs of their time in the trial."""

from typing import Annotated, Literal

from pydantic import Field, PositiveFloat, PositiveInt

from hometrial.protocol.declared import (
    Days,
    Declaration,
    Distinct,
    Id,
    Line,
    Name,
    Several,
)

Anchor = Literal[
    "consent",
    "run_in_start",
    "run_in_end",
    "randomisation",
    "first_dose",
    "last_dose",
    "extension_start",
    "extension_end",
    "withdrawal",
]
"""A day of one person's trial that others are counted from, by that person's own calendar.

`run_in_end`, `last_dose` and `extension_end` are the last day of what they end; `withdrawal`: no new data from then on.
"""


class Arm(Declaration):
    """One arm: `ratio` is its share of allocations, `titration` its dose plan.

    `start_offset_weeks`: how much later than the earliest arm its people start the drug.
    """

    id: Id
    label: Line
    ratio: PositiveInt = 1
    start_offset_weeks: Annotated[int, Field(ge=0)] = 0
    titration: Id


class Factor(Declaration):
    """What people are stratified by: a variable with options. `weight` counts in minimisation only."""

    id: Name
    variable: Name
    weight: PositiveFloat = 1.0


class NotAllocated(Declaration):
    """Nobody is allocated: there is one arm."""

    method: Literal["not_allocated"]


class _Allocated(Declaration):
    """At which visit people are allocated; a first dose more than so many days late is a deviation."""

    at_visit: Id
    first_dose_within_days: Days


class AllocatedInBlocks(_Allocated):
    """Permuted blocks of random sizes within strata."""

    method: Literal["permuted_blocks"]
    block_sizes: Several[PositiveInt] = Field(min_length=1)
    factors: Several[Factor] = ()


class AllocatedByMinimisation(_Allocated):
    """Minimisation after Pocock and Simon (1975): the preferred arm with `probability`."""

    method: Literal["minimisation"]
    probability: Annotated[float, Field(gt=0, lt=1)]
    factors: Several[Factor] = Field(min_length=1)


class AllocatedFromList(_Allocated):
    """A list made elsewhere and uploaded sealed, by stratum."""

    method: Literal["uploaded_list"]
    factors: Several[Factor] = ()


Allocation = Annotated[
    NotAllocated | AllocatedInBlocks | AllocatedByMinimisation | AllocatedFromList,
    Field(discriminator="method"),
]


class Design(Declaration):
    """What kind of trial it is, how many people are planned, and within how many months they are to be enrolled."""

    masking: Literal["none"]
    sites: Literal["one", "several"]
    planned: PositiveInt
    recruitment_months: PositiveFloat | None = None


class Beginning(Declaration):
    """The first day of an epoch: this many days after an anchor."""

    anchor: Anchor
    day: int


class Requirement(Declaration):
    """What must be there before the epoch may end: days with valid wear, days with a diary."""

    valid_wear_days: PositiveInt
    diary_days: PositiveInt


class Epoch(Declaration):
    """A stretch of days, in the order of the file; `arms` empty: of every arm.

    `begins` None: on the day after the planned end of the epoch before. Until the next epoch has begun, it
    may last `max_days`. `ends`: the anchor that is its last day, once that is known. `drug`: the study
    drug is taken. `optional`: entered by choice, with a consent of its own where `reconsent` says so.
    """

    id: Name
    days: Days
    max_days: Days | None = None
    arms: Distinct[Id] = ()
    drug: bool
    optional: bool = False
    reconsent: bool = False
    begins: Beginning | None = None
    ends: Anchor | None = None
    requires: Requirement | None = None

    @property
    def longest(self) -> int:
        """How many days it may last."""
        return self.days if self.max_days is None else self.max_days

    def is_of(self, arm: str) -> bool:
        """Whether people of this arm go through it."""
        return not self.arms or arm in self.arms
