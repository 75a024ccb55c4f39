"""Causes that lie beyond one person: a provider that does not answer, a rule that most rows fail, a batch refused whole."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import (
    Batch,
    Finding,
    Participant,
    Query,
    StreamState,
    Verdict,
    WearableAccount,
)
from hometrial.services.viewing.sources import Outage
from hometrial.services.working import OpenItem

LOOKED_AT = timedelta(days=7)
MOST = 0.5
"""From this share of a stream's rows on it is the rule that is looked at, not the rows."""
LEAST_ROWS = 20
REFUSED = "batch_rejected"
"""The rule of the query of a batch that was refused as a whole."""
_BY_AN_OUTAGE = ("no_data", "our_bug")
_BY_A_RULE = ("quarantine", "answers_set_aside")


@dataclass(frozen=True)
class Cause:
    """What happens to many at once: whom it is known to touch, and which items of work it explains."""

    kind: str
    subject: str
    reason: str
    way_out: str
    since: datetime | None
    codes: tuple[str, ...] = ()

    def explains(self, line: OpenItem) -> bool:
        """Whether an item is there because of this."""
        if self.kind == "provider_outage":
            return line.item.kind in _BY_AN_OUTAGE and line.provider == self.subject
        return line.item.kind in _BY_A_RULE and line.item.subject == self.subject


def find(session: Session, outages: Mapping[str, Outage]) -> Sequence[Cause]:
    """Return what happens to many at once now: four queries."""
    rules = _of_rules(session)
    return [*rules, *_of_batches(session, rules), *_of_outages(session, outages)]


def _of_outages(session: Session, outages: Mapping[str, Outage]) -> Sequence[Cause]:
    away = [each for each in outages.values() if each.is_one]
    rows = session.execute(
        select(WearableAccount.provider, Participant.code)
        .join(StreamState, StreamState.account_id == WearableAccount.id)
        .join(Participant, Participant.id == WearableAccount.participant_id)
        .where(
            StreamState.obstacle == "try_later",
            WearableAccount.provider.in_([each.provider for each in away]),
        )
        .distinct()
    ).all()
    return [
        Cause(
            "provider_outage",
            each.provider,
            f"{each.provider} does not answer for {each.failing} of {each.accounts} accounts",
            "Nobody's watch is at fault: ask nobody. Reading goes on by itself; look whether the provider tells of it.",
            each.since,
            tuple(code for provider, code in rows if provider == each.provider),
        )
        for each in away
    ]


def _of_rules(session: Session) -> Sequence[Cause]:
    """Return the rules that most rows of their stream have failed lately, as long as rows wait because of them."""
    since = clock.now() - LOOKED_AT
    whole = (
        select(Verdict.signal, func.sum(Verdict.evaluated).label("rows"))
        .join(Batch, Batch.id == Verdict.batch_id)
        .where(Batch.created_at >= since)
        .group_by(Verdict.signal)
        .subquery()
    )
    failed = func.sum(Finding.rows)
    waits = exists().where(
        Query.batch_id == Batch.id,
        Query.status == "open",
        or_(Query.rule == Finding.rule, Query.rule == REFUSED),
    )
    rows = session.execute(
        select(Verdict.signal, Finding.rule, failed, whole.c.rows, func.min(Batch.created_at))
        .join(Finding, Finding.verdict_id == Verdict.id)
        .join(Batch, Batch.id == Verdict.batch_id)
        .join(whole, whole.c.signal == Verdict.signal)
        .where(Batch.created_at >= since, Finding.severity == "error")
        .group_by(Verdict.signal, Finding.rule, whole.c.rows)
        .having((failed >= LEAST_ROWS) & (failed >= MOST * whole.c.rows) & func.bool_or(waits))
    )
    return [
        Cause(
            "wrong_rule",
            f"{signal}/{rule}",
            f"the rule {rule} fails {failing} of {total} rows of {signal.replace('_', ' ')} in a week",
            "So many rows are seldom wrong: look at the rule before the rows.",
            first,
        )
        for signal, rule, failing, total, first in rows
    ]


def _of_batches(session: Session, rules: Iterable[Cause]) -> Sequence[Cause]:
    """Return the batches that were refused as a whole and wait for a decision, but for those that a rule explains."""
    wrong = [each.subject.partition("/")[2] for each in rules]
    explained = exists().where(
        Verdict.batch_id == Query.batch_id,
        Finding.verdict_id == Verdict.id,
        Finding.rule.in_(wrong),
    )
    count, since = session.execute(
        select(func.count(), func.min(Query.opened_at)).where(
            Query.participant_id.is_(None), Query.status == "open", ~explained
        )
    ).one()
    if not count:
        return []
    what = "a batch was" if count == 1 else f"{count} batches were"
    return [Cause("batch_refused", "", f"{what} refused as a whole", "Its query says why.", since)]
