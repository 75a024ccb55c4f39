"""A page of Great Expectations without its scripts, fonts, pictures and addresses elsewhere.

What is kept is listed, not what is dropped: an element or attribute that is not named here does not
pass. The page is served with `default-src 'none'; style-src 'unsafe-inline'`.
"""

import re
from html import escape
from html.parser import HTMLParser

_KEPT = frozenset(
    (
        "a",
        "br",
        "div",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "li",
        "ol",
        "p",
        "span",
        "strong",
        "table",
        "tbody",
        "td",
        "th",
        "thead",
        "tr",
        "ul",
    )
)
_DROPPED_WHOLE = frozenset(
    ("button", "footer", "head", "label", "nav", "script", "style", "svg", "title")
)
_KEPT_ATTRIBUTES = ("id", "class", "hidden")
# The side bar steers by script; the collapsed block tells of the run and differs at every one.
_DROPPED_CLASSES = frozenset(("col-lg-2", "collapse"))
_MARKS = {
    "fa-check-circle": "✓ holds",
    "fa-times": "✗ fails",
    "fa-exclamation-triangle": "! not asked",
}

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1b1b; --paper: #ffffff; --line: #c9c9c9; --bad: #9b1c1c; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e6e6; --paper: #161616; --line: #4a4a4a; --bad: #ff9d9d; }
}
body { font: 1rem/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 70rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.4rem; } h4, h5, h6 { font-size: 1.05rem; margin: 1.2rem 0 0.3rem; }
.table-responsive { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin: 0.4rem 0; }
th, td { text-align: left; vertical-align: top; padding: 0.3rem 0.5rem; border-bottom: 1px solid var(--line); }
table table { font-size: 0.9rem; } .text-danger { color: var(--bad); }
@media (max-width: 40rem) {
  thead { display: none; } table, tbody, tr, td { display: block; width: auto; }
  td { border-bottom: 0; padding: 0.15rem 0; } tr { border-bottom: 1px solid var(--line); padding: 0.4rem 0; }
}
"""


def self_contained(html: str, title: str) -> str:
    """Return the body of the page, cleaned, under a head of our own."""
    return under_head(cleaned(html), title)


def cleaned(html: str) -> str:
    """Return what stays of the body of the page."""
    cleaner = _Cleaner()
    cleaner.feed(html)
    cleaner.close()
    return re.sub(r"\s*\n\s*", "\n", "".join(cleaner.parts)).strip()


def under_head(body: str, title: str) -> str:
    """Return a page of a cleaned body under a head of our own."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<h1>{escape(title)}</h1>\n{body}\n</body>\n</html>\n"
    )


class _Cleaner(HTMLParser):
    """Writes what may stay to `parts`; `skipped` holds the open tags inside something dropped whole."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.skipped: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if self.skipped or _dropped(tag, attributes):
            if tag not in _VOID:
                self.skipped.append(tag)
        elif tag == "i":
            # <i class="fas fa-times text-danger"></i> is drawn by a font from elsewhere
            self.parts.append(_mark(attributes.get("class", "")))
        elif tag in _KEPT:
            self.parts.append(f"<{tag}{_attributes(attributes)}>")

    def handle_endtag(self, tag: str) -> None:
        if self.skipped:
            if tag in self.skipped:
                while self.skipped.pop() != tag:
                    pass
        elif tag in _KEPT and tag not in _VOID:
            self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if not self.skipped:
            self.parts.append(escape(data, quote=False))


_VOID = frozenset(
    ("area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr")
)


def _dropped(tag: str, attributes: dict[str, str]) -> bool:
    steering = not _DROPPED_CLASSES.isdisjoint(attributes.get("class", "").split())
    unfolding = attributes.get("data-toggle") == "collapse"
    return tag in _DROPPED_WHOLE or steering or unfolding or "aria-hidden" in attributes


def _mark(names: str) -> str:
    return " ".join(text for name, text in _MARKS.items() if name in names.split())


def _attributes(attributes: dict[str, str]) -> str:
    kept: dict[str, str] = {}
    kept.update((name, attributes[name]) for name in _KEPT_ATTRIBUTES if name in attributes)
    if attributes.get("href", "").startswith("#"):
        kept["href"] = attributes["href"]
    return "".join(f' {name}="{escape(value)}"' for name, value in kept.items())
