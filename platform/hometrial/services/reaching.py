"""Reaching the team: how each site is reached and in which country it is, and what people ask of it on their own page."""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.exports.sdtm import standard
from hometrial.models import Contact, Participant, Site
from hometrial.models.participant import PHONE
from hometrial.services import enrolling, working
from hometrial.services.agreeing import standing
from hometrial.services.trial import contacting
from hometrial.services.trial.contacting import Spoke

Ask = Literal["call_wanted", "message"]
"""A call, or a few lines; the kind of the work item that a coordinator sees."""
MOST_A_DAY = 6
LONGEST = 1500
"""Characters of what somebody writes: a call says more."""
_SAME = timedelta(minutes=10)
"""The same words within this time are one press of a button that came twice."""
_CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{0,15}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


class SiteRefusedError(TrialError):
    """Something that is no way to reach a site."""


class AskRefusedError(TrialError):
    """What somebody asks of the team and cannot: `why` is empty, long, often or left."""

    def __init__(self, message: str, why: Literal["empty", "long", "often", "left"]) -> None:
        super().__init__(message)
        self.why = why


def sites(session: Session) -> Sequence[Site]:
    """Return every site in the order of their codes."""
    return session.scalars(select(Site).order_by(Site.code)).all()


def add_site(session: Session, code: str, **told: str | None) -> Site:
    """Make a new site, of a name and how it is reached. Raises SiteRefusedError that names what is wrong."""
    enrolling.hold(session)
    if not _CODE.fullmatch(code):
        raise SiteRefusedError(
            f"{code!r} is no code of a site; write 1 to 16 capital letters, digits and - such as S-02"
        )
    if any(each.code == code for each in sites(session)):
        raise SiteRefusedError(
            f"site {code} is there already; `hometrial site set {code}` changes what is told of it"
        )
    return set_site(session, code, **told)


def set_site(session: Session, code: str, **told: str | None) -> Site:
    """Change what is told of a site (`name`, `country`, `phone`, `email`, `hours`); None leaves it, blank takes it away.

    A new code makes a site, which needs a name. Raises SiteRefusedError that names what is wrong.
    """
    site = session.scalars(select(Site).where(Site.code == code)).one_or_none()
    changed = {field: said.strip() or None for field, said in told.items() if said is not None}
    if changed.get("country"):
        changed["country"] = _country(str(changed["country"]))
    _refuse_unusable(code, changed)
    if site is None:
        if not changed.get("name"):
            raise SiteRefusedError(f"site {code} is new: give its --name")
        site = Site(code=code)
        session.add(site)
    for field, value in changed.items():
        setattr(site, field, value)
    session.flush()
    return site


def _country(said: str) -> str:
    """Return a country's three letters, of its two or three. Raises SiteRefusedError for what ISO 3166-1 has not."""
    known, code = standard.countries(), said.upper()
    if code in known.values():
        return code
    if code not in known:
        raise SiteRefusedError(
            f"--country {said!r} is no country of ISO 3166-1; write its three letters, as DEU or GBR"
        )
    return known[code]


def _refuse_unusable(code: str, changed: dict[str, str | None]) -> None:
    phone, email = changed.get("phone"), changed.get("email")
    if not code.strip():
        raise SiteRefusedError("the code of a site is empty; write one such as S-01")
    if "name" in changed and not changed["name"]:
        raise SiteRefusedError(f"--name: site {code} needs a name that its people know")
    if phone is not None and not re.fullmatch(PHONE, phone):
        raise SiteRefusedError(f"--phone {phone!r} cannot be dialled; write it as +49 30 123456")
    if email is not None and not _EMAIL.fullmatch(email):
        raise SiteRefusedError(f"--email {email!r} is no address; write it as team@example.org")


def site_of(session: Session, person: Participant) -> Site:
    """Return the site that looks after a person."""
    return session.get_one(Site, person.site_id)


def ask(session: Session, person: Participant, what: Ask, words: str) -> Contact:
    """Keep what a person asks of the team: in the log of contacts, and as work for whoever looks there.

    The same words within minutes are kept once. Raises AskRefusedError: nothing said, too much, too often on one
    day, or by who has withdrawn; the session must be allowed to read the person's own rows (`owning`).
    """
    said = words.strip()
    _refuse_words(session, person, what, said)
    session.execute(
        text("SELECT pg_advisory_xact_lock(hashtext(:key))"), {"key": f"hometrial.ask.{person.id}"}
    )
    now, note = clock.now(), _note(what, said)
    lately = asked(session, person)
    for row in lately:
        if row.note == note and now - row.at < _SAME:
            return row
    if sum(now - row.at < timedelta(days=1) for row in lately) >= MOST_A_DAY:
        raise AskRefusedError(
            f"{person.code} asked {MOST_A_DAY} times within a day; the telephone is the way now",
            "often",
        )
    spoke = Spoke(now, "message", person.code, "sent", direction="from_person", note=note)
    row = contacting.log(session, person, spoke, recorded_by=person.code)
    subject = "team" if what == "call_wanted" else str(row.id)
    working.open_item(session, person.id, what, subject, note)
    return row


def asked(session: Session, person: Participant) -> list[Contact]:
    """Return what a person asked of the team on their page, the newest first."""
    rows = session.scalars(
        select(Contact)
        .where(Contact.participant_id == person.id, Contact.recorded_by == person.code)
        .order_by(Contact.at.desc())
    )
    return list(rows)


def _note(what: Ask, said: str) -> str:
    head = "asks to be called" if what == "call_wanted" else "writes"
    return f"{head}: {said}" if said else head


def _refuse_words(session: Session, person: Participant, what: Ask, said: str) -> None:
    if standing.withdrawn_at(session, person) is not None:
        raise AskRefusedError(f"{person.code} withdrew completely; nothing new is kept", "left")
    if what == "message" and not said:
        raise AskRefusedError(f"{person.code}: a message without words", "empty")
    if len(said) > LONGEST:
        raise AskRefusedError(f"{person.code}: {len(said)} characters; {LONGEST} are read", "long")
