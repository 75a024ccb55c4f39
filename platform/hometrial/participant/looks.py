"""How pages look to one reader: colours, size of text and language, kept in a cookie of this device.

A phone in a dark room and a desktop want different looks, and the choice is needed before anybody is known: so
it belongs to the device, not to the person (protocol-and-instruments.md 3.2, features.md B19, N14).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, Self, cast, get_args

from flask import Flask, g, request
from werkzeug.wrappers import Response as AnyResponse

COOKIE = "look"
ONE_YEAR = 365 * 24 * 60 * 60  # seconds
Theme = Literal["auto", "light", "dark", "dim"]
THEMES: tuple[Theme, ...] = get_args(Theme)
SIZES = (16, 20, 24, 28)
"""Sizes of text in pixels (protocol-and-instruments.md 3.1, 6)."""
LANGUAGES: Mapping[str, str] = {"en": "English", "de": "Deutsch"}
"""The languages that the pages have whole, each by its own name."""


@dataclass(frozen=True)
class Look:
    """Colours, size of text in pixels, whether without colours, and the language."""

    theme: Theme = "auto"
    size: int = 20
    grey: bool = False
    language: str = "en"

    @classmethod
    def read(cls, kept: str, otherwise: str) -> Self:
        """Return the look that a cookie tells; the usual one, in the language `otherwise`, if it tells none.

        A cookie is anybody's to write: what is not a look is no look, and nothing is guessed from its parts.
        """
        usual = replace(cls(), language=otherwise)
        parts = kept.split(".")
        if len(parts) != len(_OF_COOKIE) or any(
            part not in allowed for part, allowed in zip(parts, _OF_COOKIE, strict=True)
        ):
            return usual
        theme, size, grey, language = parts
        return cls(cast(Theme, theme), int(size), grey == "1", language)

    def written(self) -> str:
        """Return the cookie's value."""
        return f"{self.theme}.{self.size}.{int(self.grey)}.{self.language}"


_OF_COOKIE = (THEMES, tuple(str(size) for size in SIZES), ("0", "1"), tuple(LANGUAGES))


def teach(app: Flask) -> None:
    """Let each request know its reader's look, and templates what there is to choose from."""

    def look() -> None:
        offered = request.accept_languages.best_match(LANGUAGES, default="en")
        g.look = Look.read(request.cookies.get(COOKIE, ""), offered)

    app.before_request(look)
    app.jinja_env.globals.update(LANGUAGES=LANGUAGES, SIZES=SIZES, THEMES=THEMES, look=current)


def current() -> Look:
    """Return the look of this request's reader; the usual one where a request was refused before that."""
    return cast(Look, g.get("look") or Look())


def keep(answer: AnyResponse, look: Look, *, https: bool) -> None:
    """Keep a look on the reader's device."""
    answer.set_cookie(COOKIE, look.written(), ONE_YEAR, secure=https, httponly=True, samesite="Lax")
