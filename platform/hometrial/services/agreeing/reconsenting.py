"""Who is asked again after a document changed: told or to sign anew, since when, and who is overdue.

A new version in force asks what its documents say: `impact` and `affects`. It withdraws nothing: what was signed
stays signed, and what it allowed goes on until a person decides otherwise.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import ConsentSignature, ConsentText, Participant, ProtocolVersion
from hometrial.protocol import consent_text
from hometrial.protocol.consent import ConsentDocument
from hometrial.protocol.dosing.standing import State
from hometrial.services.agreeing import reading, signing, standing, texts
from hometrial.services.agreeing.texts import Offer, TextRefusedError
from hometrial.services.dosing import recording
from hometrial.services.trial import arms, following, publishing

Asks = Literal["inform", "reconsent"]


@dataclass(frozen=True)
class Due:
    """A person who is to be told of a new version of a document, or to sign it.

    `news`: by section the numbers of the blocks that are new, to be marked. `sections`: those to read yet.
    """

    person: Participant
    offer: Offer
    signed: str
    asks: Asks
    since: datetime
    due_by: datetime
    news: dict[str, tuple[int, ...]]
    sections: tuple[str, ...]

    @property
    def is_overdue(self) -> bool:
        """Whether the time that the protocol allows is over; it never hinders a report of safety."""
        return clock.now() > self.due_by


def due(session: Session, person: Participant, *, is_on_drug: bool) -> tuple[Due, ...]:
    """Return what a person is asked again in the language that they signed in; nothing after they left.

    Raises NotInTrialError, and TextRefusedError for a new version whose words are not there.
    """
    if standing.withdrawn_at(session, person) is not None:
        return ()
    own = following.version_of(session, person)
    present = publishing.in_force(session, own.protocol, is_test=own.is_test)
    if present is None:
        return ()
    found = []
    for signature in _newest(signing.signatures(session, person), own.protocol):
        row = session.get_one(ConsentText, signature.text_id)
        offers = texts.offers_of(session, present, row.language)
        offer = next((each for each in offers if each.document.id == row.document), None)
        if offer is not None and (each := _asked(session, person, row, offer, is_on_drug)):
            found.append(each)
    return tuple(found)


def everyone_due(
    session: Session, protocol: str, *, on_drug: Collection[UUID], is_test: bool = False
) -> tuple[Due, ...]:
    """Return everybody of a protocol who is asked again, the longest overdue first."""
    people = signers(session, protocol, is_test=is_test)
    all_ = [
        each for person in people for each in due(session, person, is_on_drug=person.id in on_drug)
    ]
    return tuple(sorted(all_, key=lambda each: (each.due_by, each.person.code)))


def is_overdue(session: Session, person: Participant, *, is_on_drug: bool) -> bool:
    """Say whether a person has let the time to sign anew go by: nothing is dispensed to them until they do.

    Nobody is late with words that are not there to be read.
    """
    try:
        asked = due(session, person, is_on_drug=is_on_drug)
    except TextRefusedError:
        return False
    return any(each.asks == "reconsent" and each.is_overdue for each in asked)


def on_drug(session: Session, people: Iterable[Participant]) -> frozenset[UUID]:
    """Return who of these people takes the drug, or has it held, by the orders."""
    return frozenset(
        each.id
        for each in people
        if standing.consented_at(session, each) is not None
        and arms.arm_of(session, each) is not None
        and recording.open_chart(session, each).standing.state in (State.ON, State.HELD)
    )


def signers(session: Session, protocol: str, *, is_test: bool = False) -> Sequence[Participant]:
    """Return everybody who signed a document of a protocol."""
    return session.scalars(
        select(Participant)
        .join(ConsentSignature, ConsentSignature.participant_id == Participant.id)
        .join(ProtocolVersion, ProtocolVersion.id == ConsentSignature.protocol_version_id)
        .where(ProtocolVersion.protocol == protocol, ProtocolVersion.is_test == is_test)
        .distinct()
        .order_by(Participant.code)
    ).all()


def _newest(signed: Sequence[ConsentSignature], protocol: str) -> list[ConsentSignature]:
    """Return of each document of a protocol the signature under its newest version."""
    rows: dict[str, ConsentSignature] = {}
    for each in sorted(signed, key=lambda row: texts.number(row.version)):
        if each.protocol == protocol:
            rows[each.document] = each
    return list(rows.values())


def _asked(
    session: Session,
    person: Participant,
    signed: ConsentText,
    offer: Offer,
    is_on_drug: bool,  # noqa: FBT001
) -> Due | None:
    between = [
        each
        for each in offer.protocol.consent.documents
        if each.id == signed.document
        and each.language == signed.language
        and texts.number(signed.version) < texts.number(each.version)
        and texts.number(each.version) <= texts.number(offer.document.version)
    ]
    impacts = {each.impact for each in between if _concerns(each, is_on_drug=is_on_drug)}
    asks: Asks | None = (
        "reconsent" if "reconsent" in impacts else "inform" if "inform" in impacts else None
    )
    if asks is None:
        return None
    marked = consent_text.news(texts.words_of(signed), offer.words)
    left = reading.progress(session, person, offer).left
    to_read = left if asks == "reconsent" else tuple(each for each in left if each in marked)
    if asks == "inform" and not to_read:
        return None  # they have read what is new
    since = _since(session, offer)
    grace = timedelta(days=offer.protocol.consent.reconsent_within_days)
    return Due(person, offer, signed.version, asks, since, since + grace, marked, to_read)


def _concerns(document: ConsentDocument, *, is_on_drug: bool) -> bool:
    """Whether a version concerns somebody who signed an earlier one."""
    return document.affects == "all" or (document.affects == "on_drug" and is_on_drug)


def _since(session: Session, offer: Offer) -> datetime:
    """Return when the document first came into force with its words, by whatever version of the protocol."""
    versions = [
        each
        for each in publishing.versions(session, offer.version.protocol)
        if each.is_test == offer.version.is_test and each.published_at is not None
    ]
    named = [
        each.published_at
        for each in versions
        if offer.document in publishing.of(each).consent.documents and each.published_at
    ]
    return max(min(named), offer.text.kept_at)
