"""Views of the list of people that somebody of the staff keeps under names of their own."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import SavedView
from hometrial.models.roster import LONGEST_VIEW_NAME

MOST = 30
LONGEST_QUERY = 1_000


class ViewRefusedError(TrialError):
    """A view that cannot be kept."""


def of_account(session: Session, account_id: UUID) -> Sequence[SavedView]:
    """Return the views of an account by name."""
    found = select(SavedView).where(SavedView.account_id == account_id)
    return session.scalars(found.order_by(SavedView.name)).all()


def save(session: Session, account_id: UUID, name: str, query: str) -> None:
    """Keep a view; one of the same name is replaced. Raises ViewRefusedError."""
    said = name.strip()
    if not said or len(said) > LONGEST_VIEW_NAME:
        raise ViewRefusedError(
            f"the name of a view has 1 to {LONGEST_VIEW_NAME} characters, not {len(said)}"
        )
    if len(query) > LONGEST_QUERY:
        raise ViewRefusedError("this view says too much to be kept; narrow it by fewer words")
    kept = select(func.count()).where(SavedView.account_id == account_id, SavedView.name != said)
    if (session.scalar(kept) or 0) >= MOST:
        raise ViewRefusedError(f"{MOST} views are kept already; forget one first")
    made = insert(SavedView).values(
        account_id=account_id, name=said, query=query, saved_at=clock.now()
    )
    session.execute(
        made.on_conflict_do_update(
            index_elements=["account_id", "name"],
            set_={"query": made.excluded.query, "saved_at": made.excluded.saved_at},
        )
    )


def forget(session: Session, account_id: UUID, view: UUID) -> None:
    """Forget a view of an account; one that is gone, or another's, changes nothing."""
    session.execute(
        delete(SavedView).where(SavedView.id == view, SavedView.account_id == account_id)
    )
