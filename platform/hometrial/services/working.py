"""Work for the staff: one open item for each person (or the study), kind and subject; it closes when its cause is gone."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import Participant, WorkItem
from hometrial.services import standing
from hometrial.services.standing import LIVE, Link, Standing

QUIET_AFTER = timedelta(hours=24)
"""A device that has handed nothing over for so long is asked about (features.md A15)."""
KINDS = (
    "red_alert", "stopping_rule", "recall", "prohibited_medicine", "stop_drug", "stop_drug_safety_only", "report_due", "alert", "adverse_event", "dose_call", "call_wanted", "message", "reconsent", "consent_call",
    "out_of_drug", "supply_low", "accountability", "dose_step", "visit_overdue", "visit_due", "lost_to_follow_up", "contact_due", "consent_declined", "message_refused", "retired", "reconnect", "not_linked", "wrong_account", "revoke_pending", "delete_raw_data", "our_bug", "no_data", "scope_missing",
    "not_worn", "diary_missing", "late_file", "bad_wear", "answers_set_aside", "quarantine", "relink_before_end",
)  # fmt: skip
"""In the order of risk: a person's safety first, then what loses every stream of a person now."""
_BEYOND_WITHDRAWAL = frozenset(
    ("revoke_pending", "red_alert", "recall", "accountability", "adverse_event", "alert", "report_due",
     "delete_raw_data", "stop_drug", "stop_drug_safety_only")
)  # fmt: skip
"""What still has to be done about who has withdrawn."""


class WorkRefusedError(TrialError):
    """Work that cannot be done like this."""


@dataclass(frozen=True)
class OpenItem:
    """An open item with its person's pseudonym, None: it belongs to the study."""

    item: WorkItem
    code: str | None

    @property
    def of(self) -> str:
        """Whom it is about."""
        return self.code or "the study"

    @property
    def provider(self) -> str:
        """The provider that it is about."""
        return self.item.subject.partition("/")[0]

    @property
    def is_asleep(self) -> bool:
        """Whether somebody did what there was to do, and its effect is awaited."""
        until = self.item.sleeps_until
        return until is not None and until > clock.now()


def open_item(
    session: Session, participant_id: UUID | None, kind: str, subject: str, reason: str
) -> None:
    """Open an item, or give the open one of this person, kind and subject a changed reason; None: of the study."""
    made = insert(WorkItem).values(
        id=uuid4(),
        participant_id=participant_id,
        kind=kind,
        subject=subject,
        reason=reason,
        opened_at=clock.now(),
    )
    session.execute(
        made.on_conflict_do_update(
            index_elements=["participant_id", "kind", "subject"],
            index_where=WorkItem.closed_at.is_(None),
            set_={"reason": made.excluded.reason},
            where=WorkItem.reason != made.excluded.reason,
        )
    )


def close_items(
    session: Session,
    participant_id: UUID | None,
    kind: str,
    subject: str | None = None,
    *,
    because: str,
) -> int:
    """Close the open items of a person (None: of the study) of a kind, of one subject if given; return how many."""
    found = select(WorkItem).where(
        WorkItem.participant_id.is_not_distinct_from(participant_id),
        WorkItem.kind == kind,
        WorkItem.closed_at.is_(None),
    )
    if subject is not None:
        found = found.where(WorkItem.subject == subject)
    items = session.scalars(found.with_for_update()).all()
    for item in items:
        _close(item, because)
    session.flush()
    return len(items)


def _close(item: WorkItem, because: str) -> None:
    item.closed_at, item.closed_because = clock.now(), because


def put_to_sleep(
    session: Session,
    item: WorkItem,
    until: datetime,
    *,
    because: str,
    message_id: UUID | None = None,
) -> None:
    """Let an open item wait for what comes of something that was done; it closes all the same when its cause goes."""
    item.sleeps_until, item.asleep_because, item.message_id = until, because, message_id
    session.flush()


def find(session: Session, item: UUID) -> OpenItem:
    """Return an item that is still open. Raises WorkRefusedError."""
    found = session.execute(
        select(WorkItem, Participant.code)
        .outerjoin(Participant, Participant.id == WorkItem.participant_id)
        .where(WorkItem.id == item, WorkItem.closed_at.is_(None))
    ).one_or_none()
    if found is None:
        raise WorkRefusedError("this work is closed already, or not yours; look at Today anew")
    return OpenItem(found[0], found[1])


def open_items(session: Session, participant_id: UUID | None = None) -> list[OpenItem]:
    """Return the open items, of one person or of all and the study, in the order of risk, the oldest first within a kind."""
    found = (
        select(WorkItem, Participant.code)
        .outerjoin(Participant, Participant.id == WorkItem.participant_id)
        .where(WorkItem.closed_at.is_(None))
    )
    if participant_id is not None:
        found = found.where(WorkItem.participant_id == participant_id)
    return sorted((OpenItem(item, code) for item, code in session.execute(found)), key=_risk)


def count_open(session: Session) -> int:
    """Return how many items are open and do not sleep."""
    is_awake = or_(WorkItem.sleeps_until.is_(None), WorkItem.sleeps_until <= clock.now())
    open_ = select(func.count()).select_from(WorkItem)
    return session.scalar(open_.where(WorkItem.closed_at.is_(None), is_awake)) or 0


