"""Values with units, and the error that says which field of a data point makes no sense."""

from collections.abc import Mapping
from fractions import Fraction

import msgspec


class OddFieldError(ValueError):
    """A field of a data point holds what this reader cannot take at its word."""

    def __init__(self, field: str, value: object, reason: str) -> None:
        self.field, self.value, self.reason = field, value, reason
        super().__init__(f"{field}: {reason}")


class UnitValue(msgspec.Struct, gc=False):
    """A value and its unit, as `unit-value` of the schemas has them."""

    # for example {"value": 8.5, "unit": "h"}
    value: float
    unit: str


# Seconds in a unit of `duration-unit-value`. "Mo" and "yr" have no fixed length.
SECONDS: Mapping[str, Fraction] = {
    "ms": Fraction(1, 1000),
    "sec": Fraction(1),
    "min": Fraction(60),
    "h": Fraction(3600),
    "d": Fraction(86_400),
    "wk": Fraction(604_800),
}
MINUTES = {unit: seconds / 60 for unit, seconds in SECONDS.items()}

# Kilograms in a unit of `mass-unit-value`; the pound is the avoirdupois pound (NIST SP 811, B.8).
KILOGRAMS: Mapping[str, Fraction] = {
    "kg": Fraction(1),
    "g": Fraction(1, 1000),
    "lb": Fraction(45_359_237, 100_000_000),
}


def convert(field: str, quantity: UnitValue, factors: Mapping[str, Fraction]) -> float:
    """Return a quantity in the unit whose factor is 1. Raises OddFieldError for an unknown unit."""
    factor = factors.get(quantity.unit)
    if factor is None:
        known = ", ".join(factors)
        raise OddFieldError(f"{field}.unit", quantity.unit, f"not one of the units {known}")
    # By way of the decimal digits that were sent: 4.1 h are 246 min, not 245.99999999999997.
    return quantity.value if factor == 1 else float(Fraction(str(quantity.value)) * factor)
