"""A change of a limit from draft to publication: who may ask for what, and when. Needs no Great Expectations."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import RuleChange, RuleRehearsal, RuleVersion
from hometrial.services.rehearsing_rules import limits
from hometrial.services.rehearsing_rules.limits import LimitRefusedError

REHEARSAL, PUBLICATION = "rehearsal", "publication"
UNDER_WAY = ("waiting", "running")


@dataclass(frozen=True)
class Proposal:
    """A limit and what it is to be, and why."""

    limit: str
    value: float
    reason: str


def draft(session: Session, proposal: Proposal, by: str) -> RuleChange:
    """Keep a proposal. Raises LimitRefusedError for a value that the limit cannot have, or has."""
    limit = limits.named(proposal.limit)
    if not limit.low <= proposal.value <= limit.high:
        raise LimitRefusedError(
            f"{proposal.value:g} {limit.unit} is refused for {limit.name}: it lies between {limit.low:g}"
            f" and {limit.high:g}"
        )
    now = limits.value_of(limits.in_force(session).values, limit)
    if proposal.value == now:
        raise LimitRefusedError(f"{limit.name} is {now:g} {limit.unit} already; propose another")
    if not proposal.reason.strip():
        raise LimitRefusedError("say why the limit is changed; it is kept with the version")
    _refuse_if_crossed(session, limit, proposal.value)
    change = RuleChange(
        parameter=limit.name,
        value=proposal.value,
        reason=proposal.reason.strip(),
        drafted_by=by,
        drafted_at=clock.now(),
    )
    session.add(change)
    session.flush()
    return change


def _refuse_if_crossed(session: Session, limit: limits.Limit, value: float) -> None:
    """Raise LimitRefusedError if a least value came to lie above the greatest."""
    if not limit.name.startswith(f"{limits.BOUND}."):
        return
    values = {**limits.in_force(session).values, limit.name: value}
    low, high = limits.settings_of(values).bounds_of(limit.signals[0])
    if low is not None and high is not None and low >= high:
        raise LimitRefusedError(
            f"the least value {low:g} would not lie below the greatest, {high:g}; nothing would pass"
        )


def rehearse(session: Session, change: RuleChange, by: str) -> RuleRehearsal:
    """Ask for a rehearsal; the worker runs it. Raises LimitRefusedError if one is under way or it is published."""
    _refuse_if_published(session, change)
    return _ask(session, change, REHEARSAL, by, change.reason)


def publish(session: Session, change: RuleChange, by: str, reason: str) -> RuleRehearsal:
    """Ask for the publication of a change that was rehearsed against what holds; the worker carries it out.

    Raises LimitRefusedError if whoever drafted it asks, if it is published, or if the rehearsal is out of date.
    """
    _refuse_if_published(session, change)
    if by == change.drafted_by:
        raise LimitRefusedError(
            f"{by} drafted this change; somebody else reads the rehearsal and publishes it"
        )
    if not reason.strip():
        raise LimitRefusedError("say why it is published; it is kept with the version")
    done = rehearsed(session, change)
    if done is None:
        raise LimitRefusedError("nobody has rehearsed this change yet; rehearse it first")
    number = limits.in_force(session).number
    if done.base != number:
        raise LimitRefusedError(
            f"it was rehearsed against version {done.base}, and {number} holds now; rehearse it again"
        )
    return _ask(session, change, PUBLICATION, by, reason.strip())


def rehearsed(session: Session, change: RuleChange) -> RuleRehearsal | None:
    """Return the newest rehearsal of a change that came to its end, None if there is none."""
    return session.scalars(
        select(RuleRehearsal)
        .where(
            RuleRehearsal.change_id == change.id,
            RuleRehearsal.kind == REHEARSAL,
            RuleRehearsal.state == "done",
        )
        .order_by(RuleRehearsal.ended_at.desc())
        .limit(1)
    ).one_or_none()


def _ask(session: Session, change: RuleChange, kind: str, by: str, reason: str) -> RuleRehearsal:
    busy = session.scalars(
        select(RuleRehearsal).where(RuleRehearsal.state.in_(UNDER_WAY)).limit(1)
    ).one_or_none()
    if busy is not None:
        raise LimitRefusedError(
            f"a {busy.kind} that {busy.asked_by} asked for is {busy.state}; wait until it is over"
        )
    asked = RuleRehearsal(
        change_id=change.id,
        kind=kind,
        state="waiting",
        base=limits.in_force(session).number,
        asked_by=by,
        asked_at=clock.now(),
        reason=reason,
    )
    session.add(asked)
    session.flush()
    return asked


def _refuse_if_published(session: Session, change: RuleChange) -> None:
    known = session.scalars(
        select(RuleVersion).where(RuleVersion.change_id == change.id)
    ).one_or_none()
    if known is not None:
        raise LimitRefusedError(
            f"this change was published as version {known.number} on {known.published_at:%Y-%m-%d}"
        )


def find(session: Session, change_id: UUID) -> RuleChange | None:
    """Return a change, None if there is none."""
    return session.get(RuleChange, change_id)
