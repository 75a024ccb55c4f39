"""What somebody stopped, as a receipt says it: what, since when, what is kept and why, and what became of each access."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from flask_babel import format_date, gettext, lazy_gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial.models import Connection, Participant, Token, WearableAccount, WithdrawalChoice
from hometrial.services.agreeing import leaving
from hometrial.services.syncing.vendors import vendor


@dataclass(frozen=True)
class Choice:
    """One way of leaving, in plain words."""

    title: object
    stops: object
    stays: object


CHOICES = {
    "stop_drug": Choice(
        lazy_gettext("Stop the medicine, and stay in the study otherwise"),
        lazy_gettext("You take no more of the study's medicine."),
        lazy_gettext("Visits, questions and your watch go on as before."),
    ),
    "stop_drug_safety_only": Choice(
        lazy_gettext("Stop the medicine, and be followed for your safety only"),
        lazy_gettext("The medicine, the visits of the study, and all its questions."),
        lazy_gettext(
            "We still ask about side effects until they are over. Your watch stays connected "
            "until you stop it, too."
        ),
    ),
    "stop_wearable": Choice(
        lazy_gettext("Stop the watch"),
        lazy_gettext(
            "We read nothing more from your watch or phone, and our access to your account ends."
        ),
        lazy_gettext("The medicine, visits and questions go on as before."),
    ),
    "stop_diaries": Choice(
        lazy_gettext("Stop the diaries"),
        lazy_gettext("You get no more questions between visits."),
        lazy_gettext("The medicine, the visits and your watch go on as before."),
    ),
    "stop_contact": Choice(
        lazy_gettext("No more contact"),
        lazy_gettext("Nobody of the study writes to you or calls you. Visits and questions end."),
        lazy_gettext(
            "The study may still look into medical records, as you agreed when you signed. "
            "Your watch stays connected until you stop it, too."
        ),
    ),
    "withdraw_completely": Choice(
        lazy_gettext("Leave the study completely"),
        lazy_gettext(
            "Everything: medicine, visits, questions, messages and your watch. Nothing new about "
            "you comes into the study. This cannot be taken back."
        ),
        lazy_gettext("What was collected until now is kept."),
    ),
    "delete_raw_data": Choice(
        lazy_gettext("Ask for the raw data of your watch to be deleted"),
        lazy_gettext(
            "You ask that we delete what your watch sent. The team looks at what the law allows, "
            "and answers you."
        ),
        lazy_gettext("Until you have the answer, the data are kept."),
    ),
}
"""The seven in the order of the consent, each by itself."""
_LINES = {
    "drug": lazy_gettext("The medicine"),
    "visits": lazy_gettext("Visits, except for your safety"),
    "diaries": lazy_gettext("Questions and diaries"),
    "messages": lazy_gettext("Messages from the study"),
    "new_data": lazy_gettext("All new data about you"),
    "wearable": lazy_gettext("Your watch"),
    "phone_bridges": lazy_gettext("Your phone sends nothing more"),
    "deletion_asked": lazy_gettext("You asked for data to be deleted; you get an answer"),
    "taken_back": lazy_gettext("You took this back"),
}
_DATA_TYPES = {
    "heart_rate": lazy_gettext("your pulse, day and night"),
    "steps": lazy_gettext("your steps"),
    "sleep": lazy_gettext("when you sleep, and how deeply"),
    "oxygen_saturation": lazy_gettext("oxygen in your blood while you sleep"),
    "respiratory_rate": lazy_gettext("how often you breathe while you sleep"),
    "skin_temperature": lazy_gettext("the temperature of your skin while you sleep"),
    "weight": lazy_gettext("your weight, if you use a connected scale"),
}


@dataclass(frozen=True)
class Line:
    """Something that ended, and when."""

    said: str
    since: datetime


@dataclass(frozen=True)
class Receipt:
    """One decision: `is_back` takes an earlier one back, `holds` has not been taken back."""

    choice: str
    at: datetime
    reason: str | None
    lines: tuple[Line, ...]
    data_types: tuple[str, ...]
    is_back: bool
    holds: bool

    @property
    def title(self) -> str:
        """The choice in plain words."""
        return str(CHOICES[self.choice].title)


@dataclass(frozen=True)
class Access:
    """Our access to an account: ended at `since`, or asked to end since then.

    `take_back` is the address at which the person ends it themselves; `has_key`: whether we still hold what
    opens the account, only to ask for the end.
    """

    service: str
    is_ended: bool
    since: datetime
    has_key: bool
    take_back: str | None


def receipts(session: Session, person: Participant) -> list[Receipt]:
    """Return every decision of a person, the newest first."""
    rows = leaving.history(session, person)
    undone = {row.takes_back for row in rows}
    return [_receipt(row, holds=row.id not in undone) for row in reversed(rows)]


def _receipt(row: WithdrawalChoice, *, holds: bool) -> Receipt:
    return Receipt(
        row.choice,
        row.decided_at,
        row.reason,
        tuple(Line(_said(each), datetime.fromisoformat(each["since"])) for each in row.receipt),
        tuple(each["detail"] for each in row.receipt if each["what"] == "data_type"),
        is_back=row.takes_back is not None,
        holds=holds and row.takes_back is None,
    )


def _said(line: dict[str, str]) -> str:
    what, detail = line["what"], line.get("detail", "")
    if what == "data_type":
        return str(gettext("No more of: %(thing)s", thing=data_type(detail)))
    if what == "account":
        return str(gettext("Your account at: %(service)s", service=vendor(detail).label))
    return str(_LINES[what])


def data_type(name: str) -> str:
    """Return what a kind of data is, in a person's words."""
    return str(_DATA_TYPES.get(name, name.replace("_", " ")))


def accesses(session: Session, person: Participant) -> Sequence[Access]:
    """Return what became of our access to each account that is linked no more, as it stands now."""
    has_key = select(Token.account_id).where(Token.account_id == Connection.account_id).exists()
    rows = session.execute(
        select(Connection, WearableAccount.provider, has_key)
        .join(WearableAccount, WearableAccount.id == Connection.account_id)
        .where(Connection.participant_id == person.id)
        .where(Connection.status.in_(("unlinking", "unlinked")))
        .order_by(Connection.linked_at)
    )
    return [
        Access(
            vendor(provider).label,
            row.status == "unlinked",
            row.status_since,
            bool(key),
            vendor(provider).take_back,
        )
        for row, provider, key in rows
    ]


def stamp(at: datetime, zone: ZoneInfo | None) -> str:
    """Return an instant as it stands on a receipt, for years: `14:12 on 28 November 2026 (Europe/Berlin)`."""
    here = at.astimezone(zone or UTC)
    day = format_date(here.date(), gettext("d MMMM y"))
    clock, place = f"{here:%H:%M}", zone.key if zone else "UTC"
    return str(gettext("%(clock)s on %(day)s (%(zone)s)", clock=clock, day=day, zone=place))
