"""Seven choices of withdrawal, each by itself: what it stops at once, and a receipt that says so."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import (
    SIGNING_ROLES,
    WITHDRAWAL_CHOICES,
    Participant,
    WithdrawalChoice,
    WorkItem,
)
from hometrial.services import consenting, enrolling, withdrawing, working
from hometrial.services.agreeing import reading, standing
from hometrial.services.dosing import ordering
from hometrial.services.dosing import recording as dosing
from hometrial.services.syncing import planning, pulling
from hometrial.services.trial import arms, following
from hometrial_ingest.data_types import DataType
from hometrial_ingest.provider import Provider

Role = Literal["self", "scribe", "proxy", "staff"]
Line = dict[str, str]
"""A line of a receipt: `what` stopped, its `detail` if there are several of a kind, and `since` when."""

FINAL = "withdraw_completely"
AFTER_THE_END = ("delete_raw_data",)
"""What may still be chosen by who has withdrawn completely."""
STOPS_DRUG = frozenset({"stop_drug", "stop_drug_safety_only", FINAL})
WORK = {
    "stop_drug": "the person stops the drug and stays in follow-up: stop the doses, ask for what is left back",
    "stop_drug_safety_only": "the person stops the drug, only safety is followed: stop the doses, ask for what is left back",
    "delete_raw_data": "the person asks that raw data of their devices be deleted: decide by the law, and answer",
}
"""What each choice asks of the staff; an item of the choice's own name."""


class ChoiceRefusedError(TrialError):
    """A choice that there is not, or that cannot be made or taken back now."""


@dataclass(frozen=True)
class Said:
    """Whose word a choice is: the account or pseudonym of who entered it, their role, and a reason if any."""

    by: str
    role: Role = "self"
    reason: str | None = None


@dataclass(frozen=True)
class Receipt:
    """What a choice stopped, and when. `unlinked`: accounts whose providers have yet to be told."""

    choice: WithdrawalChoice
    lines: tuple[Line, ...]
    unlinked: tuple[tuple[UUID, str], ...] = ()


@dataclass(frozen=True)
class _Stop:
    """What the effect of a choice works on."""

    session: Session
    clouds: Mapping[str, Provider]
    person: Participant
    keep_late: bool
    since: str

    def line(self, what: str, detail: str = "") -> Line:
        return {"what": what, "since": self.since} | ({"detail": detail} if detail else {})


def choose(
    session: Session,
    clouds: Mapping[str, Provider],
    person: Participant,
    choice: str,
    *,
    said: Said,
    keep_late: bool = False,
) -> Receipt:
    """Record a choice and stop at once what it stops; one in force already changes nothing.

    `keep_late`: what the watch recorded before may still come in; after a complete withdrawal nothing may.
    Raises ChoiceRefusedError of a choice or role that there is not, of who never signed, and after the end.
    """
    _require_known(choice, said)
    reading.hold(session, person)
    rows = {row.choice: row for row in standing.in_force(session, person)}
    if choice in rows:
        return Receipt(rows[choice], tuple(rows[choice].receipt))
    if standing.consented_at(session, person) is None:
        raise ChoiceRefusedError(
            f"{person.code} has signed nothing yet; who does not want to take part declines the screening"
        )
    if FINAL in rows and choice not in AFTER_THE_END:
        raise ChoiceRefusedError(
            f"{person.code} withdrew completely on {rows[FINAL].decided_at:%Y-%m-%d}; nothing is left to stop"
        )
    now = clock.now()
    stop = _Stop(session, clouds, person, keep_late and choice != FINAL, now.isoformat())
    lines, unlinked = _EFFECTS[choice](stop)
    row = WithdrawalChoice(
        participant_id=person.id,
        choice=choice,
        decided_at=now,
        reason=_reason(said),
        by=said.by,
        role=said.role,
        receipt=lines,
    )
    session.add(row)
    session.flush()
    if choice in STOPS_DRUG:
        _stop_doses(session, person, said)
    if choice in WORK:
        working.open_item(session, person.id, choice, choice, WORK[choice])
    return Receipt(row, tuple(lines), tuple(unlinked))


def _stop_doses(session: Session, person: Participant, said: Said) -> None:
    """Order the end of a drug that was ordered for the person; who has no arm has none."""
    if arms.arm_of(session, person) is not None:
        role = dosing.Role.SITE if said.role == "staff" else dosing.Role.PARTICIPANT
        why = _reason(said) or "the person chose to"
        ordering.follow_withdrawal(session, person, dosing.Word(said.by, role, why))


