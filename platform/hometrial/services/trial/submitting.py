"""A draft on its way to approval: judged against what is in force, handed in, and its consent texts kept."""

from collections.abc import Mapping

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import (
    Allocation,
    AllocationScheme,
    ConsentText,
    ProtocolDraft,
    ProtocolDraftRevision,
    ProtocolDraftSubmission,
    ProtocolVersion,
)
from hometrial.protocol import difference
from hometrial.protocol.consent import ConsentDocument
from hometrial.protocol.model import Protocol
from hometrial.services.agreeing import texts as kept_texts
from hometrial.services.trial import drafting, examining, publishing
from hometrial.services.trial.drafting import DraftMovedError, DraftRefusedError
from hometrial.services.trial.examining import Examined, Found, Words


def examine(session: Session, draft: ProtocolDraft, found: ProtocolDraftRevision) -> Examined:
    """Return what is wrong with a revision, also against the version in force that it would follow."""
    examined = examining.examine(found.body, drafting.words_of(found))
    if examined.protocol is None:
        return examined
    present = publishing.in_force(session, examined.protocol.id, is_test=draft.is_test)
    said: list[Found] = []
    if present is not None:
        said += [
            Found((each.split(":", 1)[0],), each.split(": ", 1)[1])
            for each in difference.successor_faults(publishing.of(present), examined.protocol)
        ]
    said += _enrolled_arms(session, present, examined.protocol)
    said += _other_words(session, draft, examined.protocol, drafting.words_of(found))
    return Examined(examined.protocol, (*examined.faults, *said), examined.warnings)


def _enrolled_arms(
    session: Session, present: ProtocolVersion | None, protocol: Protocol
) -> list[Found]:
    """Return the arms that are gone though somebody is in them."""
    if present is None:
        return []
    there = {each.id for each in protocol.arms}
    return [
        Found(("arms",), f"{count} people are in arm {arm}, so that it cannot go; put it back")
        for arm, count in enrolled_by_arm(session, present).items()
        if arm not in there and count
    ]


def enrolled_by_arm(session: Session, version: ProtocolVersion) -> dict[str, int]:
    """Return how many people were allocated to each arm under a protocol, at whatever site."""
    rows = session.execute(
        select(Allocation.arm, func.count())
        .join(AllocationScheme, AllocationScheme.id == Allocation.scheme_id)
        .join(ProtocolVersion, ProtocolVersion.id == AllocationScheme.protocol_version_id)
        .where(
            ProtocolVersion.protocol == version.protocol,
            ProtocolVersion.is_test == version.is_test,
        )
        .group_by(Allocation.arm)
    )
    return {arm: count for arm, count in rows}  # noqa: C416 - rows are no pairs to mypy


def _other_words(
    session: Session, draft: ProtocolDraft, protocol: Protocol, words: Mapping[str, Words]
) -> list[Found]:
    """Return the documents whose version has other words already: people may have signed those."""
    found = []
    for number, document in enumerate(protocol.consent.documents):
        row = _kept(session, protocol.id, document, is_test=draft.is_test)
        written = words.get(document.text)
        if row is None or written is None or (row.body, row.quiz) == (written.text, written.quiz):
            continue
        found.append(
            Found(
                ("consent", "documents", number, "version"),
                f"{document.version} has other words already, which people may have signed; raise it",
            )
        )
    return found


def _kept(
    session: Session, protocol: str, document: ConsentDocument, *, is_test: bool
) -> ConsentText | None:
    return session.scalars(
        select(ConsentText).where(
            ConsentText.protocol == protocol,
            ConsentText.is_test == is_test,
            ConsentText.document == document.id,
            ConsentText.version == document.version,
            ConsentText.language == document.language,
        )
    ).one_or_none()


def submit(
    session: Session, draft: ProtocolDraft, seen: int, *, by: str, because: str
) -> ProtocolVersion:
    """Hand a draft in: it becomes a version that waits for somebody else's approval.

    Raises DraftRefusedError with what is wrong with it, DraftMovedError, and ProtocolRefusedError.
    """
    session.refresh(draft, with_for_update=True)
    drafting.require_open(draft)
    if not because.strip():
        raise DraftRefusedError("say why it is changed, for whoever approves it")
    last = drafting.newest(session, draft)
    if last.number != seen:
        raise DraftMovedError(last)
    examined = examine(session, draft, last)
    if not examined.is_whole:
        told = "; ".join(f"{each.path}: {each.said}" for each in examined.faults)
        raise DraftRefusedError(f"{draft.name} cannot be submitted yet: {told}")
    version = publishing.load(session, last.body, draft.name, by=by, is_test=draft.is_test)
    session.add(
        ProtocolDraftSubmission(
            version_id=version.id,
            draft_id=draft.id,
            number=last.number,
            submitted_at=clock.now(),
            submitted_by=by,
            because=because.strip(),
        )
    )
    session.flush()
    return version


def keep_words(session: Session, version: ProtocolVersion, *, by: str) -> tuple[int, list[str]]:
    """Keep the consent texts of a version in force: those of its draft, otherwise those that ship.

    Return how many were kept, and a sentence for each document that nobody can sign yet.
    """
    handed_in = session.get(ProtocolDraftSubmission, version.id)
    written: dict[str, Words] = {}
    if handed_in is not None:
        draft = session.get_one(ProtocolDraft, handed_in.draft_id)
        written = drafting.words_of(drafting.revision(session, draft, handed_in.number))
    count, missing = 0, []
    for document, row in kept_texts.kept_of(session, version):
        words = written.get(document.text)
        if row is not None or words is None:
            continue
        try:
            kept_texts.keep(session, version, document, body=words.text, quiz=words.quiz, by=by)
            count += 1
        except kept_texts.TextRefusedError as error:
            missing.append(str(error))
    if handed_in is None:
        kept, missing = kept_texts.keep_shipped(session, version, by=by)
        count = len(kept)
    return count, missing
