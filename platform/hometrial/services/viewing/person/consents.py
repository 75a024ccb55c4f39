"""What a person was told, read, answered, signed and chose, with the proof of each signature."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import (
    ConsentCopy,
    ConsentEvent,
    ConsentSignature,
    ConsentTalk,
    ConsentText,
    Participant,
    QuizCall,
    QuizTry,
    SectionRead,
    SignatureRefusal,
)
from hometrial.services import consenting
from hometrial.services.agreeing import reconsenting, sealing, texts
from hometrial.services.agreeing.acts import SignatureRefusedError
from hometrial.services.agreeing.reconsenting import Due
from hometrial.services.agreeing.sealing import Keys
from hometrial.services.agreeing.texts import Offer
from hometrial.services.trial import following
from hometrial_ingest.data_types import DataType


@dataclass(frozen=True)
class Signed:
    """A signature with the words that were signed, what stands beside it, and the copies that were given.

    `faults`: where it stands no more as it was given. `has_scan`: it was signed on paper.
    """

    row: ConsentSignature
    text: ConsentText
    beside: ConsentSignature | None
    faults: tuple[str, ...]
    has_scan: bool
    copies: Sequence[ConsentCopy]


@dataclass(frozen=True)
class Read:
    """A text of which a person read something: sections with when, and tries at its questions."""

    text: ConsentText
    sections: Sequence[SectionRead]
    left: Sequence[str]
    tries: Sequence[QuizTry]
    calls: Sequence[QuizCall]


@dataclass(frozen=True)
class Switch:
    """One data type: whether it is on now, and each decision about it, the newest first."""

    data_type: str
    is_on: bool
    decisions: Sequence[ConsentEvent]


@dataclass(frozen=True)
class Consents:
    """All of a person's consent; `problem`: why nobody can say what they are asked (they are in no trial)."""

    signed: Sequence[Signed] = ()
    talks: Sequence[ConsentTalk] = ()
    reads: Sequence[Read] = ()
    refusals: Sequence[SignatureRefusal] = ()
    switches: Sequence[Switch] = ()
    due: Sequence[Due] = ()
    offers: Sequence[Offer] = ()
    problem: str | None = None


def consents(session: Session, keys: Keys, person: Participant) -> Consents:
    """Return all of a person's consent."""
    signed = _signed(session, keys, person)
    due, offers, problem = _asked(session, person)
    known = {(each.row.document, each.row.version) for each in signed}
    offers = [each for each in offers if (each.document.id, each.document.version) not in known]
    return Consents(
        signed,
        _talks(session, person),
        _reads(session, person),
        _refusals(session, person),
        _switches(session, person),
        due,
        offers,
        problem,
    )


def _talks(session: Session, person: Participant) -> Sequence[ConsentTalk]:
    return session.scalars(
        select(ConsentTalk)
        .where(ConsentTalk.participant_id == person.id)
        .order_by(ConsentTalk.held_at.desc())
    ).all()


def _refusals(session: Session, person: Participant) -> Sequence[SignatureRefusal]:
    return session.scalars(
        select(SignatureRefusal)
        .where(SignatureRefusal.participant_id == person.id)
        .order_by(SignatureRefusal.refused_at.desc())
    ).all()


def _signed(session: Session, keys: Keys, person: Participant) -> Sequence[Signed]:
    rows = session.execute(
        select(ConsentSignature, ConsentText)
        .join(ConsentText, ConsentText.id == ConsentSignature.text_id)
        .where(ConsentSignature.participant_id == person.id)
        .order_by(ConsentSignature.signed_at.desc())
    ).all()
    beside = {row.countersigns: row for row, _ in rows if row.countersigns is not None}
    copies: dict[UUID, list[ConsentCopy]] = {row.id: [] for row, _ in rows}
    for copy in session.scalars(
        select(ConsentCopy)
        .where(ConsentCopy.signature_id.in_(copies))
        .order_by(ConsentCopy.given_at)
    ):
        copies[copy.signature_id].append(copy)
    found = []
    for row, text in rows:
        if row.part != "participant":
            continue
        other = beside.get(row.id)
        given = [each for each in (row, other) if each is not None]
        faults = [fault for each in given for fault in sealing.verify(session, keys, each)]
        found.append(
            Signed(row, text, other, tuple(faults), row.kind == "handwritten", copies[row.id])
        )
    return found


def _asked(
    session: Session, person: Participant
) -> tuple[Sequence[Due], Sequence[Offer], str | None]:
    """Return what a person is asked again, what may be signed on paper, and why neither can be told."""
    try:
        protocol = following.protocol_of(session, person)
        on_drug = bool(reconsenting.on_drug(session, [person]))
        due = reconsenting.due(session, person, is_on_drug=on_drug)
    except TrialError as error:
        return (), (), str(error)
    if due:
        return due, [each.offer for each in due], None
    languages = dict.fromkeys(each.language for each in protocol.consent.documents)
    offers: list[Offer] = []
    for language in languages:
        try:
            offers.extend(texts.offered(session, person, language))
        except texts.TextRefusedError:
            continue  # nobody has brought the words of this language yet
    return (), offers, None


def offer(session: Session, person: Participant, document: str, language: str) -> Offer:
    """Return what a person is asked to sign, by its name and language. Raises SignatureRefusedError."""
    _, offers, problem = _asked(session, person)
    for each in offers:
        if (each.document.id, each.document.language) == (document, language):
            return each
    listed = ", ".join(each.named for each in offers) or problem or "nothing"
    raise SignatureRefusedError(f"{document} in {language}: {person.code} is asked {listed}")


def signature(session: Session, person: Participant, which: UUID) -> ConsentSignature:
    """Return a person's own signature by its id. Raises SignatureRefusedError."""
    found = session.get(ConsentSignature, which)
    if found is None or found.participant_id != person.id or found.part != "participant":
        raise SignatureRefusedError(f"{person.code} has no signature {which}")
    return found


def _reads(session: Session, person: Participant) -> Sequence[Read]:
    sections = session.scalars(
        select(SectionRead)
        .where(SectionRead.participant_id == person.id)
        .order_by(SectionRead.read_at)
    ).all()
    tries = session.scalars(
        select(QuizTry).where(QuizTry.participant_id == person.id).order_by(QuizTry.number)
    ).all()
    calls = session.scalars(
        select(QuizCall).where(QuizCall.participant_id == person.id).order_by(QuizCall.called_at)
    ).all()
    ids = {each.text_id for each in sections} | {each.text_id for each in tries}
    ids |= {each.text_id for each in calls}
    rows = session.scalars(
        select(ConsentText).where(ConsentText.id.in_(ids)).order_by(ConsentText.kept_at.desc())
    ).all()
    return [
        Read(
            row,
            [each for each in sections if each.text_id == row.id],
            _left(row, {each.section for each in sections if each.text_id == row.id}),
            [each for each in tries if each.text_id == row.id],
            [each for each in calls if each.text_id == row.id],
        )
        for row in rows
    ]


def _left(row: ConsentText, done: set[str]) -> Sequence[str]:
    return [each.id for each in texts.words_of(row).sections if each.id not in done]


def _switches(session: Session, person: Participant) -> Sequence[Switch]:
    now: datetime = clock.now()
    given = consenting.spells(session, person.id)
    decisions = session.scalars(
        select(ConsentEvent)
        .where(ConsentEvent.participant_id == person.id)
        .order_by(ConsentEvent.recorded_at.desc())
    ).all()
    return [
        Switch(
            each,
            given.in_force(each, now),
            [row for row in decisions if row.data_type == each],
        )
        for each in DataType
    ]
