"""The trial: its protocol on the way into force, recruitment, and people on their way in; a module a page."""

from hometrial.staff.pages.trial import answering, entering, protocols, recruiting
from hometrial.staff.pages.trial.door import pages as pages

__all__ = ["answering", "entering", "pages", "protocols", "recruiting"]
