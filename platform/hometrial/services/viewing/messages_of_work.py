"""How the messages stand that were sent about work."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from hometrial.models import MessageState
from hometrial.services.working import OpenItem


def states(session: Session, items: Iterable[OpenItem]) -> dict[UUID, str]:
    """Return the newest state of each message that was sent about these items, in one query."""
    sent = {each.item.message_id for each in items} - {None}
    newest = (
        select(MessageState.message_id, MessageState.state)
        .where(MessageState.message_id.in_(sent))
        .ext(distinct_on(MessageState.message_id))
        .order_by(MessageState.message_id, MessageState.number.desc())
    )
    return {message: state for message, state in session.execute(newest)}  # noqa: C416
