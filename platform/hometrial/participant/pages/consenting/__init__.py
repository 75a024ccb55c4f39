"""From the first card of a consent document to a signature on it, and everything about it afterwards."""

from hometrial.participant.pages.consenting import (
    answering,
    deciding,
    keeping,
    reading,
    sharing,
)
from hometrial.participant.pages.consenting.asked import pages

__all__ = ["answering", "deciding", "keeping", "pages", "reading", "sharing"]
