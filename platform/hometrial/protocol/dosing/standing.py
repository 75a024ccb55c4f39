"""What stands after each order: the states of a person's dose, and which order may follow which."""

from dataclasses import dataclass, replace
from enum import StrEnum

from hometrial.protocol.dosing.amounts import NOTHING, DayDose, Milligrams, written
from hometrial.protocol.dosing.refusing import OrderRefusedError


class State(StrEnum):
    """Whether a dose is planned, and if none is, why."""

    NOT_STARTED = "not started"
    ON = "on drug"
    HELD = "on hold"
    STOPPED = "stopped"
    ENDED = "stopped for good"
    WITHDRAWN = "withdrawn"


class Kind(StrEnum):
    """What an order does. CHANGE keeps the day's milligrams and changes times, split or formulation."""

    START = "start"
    STEP_UP = "step up"
    STEP_DOWN = "step down"
    CHANGE = "change"
    HOLD = "hold"
    RESUME = "resume"
    RESTART = "restart"
    STOP = "stop"
    END = "stop for good"
    WITHDRAW = "withdraw"


@dataclass(frozen=True)
class Standing:
    """What stands: `dose` and `step` are planned now, None unless on drug; `last` stood before it was taken away.

    `step` is that of the titration plan, None for a dose that is no step of it.
    """

    state: State = State.NOT_STARTED
    dose: DayDose | None = None
    step: int | None = None
    last: DayDose | None = None

    @property
    def mg(self) -> Milligrams:
        """The oral amount planned for a day, 0 unless on drug."""
        return NOTHING if self.dose is None else self.dose.mg


NOT_STARTED = Standing()

_BEFORE = {
    Kind.START: (State.NOT_STARTED,),
    Kind.STEP_UP: (State.ON,),
    Kind.STEP_DOWN: (State.ON,),
    Kind.CHANGE: (State.ON,),
    Kind.HOLD: (State.ON,),
    Kind.RESUME: (State.HELD,),
    Kind.RESTART: (State.ON, State.STOPPED),
    Kind.STOP: (State.ON, State.HELD),
    Kind.END: (State.NOT_STARTED, State.ON, State.HELD, State.STOPPED),
    Kind.WITHDRAW: tuple(set(State) - {State.WITHDRAWN}),
}
_AFTER = {
    Kind.HOLD: State.HELD,
    Kind.STOP: State.STOPPED,
    Kind.END: State.ENDED,
    Kind.WITHDRAW: State.WITHDRAWN,
}
"""The state after an order that takes the drug away; after any other the person is on drug."""
_WORDS = {
    State.NOT_STARTED: "the drug was never started",
    State.ON: "the person is on drug",
    State.HELD: "the drug is on hold: resume or stop it",
    State.STOPPED: "the drug is stopped: restart it",
    State.ENDED: "the drug is stopped for good",
    State.WITHDRAWN: "the person has withdrawn",
}


def gives(kind: Kind) -> bool:
    """Whether an order carries a dose."""
    return kind not in _AFTER


def follow(before: Standing, kind: Kind, dose: DayDose | None, step: int | None) -> Standing:
    """Return what stands after an order. Raises OrderRefusedError if it does not follow from what stood."""
    if before.state not in _BEFORE[kind]:
        raise OrderRefusedError(f"{kind}: {_WORDS[before.state]}")
    if not gives(kind):
        if dose is not None or step is not None:
            raise OrderRefusedError(f"{kind}: it takes the drug away, leave dose and step out")
        return Standing(_AFTER[kind], last=before.dose or before.last)
    if dose is None:
        raise OrderRefusedError(f"{kind}: name the dose")
    _require_direction(before, kind, dose)
    return replace(before, state=State.ON, dose=dose, step=step, last=None)


def _require_direction(before: Standing, kind: Kind, dose: DayDose) -> None:
    """Raise OrderRefusedError of a dose that an order of this kind does not lead to."""
    stood = before.dose or before.last
    if stood is None:
        return
    right = {
        Kind.STEP_UP: dose.mg > stood.mg,
        Kind.STEP_DOWN: dose.mg < stood.mg,
        Kind.CHANGE: dose.mg == stood.mg and dose != stood,
        Kind.RESUME: dose.mg <= stood.mg,
        Kind.RESTART: dose.mg <= stood.mg,
    }
    if not right.get(kind, True):
        raise OrderRefusedError(
            f"{kind} to {written(dose.mg)} mg a day ({dose}) from {written(stood.mg)} ({stood}):"
            " name the order for what it does"
        )
