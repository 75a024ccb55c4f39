"""The documents that a person is asked to sign: kept byte by byte, and offered in their language."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import ConsentSignature, ConsentText, Participant, ProtocolVersion
from hometrial.protocol import comprehension, consent_text
from hometrial.protocol.comprehension import Quiz
from hometrial.protocol.consent import ConsentDocument
from hometrial.protocol.consent_text import DocumentText, UnknownConsentTextError
from hometrial.protocol.model import Protocol, missing_before_consent
from hometrial.services.trial import following, publishing


class TextRefusedError(TrialError):
    """A text or quiz that cannot be kept, or that is not there."""


@dataclass(frozen=True)
class Offer:
    """A document in force: what its protocol says of it, the row with its text, and both as they are read."""

    version: ProtocolVersion
    protocol: Protocol
    document: ConsentDocument
    text: ConsentText

    @property
    def named(self) -> str:
        """The document as it is called: id, version, language."""
        return f"{self.document.id} {self.document.version} in {self.document.language}"

    @property
    def words(self) -> DocumentText:
        """The sections of the text."""
        return words_of(self.text)

    @property
    def quiz(self) -> Quiz:
        """The questions of comprehension."""
        return _quiz(self.text.quiz, self.named)

    @property
    def missing(self) -> tuple[str, ...]:
        """What must be filled in before anybody can sign it; of a rehearsal nothing."""
        if self.version.is_test:
            return ()
        alone = self.protocol.consent.model_copy(update={"documents": (self.document,)})
        return missing_before_consent(self.protocol.model_copy(update={"consent": alone}))


def words_of(row: ConsentText) -> DocumentText:
    """Return the sections of a kept text."""
    return _words(row.body, f"{row.document} {row.version} in {row.language}")


@lru_cache(maxsize=32)
def _words(body: str, name: str) -> DocumentText:
    return consent_text.read(body, name)


@lru_cache(maxsize=32)
def _quiz(body: str, name: str) -> Quiz:
    return comprehension.read(body, name)


def digest(body: str) -> str:
    """Return the SHA-256 (hex) of a text."""
    return hashlib.sha256(body.encode()).hexdigest()


def keep(
    session: Session,
    version: ProtocolVersion,
    document: ConsentDocument,
    *,
    body: str,
    quiz: str,
    by: str,
) -> ConsentText:
    """Keep the words of a document with its quiz; the same words again are the row that is there.

    Raises TextRefusedError for words that are not what the protocol names, for blanks that nobody filled in
    (a rehearsal may have them), and for other words under a version that has some.
    """
    named = f"{document.id} {document.version} in {document.language}"
    protocol = publishing.of(version)
    if document not in protocol.consent.documents:
        raise TextRefusedError(
            f"{named}: {version.protocol} {version.version} has no such document"
        )
    faults = [
        *consent_text.faults(protocol.consent, document, _words(body, document.text)),
        *comprehension.faults(_quiz(quiz, document.text), protocol.consent.quiz, document),
    ]
    if not version.is_test and (blank := consent_text.blanks(body)):
        faults.append(f"{named}: still to be filled in: {'; '.join(blank)}")
    if faults:
        raise TextRefusedError("\n".join(faults))
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext('hometrial.consent_text'))"))
    present = _kept(session, version, document)
    row = present or ConsentText(
        protocol=version.protocol,
        is_test=version.is_test,
        document=document.id,
        version=document.version,
        language=document.language,
        body=body,
        sha256=digest(body),
        quiz=quiz,
        quiz_sha256=digest(quiz),
        kept_at=clock.now(),
        kept_by=by,
    )
    if (row.body, row.quiz) != (body, quiz):
        raise TextRefusedError(f"{named} has other words already; raise the document's version")
    session.add(row)
    session.flush()
    return row


def keep_shipped(
    session: Session, version: ProtocolVersion, *, by: str
) -> tuple[list[ConsentText], list[str]]:
    """Keep the words that come with the product of every document that has none yet.

    Return what was kept, and a sentence for each document whose words somebody has to give.
    """
    kept, missing = [], []
    for document in publishing.of(version).consent.documents:
        if _kept(session, version, document) is not None:
            continue
        try:
            body, quiz = consent_text.shipped(document)
            kept.append(keep(session, version, document, body=body, quiz=quiz, by=by))
        except (TextRefusedError, UnknownConsentTextError) as error:
            missing.append(str(error))
    return kept, missing


def kept_of(
    session: Session, version: ProtocolVersion
) -> list[tuple[ConsentDocument, ConsentText | None]]:
    """Return every document that a version names, with its words if they are there."""
    return [
        (each, _kept(session, version, each)) for each in publishing.of(version).consent.documents
    ]


def _kept(
    session: Session, version: ProtocolVersion, document: ConsentDocument
) -> ConsentText | None:
    return session.scalars(
        select(ConsentText).where(
            ConsentText.protocol == version.protocol,
            ConsentText.is_test == version.is_test,
            ConsentText.document == document.id,
            ConsentText.version == document.version,
            ConsentText.language == document.language,
        )
    ).one_or_none()


def offered(session: Session, person: Participant, language: str) -> tuple[Offer, ...]:
    """Return the documents in force of the version that a person follows, in a language.

    Raises NotInTrialError, and TextRefusedError for a language or words that are not there.
    """
    return offers_of(session, following.version_of(session, person), language)


def offers_of(session: Session, version: ProtocolVersion, language: str) -> tuple[Offer, ...]:
    """Return the documents in force of a version in a language, each the newest that may be signed.

    Raises TextRefusedError for a language or words that are not there.
    """
    protocol = publishing.of(version)
    found = [each for each in protocol.consent.documents if each.language == language]
    if not found:
        languages = dict.fromkeys(each.language for each in protocol.consent.documents)
        raise TextRefusedError(
            f"{version.protocol} {version.version} has no document in {language}; it has {', '.join(languages)}"
        )
    offers = []
    for name in dict.fromkeys(each.id for each in found):
        document = newest([each for each in found if each.id == name], is_test=version.is_test)
        row = _kept(session, version, document)
        if row is None:
            raise TextRefusedError(
                f"{name} {document.version} in {language}: its words were not taken in yet; "
                "the protocol's version needs them before anybody reads it"
            )
        offers.append(Offer(version, protocol, document, row))
    return tuple(offers)


def newest(versions: Sequence[ConsentDocument], *, is_test: bool) -> ConsentDocument:
    """Return the newest version that a committee approved; of a rehearsal, or if there is none, the newest."""
    approved = [each for each in versions if each.ethics_reference is not None or is_test]
    return max(approved or versions, key=lambda each: number(each.version))


def number(version: str) -> tuple[int, ...]:
    """Return a version so that a later one is greater."""
    return tuple(int(part) for part in version.split("."))


def offer_of(row: ConsentText, version: ProtocolVersion) -> Offer:
    """Return a kept text as the document that a version of the protocol names. Raises TextRefusedError."""
    protocol = publishing.of(version)
    for each in protocol.consent.documents:
        if (each.id, each.version, each.language) == (row.document, row.version, row.language):
            return Offer(version, protocol, each, row)
    raise TextRefusedError(
        f"{row.document} {row.version} in {row.language}: {version.protocol} {version.version} has no such document"
    )


def row_of(session: Session, signature: ConsentSignature) -> ConsentText:
    """Return the words that were signed."""
    return session.get_one(ConsentText, signature.text_id)
