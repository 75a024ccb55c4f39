"""A protocol that may be incomplete, checked as `trial check` does: each fault with its place, beside which it is shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from hometrial.declarations import DeclarationError, Place
from hometrial.protocol import checking, comprehension, consent_text, editing
from hometrial.protocol.consent import ConsentDocument
from hometrial.protocol.model import Protocol, missing_before_consent
from hometrial.services.trial import publishing


@dataclass(frozen=True)
class Found:
    """One fault or warning: where it stands in the file, and a sentence with the way out."""

    place: Place
    said: str

    @property
    def path(self) -> str:
        """The place as forms name their fields: `arms.0.label`."""
        return ".".join(map(str, self.place))


@dataclass(frozen=True, order=True)
class Words:
    """The text of a consent document and the questions that go with it."""

    text: str
    quiz: str


@dataclass(frozen=True)
class Examined:
    """What a draft comes to: `protocol` is None while it cannot even be read as one."""

    protocol: Protocol | None
    faults: tuple[Found, ...]
    warnings: tuple[Found, ...]

    @property
    def is_whole(self) -> bool:
        """Whether it may be submitted."""
        return self.protocol is not None and not self.faults

    def at(self, path: str) -> list[str]:
        """Return what is wrong at a place itself."""
        return [each.said for each in self.faults if each.path == path]

    def under(self, path: str) -> list[Found]:
        """Return what is wrong at a place or below it."""
        return [e for e in self.faults if e.path == path or e.path.startswith(f"{path}.")]


def examine(body: str, texts: Mapping[str, Words]) -> Examined:
    """Return what is wrong with a protocol's file and its consent texts, and what is only missing yet."""
    return _examined(body, tuple(sorted(texts.items())))


@lru_cache(maxsize=32)
def _examined(body: str, written: tuple[tuple[str, Words], ...]) -> Examined:
    """Examine once: a page and the sums beside it ask for the same."""
    texts = dict(written)
    protocol, faults = _read(body)
    if protocol is None:
        return Examined(None, faults, ())
    of_words = [each for pair in _documents(protocol, texts) for each in pair]
    warnings = [Found(_place_of(said), said) for said in missing_before_consent(protocol)]
    return Examined(
        protocol,
        (*faults, *(each for each, is_fault in of_words if is_fault)),
        (*warnings, *(each for each, is_fault in of_words if not is_fault)),
    )


@lru_cache(maxsize=64)
def _read(body: str) -> tuple[Protocol | None, tuple[Found, ...]]:
    try:
        document = editing.plain(body)
    except DeclarationError as error:
        return None, tuple(Found((), said) for said in error.faults)
    try:
        protocol = Protocol.model_validate(document)
    except ValidationError as error:
        return None, tuple(
            Found(
                _within(document, each["loc"]),
                str(each["msg"]).removeprefix("Value error, "),
            )
            for each in error.errors()
        )
    return protocol, tuple(
        Found(each.place, each.said) for each in checking.faults(protocol, publishing.known())
    )


def _within(document: Any, loc: Place) -> Place:
    """Return a place as the file has it: pydantic puts names of its own between, such as those of unions."""
    node, place = document, []
    for number, step in enumerate(loc, 1):
        there = isinstance(node, dict) and step in node
        there = there or (isinstance(node, list) and isinstance(step, int) and step < len(node))
        if there:
            node = node[step]
            place.append(step)
        elif number == len(loc) and isinstance(node, dict):
            place.append(step)  # a field that is not there
    return tuple(place)


def _place_of(said: str) -> Place:
    """Return the section that a sentence of what is missing begins with."""
    return (said.split(":", 1)[0].split("[", 1)[0].split(".", 1)[0],)


Judged = tuple[Found, bool]


def _documents(protocol: Protocol, texts: Mapping[str, Words]) -> list[list[Judged]]:
    return [
        _of_document(protocol, number, document, texts.get(document.text))
        for number, document in enumerate(protocol.consent.documents)
    ]


def _of_document(
    protocol: Protocol, number: int, document: ConsentDocument, words: Words | None
) -> list[Judged]:
    """Return what is wrong with the words of a document; blanks of the sponsor are only missing yet."""
    place: Place = ("consent", "documents", number, "text")
    if words is None:
        said = f"{document.text}: its words are not written yet; nobody can sign before"
        return [(Found(place, said), False)]
    found: list[Judged] = []
    try:
        text = consent_text.read(words.text, document.text)
        found += [
            (Found(place, said), True)
            for said in consent_text.faults(protocol.consent, document, text)
        ]
    except DeclarationError as error:
        found += [(Found(place, said), True) for said in error.faults]
    try:
        quiz = comprehension.read(words.quiz, document.text)
        found += [
            (Found(place, said), True)
            for said in comprehension.faults(quiz, protocol.consent.quiz, document)
        ]
    except DeclarationError as error:
        found += [(Found(place, said), True) for said in error.faults]
    if blank := consent_text.blanks(words.text):
        said = f"{document.id} {document.version} in {document.language}: still to be filled in: {'; '.join(blank)}"
        found.append((Found(place, said), False))
    return found
