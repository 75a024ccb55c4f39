"""Data sets and data locks: what they would hold, asked for, signed, taken away, compared, and by whom."""

from hometrial.staff.pages.exports import (
    board,
    changes,
    drafts,
    history,
    locks,
    making,
    new_locks,
    overview,
    papers,
    requests,
)
from hometrial.staff.pages.exports.blueprint import pages

__all__ = [
    "board",
    "changes",
    "drafts",
    "history",
    "locks",
    "making",
    "new_locks",
    "overview",
    "pages",
    "papers",
    "requests",
]