def _risk(line: OpenItem) -> tuple[int, datetime, str]:
    kind = line.item.kind
    rank = KINDS.index(kind) if kind in KINDS else len(KINDS)
    return rank, line.item.opened_at, line.of


def alert_quiet(session: Session, after: timedelta = QUIET_AFTER) -> int:
    """Open an item for each account whose device has been silent for so long; return how many are.

    Nobody is asked about a person who rests or has withdrawn.
    """
    quiet = [
        (person, link)
        for person, found in standing.standings(session).items()
        for link in found.links
        if found.status != "withdrawn" and not found.paused and link.is_quiet(found.now, after)
    ]
    for person, link in quiet:
        since = f"{link.heard_at or link.connection.linked_at:%Y-%m-%d %H:%M} UTC"
        reason = f"{link.provider}: nothing new from the device since {since}"
        open_item(session, person, "no_data", link.provider, reason)
    return len(quiet)


def sweep(session: Session) -> int:
    """Close every open item of a person whose cause is gone by what the tables say now; return how many."""
    items = session.scalars(
        select(WorkItem)
        .where(WorkItem.closed_at.is_(None), WorkItem.participant_id.is_not(None))
        .with_for_update()
    ).all()
    people = {item: item.participant_id for item in items if item.participant_id is not None}
    found = standing.standings(session, set(people.values()))
    gone = [(item, _gone(item, found[person])) for item, person in people.items()]
    for item, because in gone:
        if because:
            _close(item, because)
    session.flush()
    return sum(because is not None for _, because in gone)


def _gone(item: WorkItem, found: Standing) -> str | None:
    """Return why an item's cause holds no longer, None if it does or if it is not ours to know."""
    if found.status == "withdrawn" and item.kind not in _BEYOND_WITHDRAWAL:
        return "the person has withdrawn"
    decide = _CAUSES.get(item.kind)
    provider, _, stream = item.subject.partition("/")
    return decide(found, _Cause(provider, stream, item.opened_at)) if decide else None


@dataclass(frozen=True)
class _Cause:
    """What an item is about: a provider, perhaps one stream of it, since when."""

    provider: str
    stream: str
    since: datetime


_Decide = Callable[[Standing, _Cause], str | None]
_UNLINKED = "the account is unlinked"
_ELSEWHERE = "another provider delivers the same"


def _waiting(status: str) -> _Decide:
    """Gone once another account at the provider is active, or none has this status any more."""

    def decide(found: Standing, cause: _Cause) -> str | None:
        if found.at(cause.provider, ["active"]):
            return "the account is active"
        still = found.at(cause.provider, [status])
        return None if still else "the account is not waiting any more"

    return decide


def _refused(found: Standing, cause: _Cause) -> str | None:
    """Gone once every account there that is still linked shares the stream."""
    links = found.at(cause.provider, LIVE)
    if not links:
        return _UNLINKED
    return None if any(_is_refused(link, cause.stream) for link in links) else "it is shared now"


def _is_refused(link: Link, stream: str) -> bool:
    if not stream:
        return "scope_missing" in link.obstacles.values()
    refused = stream not in link.connection.streams
    return refused or link.obstacles.get(stream) == "scope_missing"


def _mended(found: Standing, cause: _Cause) -> str | None:
    """Gone once the stream was read well after the fault; a fault of linking ends with the next link."""
    if not cause.stream:
        return None
    links = found.at(cause.provider, LIVE)
    if not links:
        return _UNLINKED
    well = any(link.was_read_well(cause.stream, cause.since) for link in links)
    return "it is read again" if well else None


def _unconfirmed(found: Standing, cause: _Cause) -> str | None:
    return None if found.at(cause.provider, ["unlinking"]) else "the provider has confirmed"


def _retired(found: Standing, cause: _Cause) -> str | None:
    if not found.at(cause.provider, ["retired"]):
        return "the provider answers again"
    return None if found.needs_another(cause.provider) else _ELSEWHERE


def _not_relinked(found: Standing, cause: _Cause) -> str | None:
    if not found.at(cause.provider, LIVE):
        return _UNLINKED
    if not found.ends_soon(cause.provider):
        return "the provider does not end so soon"
    return None if found.needs_another(cause.provider) else _ELSEWHERE


def _silent(found: Standing, cause: _Cause) -> str | None:
    active = found.at(cause.provider, ["active"])
    if not active:
        return "the account is not active any more"
    quiet = all(link.is_quiet(found.now, QUIET_AFTER) for link in active)
    return None if quiet else "data come again"


_CAUSES: dict[str, _Decide] = {
    "reconnect": _waiting("reconnect_needed"),
    "not_linked": _waiting("not_linked"),
    "revoke_pending": _unconfirmed,
    "scope_missing": _refused,
    "our_bug": _mended,
    "retired": _retired,
    "relink_before_end": _not_relinked,
    "no_data": _silent,
}
"""What closes each kind by itself; an item of another kind is closed by whoever opened it."""
