"""The copy that a person keeps: text, signatures and checksums in a PDF. The same signatures give the same bytes."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import (
    ConsentCopy,
    ConsentSignature,
    ConsentText,
    ProtocolVersion,
    WithdrawalChoice,
)
from hometrial.protocol.consent_text import Block
from hometrial.services.agreeing import sealing, signing, texts
from hometrial.services.agreeing.acts import SignatureRefusedError
from hometrial.services.agreeing.paper import Paper, Sheet
from hometrial.services.agreeing.sealing import Keys
from hometrial.services.agreeing.texts import Offer
from hometrial.services.agreeing.wording import Words, words

_BOLD = re.compile(r"\*\*(.+?)\*\*")


@dataclass(frozen=True)
class Copy:
    """A file for a person, with the SHA-256 (hex) of its bytes."""

    name: str
    body: bytes
    sha256: str


def copy(
    session: Session, keys: Keys, signature: ConsentSignature, *, compressed: bool = True
) -> Copy:
    """Return the copy of a document that was signed, with the countersignature if there is one.

    Raises SignatureRefusedError if a signature does not stand any more as it was given.
    """
    beside = signing.countersignature(session, signature)
    signed = [each for each in (signature, beside) if each is not None]
    for each in signed:
        if found := sealing.verify(session, keys, each):
            raise SignatureRefusedError(
                f"{each.document} {each.version}: no copy of a signature that is broken: {'; '.join(found)}"
            )
    row = session.get_one(ConsentText, signature.text_id)
    offer = texts.offer_of(row, session.get_one(ProtocolVersion, signature.protocol_version_id))
    said = words(row.language)
    paper = Paper(_sheet(offer, said, signed), compressed=compressed)
    _text(paper, offer, said)
    rows = [_signature(said, offer, each, sealing.said_in(keys, each)) for each in signed]
    for title, facts in zip((said.participant, said.investigator), rows, strict=False):
        paper.heading(title)
        paper.facts(facts)
    if beside is None:
        paper.heading(said.investigator)
        paper.paragraph([(said.not_countersigned, False)])
    if paper.lacked:
        paper.paragraph([(said.signs_lacking, False)])
    body = paper.file()
    name = f"consent-{signature.signer}-{row.document}-{row.version}.{row.language}.pdf"
    return Copy(name, body, hashlib.sha256(body).hexdigest())


def give(session: Session, keys: Keys, signature: ConsentSignature, *, to: str) -> Copy:
    """Make the copy for somebody, and keep that they got these very bytes. Raises SignatureRefusedError."""
    made = copy(session, keys, signature)
    session.execute(
        insert(ConsentCopy)
        .values(
            id=uuid4(),
            signature_id=signature.id,
            sha256=made.sha256,
            given_to=to,
            given_at=clock.now(),
        )
        .on_conflict_do_nothing()
    )
    return made


def _sheet(offer: Offer, said: Words, signed: Sequence[ConsentSignature]) -> Sheet:
    last = signed[-1]
    return Sheet(
        title=offer.words.title,
        language=offer.document.language,
        made_at=last.signed_at,
        seal=last.sha256,
        foot=f"{signed[0].signer}   {offer.document.id} {offer.document.version}",
        warning=said.rehearsal if offer.version.is_test else None,
    )


def receipt(choice: WithdrawalChoice, language: str, zone: str) -> tuple[str, ...]:
    """Return what a choice of withdrawal stopped, as lines to read, with the person's own time."""
    said = words(language)
    lines = [said.choices[choice.choice]]
    for each in choice.receipt:
        detail = said.data_types.get(each.get("detail", ""), each.get("detail", ""))
        what = " ".join(filter(None, (said.stopped[each["what"]], detail)))
        since = datetime.fromisoformat(each["since"])
        lines.append(f"{what}: {said.since} {_local(since, zone)}")
    return tuple(lines)


def _text(paper: Paper, offer: Offer, said: Words) -> None:
    """Write what the document is, and all its sections."""
    about = {said.document: f"{offer.document.id}, {said.version} {offer.document.version}"}
    about[said.protocol] = f"{offer.version.protocol}, {said.version} {offer.version.version}"
    if offer.document.ethics_reference is not None:
        about[said.ethics] = offer.document.ethics_reference
    about[said.text_checksum] = offer.text.sha256
    paper.heading(offer.words.title, level=1)
    paper.facts(about)
    for section in offer.words.sections:
        paper.heading(section.heading)
        for block in section.blocks:
            _block(paper, block)


def _block(paper: Paper, block: Block) -> None:
    if block.is_list:
        for line in block.lines:
            paper.paragraph(_runs(line), is_item=True)
    else:
        paper.paragraph(_runs(" ".join(block.lines)))


def _runs(line: str) -> list[tuple[str, bool]]:
    """Return the pieces of a line, bold or not; what stands in pairs of stars is bold."""
    return [(each, number % 2 == 1) for number, each in enumerate(_BOLD.split(line)) if each]


def _signature(
    said: Words, offer: Offer, signature: ConsentSignature, stated: dict[str, Any]
) -> dict[str, str]:
    rows = {said.name: str(stated["name"])}
    if stated["assistant"]:
        rows[said.assistant[signature.role]] = f"{stated['assistant']} ({stated['relation']})"
    rows |= {
        said.signed_at: _local(signature.signed_at, signature.zone),
        said.zone: signature.zone,
        said.meaning: signature.meaning,
        said.kind_label: said.kind[signature.kind],
        said.reauthentication: signature.reauthentication,
        said.identity_check: signature.identity_check,
        said.discussed_with: signature.discussed_with,
    }
    if signature.part == "participant":
        rows |= _switches(said, offer, signature.granted)
    if "scan_sha256" in stated:
        rows[said.scan] = str(stated["scan_sha256"])
    return rows | {said.checksum: signature.sha256, said.seal: signature.seal}


def _switches(said: Words, offer: Offer, granted: Sequence[str]) -> dict[str, str]:
    """Return what was switched on with a signature, and what was not."""
    off = [each for each in offer.protocol.consent.data_types if each not in granted]
    return {
        label: ", ".join(said.data_types[each] for each in names) or said.nothing_granted
        for label, names in ((said.granted, granted), (said.not_granted, off))
    }


def _local(moment: datetime, zone: str) -> str:
    return moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S %z")
