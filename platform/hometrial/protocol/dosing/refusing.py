"""What the dose model refuses, by name."""

from hometrial.errors import TrialError


class DoseRefusedError(TrialError):
    """An amount, a form or a plan that no dose can be made of."""


class OrderRefusedError(TrialError):
    """An order that does not follow from what stands."""


class RecordRefusedError(TrialError):
    """A dose taken, an interruption or a correction that cannot be recorded like this."""


class HistoryContradictedError(TrialError):
    """Events told of earlier years that cannot all be so."""


class SupplyRefusedError(TrialError):
    """Supply that cannot be counted like this."""
