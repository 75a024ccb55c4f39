"""Words in the reader's language, by gettext; the catalogues are text, one a part of the site.

They are read as they are (`translations/<language>/*.po`): no compiled file that could be older than its source.
"""

from functools import cache
from importlib import resources
from io import BytesIO

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from flask import Flask
from flask_babel import Babel, Domain, get_locale

from hometrial.participant.looks import current

_CATALOGUES = resources.files("hometrial.participant") / "translations"


class _Words(Domain):  # type: ignore[misc]  # the library has no types
    """The words of this site in the language of the request."""

    def get_translations(self) -> Translations:
        """Return the catalogue of the request's language."""
        locale = get_locale()
        return catalogue("en" if locale is None else locale.language)


def speak(app: Flask) -> None:
    """Let templates and pages speak the reader's language."""
    Babel(app, locale_selector=_language)
    app.before_request(_Words().as_default)


def _language() -> str:
    return current().language


@cache
def catalogue(language: str) -> Translations:
    """Return all words of a language; English is what stands in the pages themselves."""
    found = Translations()
    folder = _CATALOGUES / language
    if not folder.is_dir():
        return found
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        if file.name.endswith(".po"):
            compiled = BytesIO()
            write_mo(compiled, read_po(BytesIO(file.read_bytes()), locale=language))
            compiled.seek(0)
            part = Translations(compiled)
            found.merge(part)
            found.plural = part.plural
    return found
