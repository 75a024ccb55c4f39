"""A note as it is handed to a channel, and what a channel may answer."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class Note:
    """The words of a message. `preferences`: the page where a person says how they want to be written to.

    `message_id` is the message's own, so that a mail server knows a note that it gets twice.
    """

    message_id: UUID
    subject: str
    text: str
    html: str
    language: str
    preferences: str | None


@dataclass(frozen=True)
class Sent:
    """The server took the note, and answers for it from now on."""

    code: int | None
    answer: str


@dataclass(frozen=True)
class Refused:
    """The server did not take the note. `is_final`: it would not tomorrow either, with this address."""

    code: int | None
    answer: str
    is_final: bool


@dataclass(frozen=True)
class Unclear:
    """The line broke after the words had gone and before the answer came: nobody knows."""

    answer: str


Answer = Sent | Refused | Unclear
