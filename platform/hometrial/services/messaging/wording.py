"""The words of messages in each language, and how a note is made of them; nothing else decides what is written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from html import escape
from importlib import resources
from math import ceil
from uuid import UUID

from babel.dates import format_date, format_datetime

from hometrial.declarations import Declaration, Language, Several, read
from hometrial.services.messaging.notes import Note
from hometrial.services.messaging.states import MessageRefusedError

_WORDS = resources.files("hometrial.services.messaging") / "words"
LANGUAGES = ("en", "de")
_TO_STAFF = ("alert", "overdue")


class Wording(Declaration):
    """The words of one kind of note; `{names}` are filled in."""

    subject: str
    lines: Several[str]


class Words(Declaration):
    """All words of one language."""

    language: Language
    hello: str
    page: str
    sign_in: str
    preferences: str
    about_a_minute: str
    about_minutes: str
    moment: str
    day: str
    meetings: dict[str, str]
    notes: dict[str, Wording]


@dataclass(frozen=True)
class Said:
    """What a note says: of which kind, with what filled in."""

    wording: str
    values: Mapping[str, str] = field(default_factory=dict)


@cache
def words(language: str) -> Words:
    """Return the words of a language. Raises MessageRefusedError that lists those there are."""
    if language not in LANGUAGES:
        raise MessageRefusedError(
            f"language {language!r}: messages are written in {', '.join(LANGUAGES)}"
        )
    name = f"{language}.yaml"
    return read((_WORDS / name).read_text(encoding="utf-8"), name, Words)


def minutes(language: str, count: float) -> str:
    """Say about how many minutes something takes, never less than one."""
    found, whole = words(language), max(1, ceil(count))
    if whole == 1:
        return found.about_a_minute
    return found.about_minutes.format(minutes=whole)


def moment(language: str, shown: datetime) -> str:
    """Say what a person's clock and calendar show."""
    return format_datetime(shown, words(language).moment, locale=language)


def day(language: str, shown: date) -> str:
    """Say a day."""
    return format_date(shown, words(language).day, locale=language)


def note(message_id: UUID, language: str, said: Said, public_url: str) -> Note:
    """Return a note as it is handed to a channel."""
    found = words(language)
    wording = found.notes[said.wording]
    values = dict(said.values)
    lines = [each.format_map(values) for each in wording.lines]
    preferences = None if said.wording in _TO_STAFF else f"{public_url}/reminders"
    blocks: list[tuple[str, str | None]] = [(found.hello, None), *((line, None) for line in lines)]
    if preferences is not None:
        blocks += [(found.page, public_url), (found.sign_in, None)]
        blocks.append((found.preferences, preferences))
    return Note(
        message_id,
        wording.subject.format_map(values),
        "\n\n".join(text if link is None else f"{text}\n{link}" for text, link in blocks) + "\n",
        _html(language, blocks),
        language,
        preferences,
    )


def _html(language: str, blocks: list[tuple[str, str | None]]) -> str:
    """Return the same words as plain paragraphs: no picture, no style, nothing that is fetched."""
    paragraphs = "\n".join(
        f"<p>{escape(text)}{'' if link is None else _anchor(link)}</p>" for text, link in blocks
    )
    return (
        f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8"></head>'
        f"<body>\n{paragraphs}\n</body></html>\n"
    )


def _anchor(link: str) -> str:
    return f'<br><a href="{escape(link)}">{escape(link)}</a>'