def take_back(
    session: Session,
    person: Participant,
    choice: str,
    *,
    said: Said,
    granted: Iterable[DataType] = (),
) -> WithdrawalChoice:
    """Record a new decision that a choice holds no longer; what comes again begins now, nothing is filled in.

    The switches of a watch stay off but for those `granted` anew. Raises ChoiceRefusedError of a choice that is
    not in force, of a complete withdrawal, and of a deletion that staff have dealt with.
    """
    _require_known(choice, said)
    reading.hold(session, person)
    rows = {row.choice: row for row in standing.in_force(session, person)}
    if choice not in rows:
        raise ChoiceRefusedError(
            f"{person.code} has not chosen {choice}; there is nothing to take back"
        )
    if FINAL in rows:
        raise ChoiceRefusedError(
            f"{person.code} withdrew completely; who comes back is screened and signs as a new person"
        )
    chosen = tuple(granted)
    if chosen and choice != "stop_wearable":
        raise ChoiceRefusedError(f"granted: {choice} switched no data type off")
    _require_undone(session, person, choice)
    row = WithdrawalChoice(
        participant_id=person.id,
        choice=choice,
        takes_back=rows[choice].id,
        decided_at=clock.now(),
        reason=_reason(said),
        by=said.by,
        role=said.role,
        receipt=[{"what": "taken_back", "since": clock.now().isoformat()}],
    )
    session.add(row)
    session.flush()
    if chosen:
        consenting.grant(session, person, chosen, source="withdrawal taken back")
        planning.begin_anew(session, withdrawing.accounts_of(session, person.id))
    working.close_items(session, person.id, choice, choice, because="the person took it back")
    return row


def history(session: Session, person: Participant) -> list[WithdrawalChoice]:
    """Return every choice and every taking back, oldest first."""
    return list(
        session.scalars(
            select(WithdrawalChoice)
            .where(WithdrawalChoice.participant_id == person.id)
            .order_by(WithdrawalChoice.decided_at, WithdrawalChoice.takes_back.is_not(None))
        )
    )


def _require_known(choice: str, said: Said) -> None:
    if choice not in WITHDRAWAL_CHOICES:
        raise ChoiceRefusedError(
            f"choice: {choice!r} is none; there are {', '.join(WITHDRAWAL_CHOICES)}"
        )
    if said.role not in get_args(Role) or not said.by.strip():
        raise ChoiceRefusedError(
            f"said: {said.by!r} as {said.role!r}: name who entered it, as {', '.join(SIGNING_ROLES)} or staff"
        )


def _reason(said: Said) -> str | None:
    return said.reason.strip() or None if said.reason else None


def _require_undone(session: Session, person: Participant, choice: str) -> None:
    """A request to delete may be taken back only while nobody has acted on it."""
    if choice != "delete_raw_data":
        return
    waits = session.scalars(
        select(WorkItem).where(
            WorkItem.participant_id == person.id,
            WorkItem.kind == choice,
            WorkItem.closed_at.is_(None),
        )
    ).first()
    if waits is None:
        raise ChoiceRefusedError(
            f"{person.code}: the request to delete raw data was dealt with; it cannot be taken back"
        )


Effect = tuple[list[Line], tuple[tuple[UUID, str], ...]]


def _told(*what: str) -> Callable[[_Stop], Effect]:
    """What other services ask `standing.choices` for: the receipt is all that is written here."""
    return lambda stop: ([stop.line(each) for each in what], ())


def _stop_wearable(stop: _Stop) -> Effect:
    given = consenting.spells(stop.session, stop.person.id)
    on = [each for each in DataType if given.in_force(each, clock.now())]
    if not on:
        return [stop.line("wearable")], ()
    done = withdrawing.withdraw(
        stop.session, stop.clouds, stop.person, on, keep_late=stop.keep_late, source="withdrawal"
    )
    lines = [stop.line("wearable"), *(stop.line("data_type", each) for each in done.data_types)]
    lines += [stop.line("account", provider) for _, provider in done.unlinked]
    if done.bridges:
        lines.append(stop.line("phone_bridges", str(done.bridges)))
    return lines, done.unlinked


def _withdraw_completely(stop: _Stop) -> Effect:
    lines, unlinked = _stop_wearable(stop)
    day = pulling.today(enrolling.zones_of(stop.session, stop.person), clock.now())
    following.anchor(stop.session, stop.person, "withdrawal", day, because="withdrew completely")
    stop.person.status = "withdrawn"
    stop.session.flush()
    all_ = [stop.line(each) for each in ("drug", "visits", "diaries", "messages", "new_data")]
    return [*all_, *lines], unlinked


_EFFECTS: dict[str, Callable[[_Stop], Effect]] = {
    "stop_drug": _told("drug"),
    "stop_drug_safety_only": _told("drug", "visits", "diaries"),
    "stop_wearable": _stop_wearable,
    "stop_diaries": _told("diaries"),
    "stop_contact": _told("messages", "visits", "diaries"),
    "withdraw_completely": _withdraw_completely,
    "delete_raw_data": _told("deletion_asked"),
}
