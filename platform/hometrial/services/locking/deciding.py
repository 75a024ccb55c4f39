"""What the safety board made of a lock: continue, modify, pause or stop, with its reasons, signed; a correction is a newer one.

A study is not paused by writing this down: to pause and to stop are red alerts of the study, which an investigator
answers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import BOARD_DECISIONS, BoardDecision, DataLock
from hometrial.services.safety import alerting
from hometrial.services.safety.alerting import Response
from hometrial.services.staffing.acting import Actor

URGENT = ("pause", "stop")
ANSWERED_WITHIN = timedelta(hours=24)
_SHOWN = 16


class DecisionRefusedError(TrialError):
    """A decision of the safety board that cannot be recorded like this."""


@dataclass(frozen=True)
class Decision:
    """What the board decided, when it met, and why."""

    decision: str
    met_on: date
    because: str


def record(
    session: Session, lock: DataLock, told: Decision, signer: Actor, root: str
) -> BoardDecision:
    """Keep what the board decided on a lock, which it read by its root. Raises DecisionRefusedError."""
    _require(lock, told, root)
    made = BoardDecision(
        lock_id=lock.id,
        root=root,
        met_on=told.met_on,
        decision=told.decision,
        because=told.because.strip(),
        decided_at=clock.now(),
        signed_by=signer.actor,
        signed_name=signer.full_name,
    )
    session.add(made)
    session.flush()
    if told.decision in URGENT:
        _alert(session, lock, made)
    return made


def _require(lock: DataLock, told: Decision, root: str) -> None:
    if told.decision not in BOARD_DECISIONS:
        raise DecisionRefusedError(
            f"decision: {told.decision!r} is none; choose from {', '.join(BOARD_DECISIONS)}"
        )
    if not told.because.strip():
        raise DecisionRefusedError("because: say why; the board's reasons are kept with it")
    if told.met_on > clock.now().date():
        raise DecisionRefusedError(
            f"met_on: {told.met_on} has not come yet; give the day on which the board met"
        )
    if root != lock.root:
        raise DecisionRefusedError(
            f"root: {root[:_SHOWN]} is not the root of lock {lock.name}, which is {lock.root}; open it anew"
        )


def _alert(session: Session, lock: DataLock, made: BoardDecision) -> None:
    alerting.raise_alert(
        session,
        None,
        rule=f"BOARD.{made.decision}",
        level="red",
        values={"said": made.because, "lock": lock.name, "decision": str(made.id)},
        response=Response(
            f"The safety board recommends to {made.decision} the study. Decide, and tell the board.",
            "investigator",
            ANSWERED_WITHIN,
            "safety board",
        ),
    )


def decisions(session: Session, lock: DataLock) -> Sequence[BoardDecision]:
    """Return what the board decided on a lock, the newest first."""
    return session.scalars(
        select(BoardDecision)
        .where(BoardDecision.lock_id == lock.id)
        .order_by(BoardDecision.decided_at.desc(), BoardDecision.id)
    ).all()
