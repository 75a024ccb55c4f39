"""The trial: its protocol on the way into force, recruitment, and people on their way in; a module a page."""

from hometrial.staff.pages.trial import (
    answering,
    draft_parts,
    draft_words,
    drafts,
    entering,
    fairness,
    protocols,
    recruiting,
)
from hometrial.staff.pages.trial.door import pages as pages

__all__ = [
    "answering",
    "draft_parts",
    "draft_words",
    "drafts",
    "entering",
    "fairness",
    "pages",
    "protocols",
    "recruiting",
]
