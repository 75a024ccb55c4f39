"""Budgets of calls that all workers share: token buckets in the database, at half of a provider's limits."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from hometrial_ingest.provider import Limits, RateLimitedError

LONGEST_BLOCK = timedelta(hours=1)
"""However long a provider asks us to wait, an account is tried again after so long."""

_TAKE = text(
    "INSERT INTO sync.rate_bucket AS b (key, tokens, refilled_at, blocked_until)"
    " VALUES (:key, :size - 1, :now, NULL)"
    " ON CONFLICT (key) DO UPDATE SET refilled_at = :now, tokens ="
    "  least(:size, b.tokens + :rate * greatest(0, extract(epoch FROM :now - b.refilled_at))) - 1"
    " WHERE coalesce(b.blocked_until <= :now, true) AND"
    "  b.tokens + :rate * greatest(0, extract(epoch FROM :now - b.refilled_at)) >= 1"
    " RETURNING tokens"
)
_WAIT = text(
    "SELECT greatest(extract(epoch FROM coalesce(blocked_until, :now) - :now),"
    " (1 - tokens) / :rate - extract(epoch FROM :now - refilled_at), 0)"
    " FROM sync.rate_bucket WHERE key = :key"
)
_BLOCK = text(
    "INSERT INTO sync.rate_bucket AS b (key, tokens, refilled_at, blocked_until)"
    " VALUES (:key, 0, :now, :until) ON CONFLICT (key) DO UPDATE SET blocked_until ="
    " greatest(b.blocked_until, :until), tokens = 0, refilled_at = :now"
)


def spend(session: Session, provider: str, account_id: UUID, limits: Limits, now: datetime) -> None:
    """Take one call from the account's budget and from the project's.

    A bucket holds half of the limit and refills at half of its rate, so that no stretch as long as the
    provider's own window ever sees more calls than its limit. Raises RateLimitedError with the seconds
    to wait if either is empty or the provider told us to wait.
    """
    take(session, f"{provider}/{account_id}", limits.account, limits.account_seconds, now)
    if limits.project is not None:
        take(session, provider, limits.project, limits.project_seconds, now)


def take(session: Session, key: str, limit: int, seconds: int, now: datetime) -> None:
    """Take one of `limit` in any `seconds` from a bucket. Raises RateLimitedError with the seconds to wait."""
    values = {"key": key, "size": limit / 2, "rate": limit / 2 / seconds, "now": now}
    if session.execute(_TAKE, values).first() is None:
        wait = float(session.execute(_WAIT, values).scalar_one())
        raise RateLimitedError("our own budget of calls is used up", retry_after=max(1.0, wait))


def block(session: Session, provider: str, account_id: UUID, seconds: float, now: datetime) -> None:
    """Keep an account quiet for as long as its provider asked, up to an hour."""
    until = now + min(timedelta(seconds=max(1.0, seconds)), LONGEST_BLOCK)
    key = f"{provider}/{account_id}"
    session.execute(_BLOCK, {"key": key, "now": now, "until": until})
