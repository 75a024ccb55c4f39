"""A document is signed by the person who read and understood it, and countersigned by the investigator."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import (
    ConsentSignature,
    ConsentText,
    Participant,
    ProtocolVersion,
    QuizTry,
    SignatureRefusal,
)
from hometrial.services import consenting, enrolling, withdrawing
from hometrial.services.agreeing import acts, reading, sealing, standing, texts, understanding
from hometrial.services.agreeing.acts import Act, SignatureRefusedError
from hometrial.services.agreeing.sealing import Keys
from hometrial.services.agreeing.texts import Offer
from hometrial.services.syncing import planning, pulling
from hometrial.services.trial import following, publishing, running_in, screening
from hometrial_ingest.data_types import DataType


def sign(
    session: Session, keys: Keys, person: Participant, offer: Offer, act: Act
) -> ConsentSignature:
    """Sign a document for a person, who follows its version from then on; the switches turned on hold at once.

    Raises SignatureRefusedError with everything that stands against it: no approval by a committee or no
    registration, sections not read, questions not all right, a part of the act missing, a signature there already;
    ReadingRefusedError of who has withdrawn completely, ZoneNeededError of who has no zone on record.
    """
    reading.hold(session, person)
    reading.require_present(session, person)
    zones = enrolling.zones_of(session, person)
    against = [
        *offer.missing,
        *_changed(offer),
        *_other_version(session, person, offer),
        *_signed_already(session, person, offer),
        *_not_understood(session, person, offer),
        *acts.incomplete(act),
        *acts.not_offered(offer, act),
        *acts.untimely(act, offer.text.kept_at, "these words were kept here"),
    ]
    if against:
        raise SignatureRefusedError("\n".join(f"{offer.named}: {each}" for each in against))
    is_first = standing.consented_at(session, person) is None
    signature = _row(offer, act, participant_id=person.id, signer=person.code)
    sealing.seal(
        session,
        keys,
        signature,
        {**act.told(), "quiz_try": _quiz_try(session, person, offer), "participant": person.code},
    )
    session.add(signature)
    session.flush()
    _grant(session, person, act.granted, since=signature.signed_at)
    if offer.version.id != following.version_of(session, person).id:
        following.move(session, person, offer.version)
    if is_first:
        day = pulling.today(zones, signature.signed_at)
        following.anchor(session, person, "consent", day, because=f"signed {offer.named}")
        if screening.eligible(session, person) is not None:
            running_in.begin_next_day(session, person)
    return signature


def countersign(
    session: Session, keys: Keys, signature: ConsentSignature, act: Act, *, by: str
) -> ConsentSignature:
    """Sign beside a participant's signature as the investigator, whose account is `by`.

    Raises SignatureRefusedError if it stands no more as it was given, is countersigned, or the act is incomplete.
    """
    person = session.get_one(Participant, signature.participant_id)
    reading.hold(session, person)
    offer = _offer(session, signature)
    against = [
        *acts.incomplete(act),
        *acts.untimely(act, signature.signed_at, "the participant signed"),
        *sealing.verify(session, keys, signature),
    ]
    if signature.part != "participant":
        against.append("only a participant's signature is countersigned")
    if countersignature(session, signature) is not None:
        against.append(f"the signature of {person.code} is countersigned already")
    if act.role != "self" or act.granted:
        against.append("an investigator signs for nobody else and switches nothing on")
    if not by.strip():
        against.append("by: say whose account countersigns")
    if against:
        raise SignatureRefusedError("\n".join(f"{offer.named}: {each}" for each in against))
    beside = _row(
        offer,
        act,
        participant_id=person.id,
        signer=by,
        part="investigator",
        countersigns=signature.id,
    )
    sealing.seal(session, keys, beside, {**act.told(), "countersigned_sha256": signature.sha256})
    session.add(beside)
    session.flush()
    return beside


def signatures(session: Session, person: Participant) -> Sequence[ConsentSignature]:
    """Return a person's own signatures, oldest first."""
    return session.scalars(
        select(ConsentSignature)
        .where(ConsentSignature.participant_id == person.id, ConsentSignature.part == "participant")
        .order_by(ConsentSignature.signed_at, ConsentSignature.id)
    ).all()


