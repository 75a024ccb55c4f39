"""What a finished read teaches: which time is known, how far the data reach, whether the link still stands."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial.models import Connection, PairedDevice, Pull, StreamState
from hometrial.services.syncing import coverage


def is_live(session: Session, pull: Pull) -> bool:
    """Say whether what a read brought may still come in: its link stands, or it was accepted as a push."""
    if pull.kind == "push":
        return True  # the phone was told that we have it; consent is asked row by row all the same
    status = select(Connection.status).where(Connection.account_id == pull.account_id)
    return session.scalars(status).one_or_none() not in (None, "unlinking", "unlinked")


def learn(session: Session, pull: Pull, data_until: datetime | None) -> None:
    """Note what a complete read settles: time before the devices' last hand-over is known from now on.

    Where the account does not show its devices, the newest sample is the only proof of a hand-over.
    """
    known = []
    handed_over = pull.device_synced_at or data_until
    if handed_over is not None and pull.kind != "push":
        known = [(pull.start_at, min(pull.end_at, handed_over))]
    coverage.succeed(session, pull.account_id, pull.stream, pull.started_at, data_until, known)


def last_hand_over(session: Session, account_id: UUID) -> datetime | None:
    """Return when any tracker of an account last handed its data over."""
    rows = session.scalars(
        select(PairedDevice.last_sync_at).where(
            PairedDevice.account_id == account_id, PairedDevice.kind != "scale"
        )
    )
    return max((moment for moment in rows if moment is not None), default=None)


def learn_again(session: Session, pull_id: UUID) -> None:
    """Note a read that was answered the same bytes as the last one: nothing is new, and that is known now."""
    pull = session.get_one(Pull, pull_id)
    session.refresh(pull)
    until = session.scalar(
        select(StreamState.data_until).where(
            StreamState.account_id == pull.account_id, StreamState.stream == pull.stream
        )
    )
    learn(session, pull, until)
