"""A history told back, in plain sentences, with no date or dose sharper than it was told."""

from hometrial.protocol.dosing.amounts import written
from hometrial.protocol.dosing.events import Reason
from hometrial.protocol.dosing.history import DoseRange, Effect, History, OtherTreatment, Told


def retold(history: History) -> tuple[str, ...]:
    """Return a history in sentences: doses in their order, then effects, then other treatments."""
    doses = [_change(each) for each in history.told]
    effects = [_effect(history, each) for each in history.effects]
    return (*doses, *effects, *map(_other, history.others))


def _change(told: Told) -> str:
    dated = "" if told.when is None else f"{told.when}: "
    lengths = [
        told.since_start and f"about {told.since_start} after the start",
        told.lasted and f"for {told.lasted}",
        told.missed and ("nothing left" if told.missed is Reason.RAN_OUT else told.missed),
        told.why,
    ]
    dose = "" if told.dose is None else f" {told.dose}"
    head = f"{dated}{told.kind}{' gradually' if told.gradually else ''}{dose}"
    return ", ".join([head, *(each for each in lengths if each)])


def _effect(history: History, effect: Effect) -> str:
    dated = "" if effect.when is None else f"{effect.when}: "
    return f"{dated}{effect.what}, at {_range(history.dose_at(effect))}"


def _range(dose: DoseRange) -> str:
    low, high = written(dose.lowest), written(dose.highest)
    return f"{low} mg a day" if dose.is_certain else f"{low} to {high} mg a day"


def _other(other: OtherTreatment) -> str:
    dates = [
        other.began and f"from {other.began}",
        other.ended and f"until {other.ended}",
        other.why_ended,
    ]
    return ", ".join([other.what, *(each for each in dates if each)])
