"""People: the list of them, and what is about one of them in `person`, a module a page."""

from hometrial.staff.pages import people_list
from hometrial.staff.pages.person import (
    contacts,
    days,
    doses,
    identity,
    messages,
    ordering,
    overview,
    pages,
    supply,
    tasks,
    trail,
)

PARTS = (
    people_list,
    overview,
    days,
    identity,
    messages,
    contacts,
    doses,
    ordering,
    supply,
    tasks,
    trail,
)
"""The pages about one person; each adds its routes to the blueprint of people."""
__all__ = ["PARTS", "pages"]
