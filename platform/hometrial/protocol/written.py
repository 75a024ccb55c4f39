"""The words of a consent document taken apart into what a form edits, and put together again."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_HEADING = re.compile(
    r"^## +(?P<heading>.*\S) +\{#(?P<id>[A-Za-z][A-Za-z0-9_-]*)\}\s*$", re.MULTILINE
)
_TITLE = re.compile(r"\A# +(?P<title>.*\S)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Part:
    """A section: its id, its heading, and its words as they are typed."""

    id: str
    heading: str
    words: str


@dataclass(frozen=True)
class Written:
    """A whole text."""

    title: str
    parts: tuple[Part, ...]

    def part(self, section: str) -> Part | None:
        """Return a section, None if there is none."""
        return next((each for each in self.parts if each.id == section), None)


def apart(text: str) -> Written:
    """Return the sections of a text; what stands before the first is left out, as no text may have it."""
    title = _TITLE.match(text)
    found = list(_HEADING.finditer(text))
    ends = [*(each.start() for each in found[1:]), *([len(text)] if found else [])]
    return Written(
        "" if title is None else title["title"],
        tuple(
            Part(each["id"], each["heading"], text[each.end() : end].strip())
            for each, end in zip(found, ends, strict=True)
        ),
    )


def together(title: str, parts: Sequence[Part]) -> str:
    """Return the text of these sections."""
    said = [f"## {each.heading} {{#{each.id}}}\n\n{each.words.strip()}\n" for each in parts]
    return "\n".join([f"# {title}\n", *said])
