"""The second language is whole: every text of the pages has its words, none is left over."""

import re
from importlib import resources
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from hometrial.participant import languages
from hometrial.participant.looks import LANGUAGES, Look

ROOM = Path(str(resources.files("hometrial.participant")))
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2.ext.babel_extract")]
KEYWORDS = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "lazy_gettext": None,
    "lazy_ngettext": (1, 2),
}
OTHERS = sorted(set(LANGUAGES) - {"en"})


def said():
    """Return every text of pages and templates, with where it stands."""
    found = {}
    for file, line, message, _, _ in extract_from_dir(ROOM, METHODS, keywords=KEYWORDS):
        found.setdefault(message, f"{file}:{line}")
    return found


def catalogues(language):
    for file in sorted((ROOM / "translations" / language).glob("*.po")):
        yield file, read_po(BytesIO(file.read_bytes()), locale=language)


def messages(language):
    return {
        message.id: message
        for _, catalogue in catalogues(language)
        for message in catalogue
        if message.id
    }


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_has_words_in_every_language(language):
    known = messages(language)
    missing = {
        text: where
        for text, where in said().items()
        if text not in known or not known[text].string or known[text].fuzzy
    }
    assert missing == {}


@pytest.mark.parametrize("language", OTHERS)
def test_no_catalogue_holds_what_no_page_says(language):
    texts = said()
    assert [message for message in messages(language) if message not in texts] == []


@pytest.mark.parametrize("language", OTHERS)
def test_words_fill_in_the_same_values(language):
    def holes(text):
        return set(re.findall(r"%\((\w+)\)", text if isinstance(text, str) else " ".join(text)))

    assert [
        each.id for each in messages(language).values() if holes(each.id) != holes(each.string)
    ] == []


@pytest.mark.parametrize("language", OTHERS)
def test_a_text_stands_in_one_catalogue_only(language):
    seen = {}
    for file, catalogue in catalogues(language):
        for message in catalogue:
            if message.id:
                assert seen.setdefault(message.id, file.name) == file.name, message.id


def test_no_text_of_a_template_is_left_untranslated():
    """What stands between two tags and is a sentence has gone through gettext."""
    loose = []
    for file in sorted(ROOM.glob("templates/**/*.html")):
        bare = re.sub(
            r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", file.read_text("utf-8"), flags=re.DOTALL
        )
        bare = re.sub(r'[\w-]+="[^"]*"', "", bare)  # attributes that a macro makes
        loose += [
            f"{file.name}: {text}"
            for text in re.findall(r">\s*([^<>{}]*[A-Za-z]{2}[^<>{}]*)<", bare)
        ]
    assert loose == []


def test_pages_speak_the_language_that_was_chosen(place):
    client = place.app.test_client()
    client.set_cookie("look", Look(language="de").written())
    page = client.get("/look").text
    assert '<html lang="de"' in page
    assert "Sprache" in page
    client.set_cookie("look", Look(language="en").written())
    assert "Language" in client.get("/look").text


def test_a_device_that_has_not_chosen_is_spoken_to_in_its_language(place):
    client = place.app.test_client()
    assert '<html lang="de"' in client.get("/look", headers={"Accept-Language": "de-CH"}).text
    assert '<html lang="en"' in client.get("/look", headers={"Accept-Language": "fi"}).text


def test_a_cookie_that_is_no_look_is_not_guessed_at():
    usual = Look(language="de")
    for forged in (
        "",
        "dim",
        "dim.24.1.de.x",
        "neon.24.1.de",
        "dim.99.1.de",
        "dim.24.2.de",
        "dim.24.1.xx",
    ):
        assert Look.read(forged, "de") == usual
    assert Look.read("dim.24.1.de", "en") == Look("dim", 24, grey=True, language="de")


def test_english_needs_no_catalogue():
    assert languages.catalogue("en").ugettext("Close my page") == "Close my page"
