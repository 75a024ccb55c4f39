"""Consent on paper, entered by the staff: what was read, answered and signed by hand, with the scan beside it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from sqlalchemy.orm import Session

from hometrial.models import ConsentSignature, Participant
from hometrial.services.agreeing import acts, reading, scanning, sealing, signing, understanding
from hometrial.services.agreeing.acts import Act, SignatureRefusedError
from hometrial.services.agreeing.sealing import Keys
from hometrial.services.agreeing.texts import Offer

BY_HAND = "signed by hand on paper"


@dataclass(frozen=True)
class Sheets:
    """The paper that came back: when it was signed, the scan's bytes, and the answers to the questions.

    `answered`: on the paper itself, or read out by telephone.
    """

    signed_at: datetime
    scan: bytes
    answers: Mapping[str, str]
    answered: Literal["paper", "call"]


def record(
    session: Session, keys: Keys, person: Participant, offer: Offer, act: Act, sheets: Sheets
) -> ConsentSignature:
    """Record a consent on paper as it was given. Its text counts as read, its answers are judged as any others.

    Raises what signing raises, ScanRefusedError, and QuizRefusedError or AnswersRefusedError for the answers;
    wrong ones refuse the signature.
    """
    scan = scanning.keep(session, keys.identity, person.id, sheets.scan)
    for section in reading.progress(session, person, offer).left:
        reading.read(session, person, offer, section)
    tries = understanding.tries(session, person, offer)
    if not tries.is_passed:
        tries = understanding.answer(session, person, offer, sheets.answers)
    paper = acts.OnPaper(sheets.signed_at, scan, sheets.answered)
    by_hand = replace(act, reauthentication=BY_HAND, paper=paper)
    return signing.sign(session, keys, person, offer, by_hand)


def countersign(
    session: Session,
    keys: Keys,
    signature: ConsentSignature,
    act: Act,
    *,
    signed_at: datetime,
    by: str,
) -> ConsentSignature:
    """Record that an investigator signed by hand beside a participant on the same paper.

    Raises SignatureRefusedError of a signature that was not given on paper.
    """
    said = sealing.said_in(keys, signature)
    if "scan_sha256" not in said:
        raise SignatureRefusedError(
            f"{signature.document} {signature.version}: {signature.signer} signed on a screen; "
            "countersign it there, not by hand"
        )
    scan = scanning.Scan(said["scan_sha256"], said["scan_payload"])
    paper = acts.OnPaper(signed_at, scan)
    return signing.countersign(
        session, keys, signature, replace(act, reauthentication=BY_HAND, paper=paper), by=by
    )
