"""What the drug comes in, and which doses can be made of it: whole capsules or measured millilitres."""

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field, PositiveFloat, PositiveInt

from hometrial.protocol.declared import (
    Days,
    Declaration,
    Distinct,
    Id,
    Line,
    Milligrams,
    micrograms,
)


class _Formulation(Declaration):
    """`enabled` False: recorded where people tell of it, never ordered."""

    id: Id
    enabled: bool = True


class Capsule(_Formulation):
    """Capsules that are swallowed whole, at most `most_at_once` of them for one dose."""

    form: Literal["capsule"]
    route: Literal["oral"]
    strengths_mg: Distinct[Milligrams] = Field(min_length=1)
    most_at_once: PositiveInt

    def makes(self, dose_mg: float) -> bool:
        """Whether whole capsules add up to a dose."""
        strengths = [micrograms(each) for each in self.strengths_mg]
        left = {micrograms(dose_mg)}
        for _ in range(self.most_at_once):
            left = {rest - strength for rest in left for strength in strengths if strength <= rest}
            if 0 in left:
                return True
        return False


class Solution(_Formulation):
    """A solution that is measured in steps; what is left beyond `beyond_use_days` is thrown away."""

    form: Literal["solution"]
    route: Literal["oral"]
    mg_per_ml: PositiveFloat
    measure_step_ml: PositiveFloat
    most_ml_at_once: PositiveFloat
    beyond_use_days: Days
    storage: Line

    def makes(self, dose_mg: float) -> bool:
        """Whether whole steps of the measure add up to a dose."""
        steps = dose_mg / (self.mg_per_ml * self.measure_step_ml)
        whole = round(steps)
        fits = whole * self.measure_step_ml <= self.most_ml_at_once + 1e-9
        return whole >= 1 and abs(steps - whole) < 1e-6 and fits


class Topical(_Formulation):
    """A cream or ointment: recorded, and never counted together with milligrams that are swallowed."""

    form: Literal["cream", "ointment"]
    route: Literal["topical"]
    enabled: Literal[False] = False

    def makes(self, dose_mg: float) -> bool:  # noqa: ARG002 - whatever the dose
        """Nothing: its milligrams are not exchangeable with those that are swallowed."""
        return False


Formulation = Annotated[Capsule | Solution | Topical, Field(discriminator="form")]


def makes(formulations: Iterable[Formulation], dose_mg: float) -> bool:
    """Whether one of the enabled formulations alone makes a dose (mg) that is taken at once."""
    return any(each.enabled and each.makes(dose_mg) for each in formulations)
