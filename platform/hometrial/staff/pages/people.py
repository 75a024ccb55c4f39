"""People: the list of them, and what is about one of them in `person`, a module a page."""

from hometrial.staff.pages import people_list
from hometrial.staff.pages.person import every, pages

PARTS = (people_list, *every.PARTS)
"""The list, and the pages about one person; each adds its routes to the blueprint of people."""
__all__ = ["PARTS", "pages"]
