"""One thing done for many people at once; who rests is left out and named, before it is done and after."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import BulkAct, Message, Participant, WorkItem
from hometrial.services import working
from hometrial.services.messaging import asking_again, nudging, planning, silenced
from hometrial.services.messaging.channels import Channels
from hometrial.services.trial import contacting
from hometrial.services.trial.contacting import Spoke

Action = Literal["remind", "relink", "contact"]
MOST = 100
"""So many people at once: a person still reads whom it concerns."""
_RESTS = ("withdrawn", "stop_contact", "pause", "bad_day", "snooze")
_LOGGED = ("withdrawn", "stop_contact", "pause", "bad_day")
_WATCH = ("reconnect", "no_data")
_ASLEEP = timedelta(days=1)


class BulkRefusedError(TrialError):
    """Something that cannot be done for these people at once."""


@dataclass(frozen=True)
class LeftOut:
    """Somebody for whom it is not done, and why."""

    code: str
    why: str


@dataclass(frozen=True)
class Sorted:
    """For whom it is done, and who is left out."""

    people: tuple[Participant, ...]
    left_out: tuple[LeftOut, ...]


def sort_out(session: Session, action: Action, codes: Collection[str]) -> Sorted:
    """Say for whom of these people it will be done and who is left out, in a fixed number of queries.

    A contact with one person is logged whatever they rest from: it has happened. Raises BulkRefusedError of nobody,
    of too many and of somebody who is not there.
    """
    people = _found(session, codes)
    if action == "contact" and len(people) == 1:
        return Sorted(tuple(people), ())
    silent = silenced.of_people(session, people)
    kinds = _LOGGED if action == "contact" else _RESTS
    why = {person: each.reason for person, each in silent.items() if each.kind in kinds}
    if action == "relink":
        why = _written_lately(session, people) | why
    return Sorted(
        tuple(each for each in people if each.id not in why),
        tuple(LeftOut(each.code, why[each.id]) for each in people if each.id in why),
    )


def _found(session: Session, codes: Collection[str]) -> Sequence[Participant]:
    if not codes:
        raise BulkRefusedError("nobody is chosen; tick the people whom it is for")
    if len(codes) > MOST:
        raise BulkRefusedError(
            f"{len(codes)} people are chosen, and {MOST} at once are the most; narrow the list"
        )
    found = session.scalars(
        select(Participant).where(Participant.code.in_(codes)).order_by(Participant.code)
    ).all()
    missing = sorted(set(codes) - {each.code for each in found})
    if missing:
        raise BulkRefusedError(f"there is nobody called {', '.join(missing)} here")
    return found


def _written_lately(session: Session, people: Sequence[Participant]) -> dict[UUID, str]:
    rows = session.execute(
        select(Message.participant_id, func.max(Message.created_at))
        .where(
            Message.participant_id.in_([each.id for each in people]),
            Message.kind == "watch",
            Message.created_at > clock.now() - planning.NO_SECOND_NAG,
        )
        .group_by(Message.participant_id)
    )
    return {
        person: f"was written to about the watch at {at:%Y-%m-%d %H:%M} UTC, less than two days ago"
        for person, at in rows
        if person is not None
    }


@dataclass(frozen=True)
class Doing:
    """Who does it (account and name in the trail), and by which ways messages go."""

    account_id: UUID
    actor: str
    ways: Channels


def do(
    session: Session,
    action: Action,
    codes: Collection[str],
    doing: Doing,
    spoke: Spoke | None = None,
) -> BulkAct:
    """Do it for each who is not left out, and keep for whom it was done; who is refused is left out with the reason.

    `spoke` is the contact that is logged. Raises BulkRefusedError.
    """
    found = sort_out(session, action, codes)
    act = _acts(session, doing, spoke)[action]
    done, left_out = [], list(found.left_out)
    for person in found.people:
        try:
            act(person)
        except TrialError as error:
            left_out.append(LeftOut(person.code, str(error)))
        else:
            done.append(person.code)
    row = BulkAct(
        id=uuid4(),
        account_id=doing.account_id,
        action=action,
        at=clock.now(),
        done=done,
        left_out=[[each.code, each.why] for each in left_out],
    )
    session.add(row)
    session.flush()
    return row


def _acts(
    session: Session, doing: Doing, spoke: Spoke | None
) -> dict[Action, Callable[[Participant], None]]:
    def remind(person: Participant) -> None:
        nudging.nudge(session, doing.ways, person, "reminder", by=doing.actor)

    def relink(person: Participant) -> None:
        items = _open_about_watch(session, person)
        if not items:
            nudging.nudge(session, doing.ways, person, "watch", by=doing.actor)
        for item in items:
            asking_again.about_watch(session, doing.ways, person, item, by=doing.actor)

    def contact(person: Participant) -> None:
        assert spoke is not None  # noqa: S101 - a contact says what it was
        contacting.log(session, person, spoke, recorded_by=doing.actor)

    return {"remind": remind, "relink": relink, "contact": contact}


def _open_about_watch(session: Session, person: Participant) -> Sequence[WorkItem]:
    return session.scalars(
        select(WorkItem).where(
            WorkItem.participant_id == person.id,
            WorkItem.kind.in_(_WATCH),
            WorkItem.closed_at.is_(None),
        )
    ).all()


def settle_item(session: Session, item_id: UUID, spoke: Spoke) -> None:
    """Let the work sleep for which somebody called: until the day of the next step, else for a day."""
    item = session.get(WorkItem, item_id)
    if item is None or item.closed_at is not None:
        return  # the contact itself closed it
    until = clock.now() + _ASLEEP
    if spoke.next_on is not None:
        until = max(until, clock.now() + (spoke.next_on - clock.now().date()))
    because = f"{spoke.way.replace('_', ' ')}: {spoke.outcome.replace('_', ' ')}"
    working.put_to_sleep(session, item, until, because=because)


def find(session: Session, account_id: UUID, act: UUID) -> BulkAct:
    """Return what an account did for many at once. Raises BulkRefusedError of what is not its own."""
    row = session.get(BulkAct, act)
    if row is None or row.account_id != account_id:
        raise BulkRefusedError("there is no such list of yours")
    return row
