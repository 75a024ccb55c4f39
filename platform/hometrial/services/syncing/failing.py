"""What a failed read leaves behind: a line in the sync log, an obstacle with a next try, a link that ended."""

from collections.abc import Iterable
from uuid import UUID, uuid4

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import Pull, StreamState
from hometrial.services import working
from hometrial.services.syncing import accounts, coverage, limiting, planning
from hometrial.services.syncing.pulling import Link, Span
from hometrial_ingest.provider import ProviderError, RateLimitedError

PERMANENT = ("reconnect_needed", "not_linked", "retired")
"""Errors that end a link until a person does something."""
EVERY_STREAM = "all"


def note(
    session: Session, link: Link, provider: str, streams: Iterable[str], error: ProviderError
) -> None:
    """Note why some streams could not be read, and when they are tried again."""
    if error.kind in PERMANENT:
        accounts.lost(session, link.account_id, error)
        return
    known = _failures(session, link.account_id)
    longest = 0.0
    for stream in streams:
        wait = planning.retry_after(known.get(stream, 0), error.retry_after)
        longest = max(longest, wait.total_seconds())
        again = clock.now() + wait if error.kind in planning.TRANSIENT else None
        coverage.fail(session, link.account_id, stream, error, again)
        if error.kind in ("scope_missing", "our_bug"):
            subject = f"{provider}/{stream}"
            working.open_item(session, link.participant.id, error.kind, subject, error.text)
    if isinstance(error, RateLimitedError):
        seconds = error.retry_after or longest
        limiting.block(session, provider, link.account_id, seconds, clock.now())


def _failures(session: Session, account_id: UUID) -> dict[str, int]:
    rows = session.execute(
        select(StreamState.stream, StreamState.failures).where(StreamState.account_id == account_id)
    )
    return {stream: count for stream, count in rows}  # noqa: C416


def log_round(
    session: Session, link: Link, provider: str, kind: str, span: Span, error: ProviderError
) -> None:
    """Write one line of the sync log for a round that failed before its first read."""
    now = clock.now()
    session.execute(
        insert(Pull).values(
            id=uuid4(),
            account_id=link.account_id,
            participant_id=link.participant.id,
            provider=provider,
            kind=kind,
            stream=EVERY_STREAM,
            first_day=span.first_day,
            last_day=span.last_day,
            start_at=now,
            end_at=now,
            state="failed",
            started_at=now,
            finished_at=now,
            error_kind=error.kind,
            error=error.text,
            request_id=error.request_id,
        )
    )
