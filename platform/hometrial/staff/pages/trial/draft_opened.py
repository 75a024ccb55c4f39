"""A draft with what was saved last of it, checked; and the one way in which it is saved."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from flask import abort
from sqlalchemy.orm import Session

from hometrial.declarations import DeclarationError
from hometrial.models import ProtocolDraft, ProtocolDraftRevision, ProtocolVersion
from hometrial.protocol import editing
from hometrial.services.trial import drafting, publishing, submitting
from hometrial.services.trial.drafting import Content
from hometrial.services.trial.examining import Examined
from hometrial.staff.pages.trial.draft_forms import SaveForm
from hometrial.staff.study import me, study, writing


@dataclass(frozen=True)
class Opened:
    """A draft with what was saved last, checked; `kept`: arms that have people in them, with why they stay."""

    draft: ProtocolDraft
    last: ProtocolDraftRevision
    examined: Examined
    kept: dict[str, str]
    base: ProtocolVersion | None

    @cached_property
    def is_readable(self) -> bool:
        """Whether the file is YAML with fields at its top, so that forms can change it."""
        try:
            return isinstance(editing.plain(self.last.body), dict)
        except DeclarationError:
            return False

    @cached_property
    def document(self) -> Any:
        """What the file says."""
        return editing.plain(self.last.body) if self.is_readable else {}

    @cached_property
    def documents(self) -> list[tuple[int, str]]:
        """The consent documents whose words can be written, by their number in the file."""
        found = editing.at(self.document, ("consent", "documents"))
        return [
            (number, f"{each.get('id')} {each.get('version')} in {each.get('language')}")
            for number, each in enumerate(found if isinstance(found, list) else [])
            if isinstance(each, dict)
        ]


def opened(draft_id: UUID) -> Opened:
    """Return a draft. A protocol is nobody's in particular: that an arm has people counts at every site."""
    with study().database.reading() as session:
        draft = drafting.find(session, draft_id) or abort(404)
        last = drafting.newest(session, draft)
        examined = submitting.examine(session, draft, last)
        present = _base(session, draft, examined)
        counts = {} if present is None else submitting.enrolled_by_arm(session, present)
    kept = {
        arm: f"{count} {'person is' if count == 1 else 'people are'} in it"
        for arm, count in counts.items()
        if count
    }
    return Opened(draft, last, examined, kept, present)


def _base(session: Session, draft: ProtocolDraft, examined: Examined) -> ProtocolVersion | None:
    """Return the version in force that a draft would follow."""
    if examined.protocol is not None:
        return publishing.in_force(session, examined.protocol.id, is_test=draft.is_test)
    return session.get(ProtocolVersion, draft.base_id) if draft.base_id else None


def save(
    shown: Opened, seen: int, content: Content, form: SaveForm, what: str
) -> ProtocolDraftRevision:
    """Save a draft as who sits there. Raises DraftMovedError, DraftRefusedError."""
    why = form.why or f"edited: {what.lower()}"
    with writing(why) as session:
        draft = drafting.find(session, shown.draft.id) or abort(404)
        return drafting.save(session, draft, seen, content, by=me().actor, because=why)


def revision(shown: Opened, number: int) -> ProtocolDraftRevision:
    """Return the revision that somebody began with. Raises DraftRefusedError."""
    with study().database.reading() as session:
        return drafting.revision(session, shown.draft, number)
