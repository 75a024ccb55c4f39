"""Ways to a person, all behind one small interface: a note goes to an address, and the answer is told."""

from collections.abc import Mapping
from typing import Protocol

from hometrial.models.message import CHANNELS
from hometrial.services.messaging.notes import Answer, Note
from hometrial.services.messaging.smtp import Smtp
from hometrial.services.messaging.states import MessageRefusedError
from hometrial.settings import Settings

FIELDS = {"email": "email", "sms": "phone"}
"""Which part of a person's identity is the address of a channel; a push has none there."""


class Channel(Protocol):
    """One way to people. It tells what became of a note, and raises nothing for a server's mood."""

    def send(self, address: str, note: Note) -> Answer:
        """Hand a note over for an address."""
        ...


Channels = Mapping[str, Channel]


def channels_of(settings: Settings) -> Channels:
    """Return the ways that this study has set up, by name; a gateway for SMS or push is one more here."""
    found: dict[str, Channel] = {}
    if settings.smtp_host is not None:
        found["email"] = Smtp(settings)
    return found


def require(configured: Channels, channel: str) -> None:
    """Raise MessageRefusedError if a channel does not exist, or is not set up here."""
    if channel not in CHANNELS:
        raise MessageRefusedError(f"channel {channel!r} is none; there are {', '.join(CHANNELS)}")
    if channel not in configured:
        listed = ", ".join(sorted(configured)) or "none"
        raise MessageRefusedError(
            f"channel {channel} is not set up in this study (set up: {listed}); choose another"
        )
