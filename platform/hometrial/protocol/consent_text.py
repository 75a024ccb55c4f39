"""The words of a consent document: sections by id, read in chunks, and whether they are what the protocol names.

A text is Markdown of the plainest kind: a title, `## Heading {#section}`, paragraphs, lists with a hyphen. What
stands in [[double brackets]] is a blank for the sponsor; nobody signs a text that has one.
"""

import re
from dataclasses import dataclass
from importlib import resources

from hometrial.declarations import DeclarationError
from hometrial.errors import TrialError
from hometrial.protocol.consent import ELEMENTS, Consent, ConsentDocument

MOST_WORDS = 120
"""Key information fits on one screen: protocol-and-instruments.md 4.8."""

_SHIPPED = resources.files("hometrial.protocol") / "protocols" / "consent"
_FOLDER = "consent/"
_HEADING = re.compile(r"## +(?P<heading>.*\S) +\{#(?P<id>[A-Za-z][A-Za-z0-9_-]*)\}")
_BLANK = re.compile(r"\[\[(.+?)\]\]")


class UnknownConsentTextError(TrialError):
    """A text that does not come with this product."""


@dataclass(frozen=True)
class Block:
    """A paragraph, or the items of a list."""

    lines: tuple[str, ...]
    is_list: bool

    def __str__(self) -> str:
        """The block as it is read, one line an item."""
        return "\n".join(self.lines)


@dataclass(frozen=True)
class TextSection:
    """A part of a text that is read on its own."""

    id: str
    heading: str
    blocks: tuple[Block, ...]

    @property
    def words(self) -> int:
        """How many words are read in it, its heading included."""
        return sum(len(said.split()) for said in (self.heading, *map(str, self.blocks)))


@dataclass(frozen=True)
class DocumentText:
    """A whole text."""

    title: str
    sections: tuple[TextSection, ...]

    def section(self, section: str) -> TextSection:
        """Return a section by its id; raises KeyError if there is none."""
        return {each.id: each for each in self.sections}[section]


def read(text: str, name: str) -> DocumentText:
    """Return the sections of a text; `name` is the file's, for the faults.

    Raises DeclarationError with every fault: no title, words outside a section, a section twice.
    """
    lines = text.splitlines()
    title = lines[0].removeprefix("# ").strip() if lines and lines[0].startswith("# ") else ""
    found = [] if title else [f"{name}, line 1: a text begins with its title: `# Title`"]
    sections: list[tuple[str, str, list[str]]] = []
    for number, line in enumerate(lines[1:] if title else lines, 2 if title else 1):
        if line.startswith("#"):
            heading = _HEADING.fullmatch(line.rstrip())
            if heading is None:
                found.append(
                    f"{name}, line {number}: write `## Heading {{#section}}` (it says {line})"
                )
                continue
            sections.append((heading["id"], heading["heading"], []))
        elif sections:
            sections[-1][2].append(line)
        elif line.strip() and title:
            found.append(f"{name}, line {number}: these words stand in no section (it says {line})")
    ids = [each[0] for each in sections]
    found += [
        f"{name}: section {each} stands there twice; join the two"
        for each in dict.fromkeys(ids)
        if ids.count(each) > 1
    ]
    if found:
        raise DeclarationError(found)
    return DocumentText(title, tuple(TextSection(i, h, _blocks(said)) for i, h, said in sections))


def _blocks(lines: list[str]) -> tuple[Block, ...]:
    """Join what belongs together: paragraphs are parted by empty lines, items begin with a hyphen."""
    made: list[Block] = []
    for chunk in re.split(r"\n\s*\n", "\n".join(lines).strip()):
        items: list[str] = []
        for line in chunk.splitlines():
            said = line.strip()
            if said.startswith("- ") or not items:
                items.append(said.removeprefix("- "))
            else:
                items[-1] += f" {said}"
        if items:
            made.append(Block(tuple(items), is_list=chunk.lstrip().startswith("- ")))
    return tuple(made)


def faults(consent: Consent, document: ConsentDocument, text: DocumentText) -> tuple[str, ...]:
    """Return where a text is not what its protocol names, one sentence each; nothing if it is."""
    named = f"{document.id} {document.version} in {document.language}"
    written = {each.id: each for each in text.sections}
    wanted = [each.id for each in document.sections]
    said = [
        f"{named}: the text has no section {each}; write it"
        for each in wanted
        if each not in written
    ]
    said += [
        f"{named}: the protocol names no section {each}; add it there, or take it out of the text"
        for each in written
        if each not in wanted
    ]
    if not said and list(written) != wanted:
        said.append(f"{named}: the sections stand in another order than in the protocol")
    empty = [each for each in wanted if each in written and not written[each].blocks]
    said += [f"{named}: section {each} says nothing" for each in empty]
    told = {
        element
        for section in document.sections
        if section.id in written and section.id not in empty
        for element in section.elements
    }
    said += [
        f"{named}: nothing tells {each} ({ELEMENTS[each]})"
        for each in consent.elements
        if each not in told
    ]
    return (*said, *_too_long(named, document, written))


def _too_long(
    named: str, document: ConsentDocument, written: dict[str, TextSection]
) -> tuple[str, ...]:
    return tuple(
        f"{named}: section {each.id} is key information and has {written[each.id].words} words; "
        f"at most {MOST_WORDS}"
        for each in document.sections
        if each.key_information and each.id in written and written[each.id].words > MOST_WORDS
    )


def blanks(text: str) -> tuple[str, ...]:
    """Return what the sponsor has yet to fill in, each once, in order."""
    return tuple(dict.fromkeys(_BLANK.findall(text)))


def news(old: DocumentText, new: DocumentText) -> dict[str, tuple[int, ...]]:
    """Return by section which of its blocks are new or reworded; sections without any are left out.

    They are marked in a revised text (ICH E6(R3) 2.8.2).
    """
    before = {each.id: set(each.blocks) for each in old.sections}
    marked = {
        section.id: tuple(
            number
            for number, block in enumerate(section.blocks)
            if block not in before.get(section.id, set())
        )
        for section in new.sections
    }
    return {section: numbers for section, numbers in marked.items() if numbers}


def shipped(document: ConsentDocument) -> tuple[str, str]:
    """Return text and quiz of a document that come with the product; raises UnknownConsentTextError."""
    name = document.text.removeprefix(_FOLDER)
    quiz = name.removesuffix(".md") + ".quiz.yaml"
    there = {each.name for each in _SHIPPED.iterdir()}
    if document.text != f"{_FOLDER}{name}" or not {name, quiz} <= there:
        listed = ", ".join(sorted(f"{_FOLDER}{each}" for each in there if each.endswith(".md")))
        raise UnknownConsentTextError(
            f"text: {document.text} does not come with this, or has no quiz beside it; there are {listed}"
        )
    words, questions = ((_SHIPPED / each).read_text(encoding="utf-8") for each in (name, quiz))
    return words, questions
