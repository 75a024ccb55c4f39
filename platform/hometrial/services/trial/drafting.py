"""A protocol while it is written: begun as a version, a shipped one, a file or empty; saved, set aside.

Each save is a revision of its own; whoever saves says which revision they began with, so that nobody's work is
lost unseen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import (
    ProtocolDraft,
    ProtocolDraftRevision,
    ProtocolDraftSubmission,
    ProtocolVersion,
)
from hometrial.protocol import consent_text, loading
from hometrial.protocol.consent_text import UnknownConsentTextError
from hometrial.protocol.model import Protocol
from hometrial.services.agreeing import texts as kept_texts
from hometrial.services.trial import examining, publishing
from hometrial.services.trial.examining import Words

EMPTY = "schema: protocol/1\nid: new-trial\nversion: 1.0.0\n"
LONGEST = 400_000
"""Characters of a draft's file at most."""


class DraftRefusedError(TrialError):
    """A draft that cannot take this step now."""


@dataclass(frozen=True)
class Content:
    """What is written of a draft: the protocol's file, and the words of its consent documents by their place."""

    body: str
    words: Mapping[str, Words]


class DraftMovedError(DraftRefusedError):
    """A draft that somebody else saved meanwhile; `newest` is what they saved."""

    def __init__(self, newest: ProtocolDraftRevision) -> None:
        super().__init__(
            f"{newest.saved_by} saved revision {newest.number} at {newest.saved_at:%H:%M} UTC meanwhile"
            f" ({newest.because}); open the newest and make your change there"
        )
        self.newest = newest


def from_version(
    session: Session, version: ProtocolVersion, name: str, *, by: str
) -> ProtocolDraft:
    """Begin a draft as a version is, with the words of its consent documents as they are kept or ship."""
    words: dict[str, Words] = {}
    for document, row in kept_texts.kept_of(session, version):
        if row is not None:
            words[document.text] = Words(row.body, row.quiz)
    found = {**_shipped_words(publishing.of(version)), **words}
    draft = _new(
        name, f"version {version.version} of {version.protocol}", by, is_test=version.is_test
    )
    draft.base_id = version.id
    return _begun(session, draft, version.body, found)


def from_shipped(
    session: Session, protocol: str, name: str, *, by: str, is_test: bool
) -> ProtocolDraft:
    """Begin a draft as a protocol of the product. Raises UnknownProtocolError."""
    body = loading.shipped_text(protocol)
    words = _shipped_words(publishing.read(body, f"{protocol}.yaml"))
    draft = _new(name, f"{protocol} as it ships", by, is_test=is_test)
    return _begun(session, draft, body, words)


def from_file(session: Session, body: str, name: str, *, by: str, is_test: bool) -> ProtocolDraft:
    """Begin a draft as a file is, whatever faults it has; one that is none is empty."""
    if len(body) > LONGEST:
        raise DraftRefusedError(f"{name}: {len(body)} characters; a protocol has at most {LONGEST}")
    protocol = examining.examine(body, {}).protocol
    words = {} if protocol is None else _shipped_words(protocol)
    draft = _new(name, "a file" if body != EMPTY else "nothing", by, is_test=is_test)
    return _begun(session, draft, body, words)


def _shipped_words(protocol: Protocol) -> dict[str, Words]:
    found = {}
    for document in protocol.consent.documents:
        try:
            found[document.text] = Words(*consent_text.shipped(document))
        except UnknownConsentTextError:
            continue  # its words are written in the draft
    return found


def _new(name: str, origin: str, by: str, *, is_test: bool) -> ProtocolDraft:
    if not name.strip():
        raise DraftRefusedError("name: say what the draft is for, such as 'third arm'")
    return ProtocolDraft(
        name=name.strip(), origin=origin, is_test=is_test, started_at=clock.now(), started_by=by
    )


def _begun(
    session: Session, draft: ProtocolDraft, body: str, words: Mapping[str, Words]
) -> ProtocolDraft:
    session.add(draft)
    session.flush()
    content, because = Content(body, words), f"begun as {draft.origin}"
    session.add(_revision(draft, 1, content, by=draft.started_by, because=because))
    session.flush()
    return draft


