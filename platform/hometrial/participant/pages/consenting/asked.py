"""What a person is asked to read and sign now, how far they are, and which page comes next."""

from contextlib import suppress
from dataclasses import dataclass

from flask import Blueprint, current_app, g, render_template, session, url_for
from sqlalchemy.orm import Session

from hometrial.models import ConsentSignature, Participant
from hometrial.participant import looks
from hometrial.participant.oneself import oneself
from hometrial.services.agreeing import (
    declining,
    discussing,
    reading,
    reconsenting,
    signing,
    standing,
    texts,
    understanding,
)
from hometrial.services.agreeing.reading import Progress
from hometrial.services.agreeing.reconsenting import Due
from hometrial.services.agreeing.texts import Offer, TextRefusedError
from hometrial.services.agreeing.understanding import Tries
from hometrial.services.trial import following, publishing
from hometrial.services.trial.following import NotInTrialError
from hometrial_ingest.data_types import DataType

pages = Blueprint("consenting", __name__, url_prefix="/consent")
_DRAFT = "consent"
"""What of a visit is not signed yet: answers to questions one by one, switches; nothing of it is a record."""


@dataclass(frozen=True)
class Asked:
    """A document that a person is asked to read, and how far they are with it."""

    person: Participant
    offer: Offer
    due: Due | None
    progress: Progress
    tries: Tries
    is_declined: bool
    is_talked_over: bool
    switches: tuple[DataType, ...]

    @property
    def order(self) -> tuple[str, ...]:
        """The sections in the order in which they are read: what is new comes first."""
        all_ = tuple(each.id for each in self.offer.words.sections)
        if self.due is None:
            return all_
        new = tuple(each for each in all_ if each in self.due.news)
        return new if self.due.asks == "inform" else (*new, *(e for e in all_ if e not in new))

    @property
    def left(self) -> tuple[str, ...]:
        """Those that are to be read yet, in that order."""
        return tuple(each for each in self.order if each in self.progress.left)

    @property
    def is_started(self) -> bool:
        """Whether anything was read."""
        return bool(self.progress.done) or self.tries.made > 0

    @property
    def is_only_told(self) -> bool:
        """Whether there is nothing to sign, only news to read."""
        return self.due is not None and self.due.asks == "inform"


def reader(database: Session) -> Participant:
    """Return who is there; in a rehearsal every page of theirs says that it is one."""
    person = oneself(database)
    with suppress(NotInTrialError):
        g.rehearsal = following.version_of(database, person).is_test
    return person


def asked_of(database: Session, person: Participant) -> Asked | None:
    """Return what a person is asked to read and sign, None if there is nothing now."""
    offer, due = _offer(database, person)
    if offer is None:
        return None
    return Asked(
        person,
        offer,
        due,
        reading.progress(database, person, offer),
        understanding.tries(database, person, offer),
        declining.has_declined(database, person, offer),
        discussing.last(database, person) is not None,
        _switches(database, person, offer),
    )


def _offer(database: Session, person: Participant) -> tuple[Offer | None, Due | None]:
    try:
        if standing.withdrawn_at(database, person) is not None:
            return None, None
        on_drug = bool(reconsenting.on_drug(database, [person]))
        due = reconsenting.due(database, person, is_on_drug=on_drug)
        if due:
            return due[0].offer, due[0]
        signed = {each.document for each in signing.signatures(database, person)}
        return next(
            (each for each in _offered(database, person) if each.document.id not in signed), None
        ), None
    except (NotInTrialError, TextRefusedError) as error:
        current_app.logger.info("nothing to sign: %s", error)
        return None, None


def _offered(database: Session, person: Participant) -> tuple[Offer, ...]:
    """Return the documents in the reader's language, in another one where there is none in it."""
    protocol = following.protocol_of(database, person)
    languages = list(dict.fromkeys(each.language for each in protocol.consent.documents))
    chosen = looks.current().language
    return texts.offered(database, person, chosen if chosen in languages else languages[0])


def _switches(database: Session, person: Participant, offer: Offer) -> tuple[DataType, ...]:
    """Return the data types that are asked for with this signature: all, later only new ones."""
    wanted = [DataType(each) for each in offer.protocol.consent.data_types]
    if standing.consented_at(database, person) is None:
        return tuple(wanted)
    before = publishing.of(following.version_of(database, person)).consent.data_types
    return tuple(each for each in wanted if each not in before)


def next_page(asked: Asked | None) -> str:
    """Return the address of what comes next."""
    if asked is None or asked.is_declined:
        return url_for("consenting.page")
    if asked.left:
        return url_for("consenting.section", name=asked.left[0])
    if asked.tries.needs_call:
        return url_for("consenting.call")
    if not asked.tries.is_passed:
        return url_for("consenting.question", number=1)
    if asked.switches and switched(asked) is None:
        return url_for("consenting.choices")
    return url_for("consenting.sign" if asked.is_talked_over else "consenting.talk")


def draft(asked: Asked) -> dict[str, dict[str, str]]:
    """Return what was filled in during this visit; of another text or an earlier try nothing."""
    found = session.get(_DRAFT, {})
    key = f"{asked.offer.text.id}/{asked.tries.made}"
    if found.get("key") != key:
        kept = found.get("switches", {}) if _same_text(found, asked) else {}
        found = {"key": key, "answers": {}, "switches": kept}
    return dict(found)


def _same_text(found: dict[str, str], asked: Asked) -> bool:
    return found.get("key", "").startswith(f"{asked.offer.text.id}/")


def keep_draft(asked: Asked, part: str, values: dict[str, str]) -> None:
    """Keep what was filled in, for this visit."""
    session[_DRAFT] = {**draft(asked), part: values}


def switched(asked: Asked) -> dict[str, str] | None:
    """Return the answer to each switch, None while one is missing."""
    given = draft(asked)["switches"]
    return given if all(each in given for each in asked.switches) else None


def signed_versions(database: Session, person: Participant) -> list[ConsentSignature]:
    """Return what a person signed, the newest first."""
    return list(reversed(signing.signatures(database, person)))


def stale() -> tuple[str, int]:
    """Refuse calmly what was sent from a page that was made for another text."""
    return render_template("consenting/stale.html"), 409
