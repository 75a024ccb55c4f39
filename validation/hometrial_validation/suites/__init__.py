"""The suites by name, and which of them judges a signal. No Great Expectations is needed to read them."""

from hometrial_ingest.signals import SIGNALS, Shape, Signal
from hometrial_validation.rule import Suite
from hometrial_validation.suites.amounts import DAILY, INSTANT, INTERVAL
from hometrial_validation.suites.forms import FORM
from hometrial_validation.suites.heart import HEART_RATE
from hometrial_validation.suites.sleep import SESSION, STAGE

SUITES: dict[str, Suite] = {
    suite.name: suite for suite in (INSTANT, HEART_RATE, INTERVAL, DAILY, SESSION, STAGE)
}
"""The suites that judge signals. What people answer is judged by FORM."""

_BY_SHAPE = {
    Shape.INSTANT: INSTANT,
    Shape.INTERVAL: INTERVAL,
    Shape.DAILY: DAILY,
    Shape.SESSION: SESSION,
    Shape.STAGE: STAGE,
}

__all__ = ["FORM", "SUITES", "suite_of"]


def suite_of(signal: Signal) -> Suite:
    """Return the suite that judges frames of a signal."""
    return HEART_RATE if signal is Signal.HEART_RATE else _BY_SHAPE[SIGNALS[signal].shape]