def _revision(
    draft: ProtocolDraft, number: int, content: Content, *, by: str, because: str
) -> ProtocolDraftRevision:
    return ProtocolDraftRevision(
        draft_id=draft.id,
        number=number,
        body=content.body,
        texts={
            name: {"text": each.text, "quiz": each.quiz} for name, each in content.words.items()
        },
        saved_at=clock.now(),
        saved_by=by,
        because=because,
    )


def words_of(revision: ProtocolDraftRevision) -> dict[str, Words]:
    """Return the words of the consent documents of a revision, by the name of the text."""
    return {name: Words(each["text"], each["quiz"]) for name, each in revision.texts.items()}


def content_of(revision: ProtocolDraftRevision) -> Content:
    """Return what a revision holds."""
    return Content(revision.body, words_of(revision))


def newest(session: Session, draft: ProtocolDraft) -> ProtocolDraftRevision:
    """Return what was saved last."""
    return session.scalars(
        select(ProtocolDraftRevision)
        .where(ProtocolDraftRevision.draft_id == draft.id)
        .order_by(ProtocolDraftRevision.number.desc())
        .limit(1)
    ).one()


def revision(session: Session, draft: ProtocolDraft, number: int) -> ProtocolDraftRevision:
    """Return a revision by its number. Raises DraftRefusedError."""
    found = session.scalars(
        select(ProtocolDraftRevision).where(
            ProtocolDraftRevision.draft_id == draft.id, ProtocolDraftRevision.number == number
        )
    ).one_or_none()
    if found is None:
        raise DraftRefusedError(f"{draft.name} has no revision {number}")
    return found


def save(
    session: Session,
    draft: ProtocolDraft,
    seen: int,
    content: Content,
    *,
    by: str,
    because: str,
) -> ProtocolDraftRevision:
    """Keep a draft as it is now; what did not change makes no revision. `seen`: the revision that it began with.

    It may have faults. Raises DraftMovedError if another was saved since, DraftRefusedError if it was set aside.
    """
    session.refresh(draft, with_for_update=True)
    require_open(draft)
    if len(content.body) > LONGEST:
        raise DraftRefusedError(f"{len(content.body)} characters; a protocol has at most {LONGEST}")
    last = newest(session, draft)
    if last.number != seen:
        raise DraftMovedError(last)
    if content == content_of(last):
        return last
    saved = _revision(draft, seen + 1, content, by=by, because=because.strip() or "saved")
    session.add(saved)
    session.flush()
    return saved


def require_open(draft: ProtocolDraft) -> None:
    """Raise DraftRefusedError of a draft that was set aside."""
    if draft.ended_at is not None:
        raise DraftRefusedError(
            f"{draft.name} was set aside by {draft.ended_by} ({draft.ended_because}); begin another"
        )


def set_aside(session: Session, draft: ProtocolDraft, *, by: str, because: str) -> None:
    """End a draft; its revisions and what was submitted stay. Raises DraftRefusedError."""
    session.refresh(draft, with_for_update=True)
    require_open(draft)
    if not because.strip():
        raise DraftRefusedError("say why it is set aside")
    draft.ended_at, draft.ended_by, draft.ended_because = clock.now(), by, because.strip()
    session.flush()


def find(session: Session, draft_id: UUID) -> ProtocolDraft | None:
    """Return a draft, None if there is none."""
    return session.get(ProtocolDraft, draft_id)


def drafts(session: Session) -> Sequence[ProtocolDraft]:
    """Return the drafts that are not set aside, the newest first."""
    return session.scalars(
        select(ProtocolDraft)
        .where(ProtocolDraft.ended_at.is_(None))
        .order_by(ProtocolDraft.started_at.desc(), ProtocolDraft.id)
    ).all()


def revisions(session: Session, draft: ProtocolDraft) -> Sequence[ProtocolDraftRevision]:
    """Return what was ever saved of a draft, the newest first."""
    return session.scalars(
        select(ProtocolDraftRevision)
        .where(ProtocolDraftRevision.draft_id == draft.id)
        .order_by(ProtocolDraftRevision.number.desc())
    ).all()


def submissions(session: Session, draft: ProtocolDraft) -> Sequence[ProtocolDraftSubmission]:
    """Return what was handed in of a draft, the newest first."""
    return session.scalars(
        select(ProtocolDraftSubmission)
        .where(ProtocolDraftSubmission.draft_id == draft.id)
        .order_by(ProtocolDraftSubmission.submitted_at.desc())
    ).all()