def countersignature(session: Session, signature: ConsentSignature) -> ConsentSignature | None:
    """Return the investigator's signature beside a participant's; None if it is not there yet."""
    return session.scalars(
        select(ConsentSignature).where(ConsentSignature.countersigns == signature.id)
    ).one_or_none()


def _row(
    offer: Offer,
    act: Act,
    *,
    participant_id: UUID,
    signer: str,
    part: str = "participant",
    countersigns: UUID | None = None,
) -> ConsentSignature:
    return ConsentSignature(
        id=uuid4(),
        participant_id=participant_id,
        text_id=offer.text.id,
        protocol=offer.text.protocol,
        document=offer.text.document,
        version=offer.text.version,
        protocol_version_id=offer.version.id,
        part=part,
        countersigns=countersigns,
        signer=signer,
        role=act.role,
        kind=act.kind,
        signed_at=act.at,
        zone=act.zone,
        meaning=act.meaning,
        reauthentication=act.reauthentication,
        identity_check=act.identity_check,
        discussed_with=act.discussed_with,
        granted=sorted(act.granted),
    )


def _offer(session: Session, signature: ConsentSignature) -> Offer:
    text = session.get_one(ConsentText, signature.text_id)
    version = session.get_one(ProtocolVersion, signature.protocol_version_id)
    return texts.offer_of(text, version)


def _changed(offer: Offer) -> list[str]:
    """Nobody signs words that are not those that were kept."""
    words = {
        "text": (offer.text.body, offer.text.sha256),
        "quiz": (offer.text.quiz, offer.text.quiz_sha256),
    }
    return [
        f"{name}: it is not what was kept; its checksum was {sha256}"
        for name, (body, sha256) in words.items()
        if texts.digest(body) != sha256
    ]


def _other_version(session: Session, person: Participant, offer: Offer) -> list[str]:
    """A person signs what their own version of the protocol asks, or the one that has superseded it."""
    own = following.version_of(session, person)
    present = publishing.in_force(session, own.protocol, is_test=own.is_test)
    if offer.version.id in {own.id, *([present.id] if present else [])}:
        return []
    return [
        f"{person.code} follows {own.protocol} {own.version}, which is another trial or version"
    ]


def _signed_already(session: Session, person: Participant, offer: Offer) -> list[str]:
    for each in signatures(session, person):
        if (each.protocol, each.document) != (offer.text.protocol, offer.document.id):
            continue
        if texts.number(each.version) >= texts.number(offer.document.version):
            return [
                f"{person.code} signed version {each.version} on {each.signed_at:%Y-%m-%d} already"
            ]
    return []


def _not_understood(session: Session, person: Participant, offer: Offer) -> list[str]:
    left = reading.progress(session, person, offer).left
    said = [f"not read yet: {', '.join(left)}"] if left else []
    if not understanding.passed(session, person, offer):
        said.append("the questions of comprehension are not all right yet")
    return said


def _quiz_try(session: Session, person: Participant, offer: Offer) -> str:
    """Return the id of the try that was all right, of these very questions."""
    found = session.scalars(
        select(QuizTry.id)
        .join(ConsentText, ConsentText.id == QuizTry.text_id)
        .where(
            QuizTry.participant_id == person.id,
            QuizTry.is_passed.is_(True),
            ConsentText.quiz_sha256 == offer.text.quiz_sha256,
        )
        .order_by(QuizTry.answered_at.desc(), QuizTry.id)
    ).first()
    return str(found)


def _grant(
    session: Session, person: Participant, chosen: Sequence[DataType], *, since: datetime
) -> None:
    """Switch data types on that are not on; nothing is switched off by signing."""
    given = consenting.spells(session, person.id)
    new = [each for each in chosen if not given.in_force(each, since)]
    if new:
        consenting.grant(session, person, new, since=since, source="signature")
        planning.begin_anew(session, withdrawing.accounts_of(session, person.id))


def refuse(session: Session, person: Participant, offer: Offer, because: str) -> SignatureRefusal:
    """Keep in the trail that somebody tried to sign and could not; what they typed is not kept."""
    row = SignatureRefusal(
        participant_id=person.id,
        document=offer.document.id,
        version=offer.document.version,
        refused_at=clock.now(),
        because=because,
    )
    session.add(row)
    session.flush()
    return row
