"""What was said to each item of a response: the last word in time holds, the earlier ones are kept."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial.models import Answer
from hometrial.questionnaires.answers import Answers


def spoken(session: Session, response_id: UUID, revision: int | None = None) -> tuple[Answer, ...]:
    """Return every word on a response in order of time, or those that its submission `revision` holds."""
    query = select(Answer).where(Answer.response_id == response_id)
    if revision is not None:
        query = query.where(Answer.revision < revision)
    ordered = query.order_by(Answer.revision, Answer.answered_at, Answer.place)
    return tuple(session.scalars(ordered))


def in_order(rows: Iterable[Answer]) -> list[Answer]:
    """Return words in order of time, of which a device may have kept some back."""
    return sorted(rows, key=lambda row: (row.revision, row.answered_at, row.place))


def last(rows: Iterable[Answer]) -> dict[str, Answer]:
    """Return the word that holds for each item, of words in order of time."""
    return {row.item: row for row in rows}


def values(words: Mapping[str, Answer]) -> Answers:
    """Return the answers that words give; a blank gives none."""
    return {item: row.value for item, row in words.items() if row.value is not None}
