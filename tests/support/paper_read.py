"""Read a PDF back that was made without compression: its text by page, tag by tag, and what names the file."""

import re
from dataclasses import dataclass

_OBJECT = re.compile(rb"\n(\d+) 0 obj\n(.*?)\nendobj", re.DOTALL)
_MAPPED = re.compile(rb"<([0-9A-F]{4})> <([0-9A-F]+)>")
_DRAWN = re.compile(
    rb"/(?P<tag>\w+) (?:<</MCID \d+>> BDC|BMC)|/(?P<font>F\d) [\d.]+ Tf|[\d.]+ (?P<line>[\d.]+) Td (?:[\d.]+ [\d.]+ [\d.]+ rg |[\d.]+ g )?\((?P<text>(?:\\.|[^\\)])*)\) Tj",
    re.DOTALL,
)
_ESCAPED = {b"\\n": b"\n", b"\\r": b"\r", b"\\t": b"\t", b"\\b": b"\b", b"\\f": b"\f"}


@dataclass(frozen=True)
class Read:
    """A PDF as somebody reads it: (tag, words) of each page, in order."""

    pages: list[list[tuple[str, str]]]
    raw: bytes

    @property
    def text(self):
        """Everything that is read out, lines joined by one space."""
        said = [words for page in self.pages for tag, words in page if tag != "Artifact"]
        return re.sub(r"\s+", " ", " ".join(said))

    def tagged(self, tag):
        """Return what has a tag, in order."""
        return [
            re.sub(r"\s+", " ", words).strip()
            for page in self.pages
            for each, words in page
            if each == tag
        ]


def read(body):
    """Read a PDF."""
    objects = {int(number): inner for number, inner in _OBJECT.findall(b"\n" + body)}
    fonts = _fonts(objects)
    kids = re.search(rb"/Kids \[(.*?)\]", objects[1], re.DOTALL)[1]
    pages = []
    for number in re.findall(rb"(\d+) 0 R", kids):
        contents = int(re.search(rb"/Contents (\d+) 0 R", objects[int(number)])[1])
        drawn = objects[contents].partition(b"stream\n")[2].rpartition(b"\nendstream")[0]
        pages.append(_page(drawn, fonts))
    return Read(pages, body)


def _fonts(objects):
    found = {}
    for inner in objects.values():
        for name, number in re.findall(rb"/(F\d) (\d+) 0 R", inner):
            unicode_ = int(re.search(rb"/ToUnicode (\d+) 0 R", objects[int(number)])[1])
            found[name] = {
                bytes.fromhex(code.decode()): bytes.fromhex(sign.decode()).decode("utf-16-be")
                for code, sign in _MAPPED.findall(objects[unicode_])
            }
    return found


def _page(drawn, fonts):
    pieces, font, line = [], None, None
    for found in _DRAWN.finditer(drawn):
        if found["tag"]:
            pieces.append((found["tag"].decode(), ""))
        elif found["font"]:
            font = fonts[found["font"]]
        else:
            codes = re.sub(
                rb"\\(.)", lambda m: _ESCAPED.get(m[0], m[1]), found["text"], flags=re.DOTALL
            )
            said = "".join(font[codes[at : at + 2]] for at in range(0, len(codes), 2))
            tag, before = pieces[-1]
            is_new = before and found["line"] != line
            pieces[-1], line = (tag, f"{before}{' ' if is_new else ''}{said}"), found["line"]
    return pieces
