"""The start card, and the text in short pieces: back, next, rest; wherever somebody stops, they go on."""

from flask import abort, redirect, render_template, request, url_for
from markupsafe import Markup, escape
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from hometrial import clock
from hometrial.participant.pages.consenting.asked import (
    Asked,
    asked_of,
    next_page,
    pages,
    reader,
    signed_versions,
    stale,
)
from hometrial.participant.site import transaction
from hometrial.participant.sources import zone
from hometrial.protocol.comprehension import Term
from hometrial.protocol.consent_text import TextSection
from hometrial.services.agreeing import reading
from hometrial.services.trial import screening

Answer = AnyResponse | str | tuple[str, int]
_MINUTE = 110
"""Words that somebody reads in a minute who is tired."""


@pages.get("")
def page() -> str:
    """Show the start card, or where the person stands."""
    with transaction("look at one's own consent") as database:
        person = reader(database)
        asked = asked_of(database, person)
        last = screening.newest(database, person)
        return render_template(
            "consenting/start.html",
            asked=asked,
            minutes=None if asked is None else _minutes(asked),
            signed=signed_versions(database, person),
            is_closed=last is not None and last.outcome == "declined",
            go_on=next_page(asked),
            now=clock.now(),
            zone=zone(database, person.id),
        )


def _minutes(asked: Asked) -> int:
    words = sum(asked.offer.words.section(each).words for each in asked.left)
    return max(1, round(words / _MINUTE))


@pages.get("/next")
def go_on() -> AnyResponse:
    """Lead to what comes next."""
    with transaction("go on with one's own consent") as database:
        return redirect(next_page(asked_of(database, reader(database))), 303)


@pages.get("/read/<name>")
def section(name: str) -> Answer:
    """Show one section."""
    with transaction("read a consent document") as database:
        asked = asked_of(database, reader(database))
        if asked is None:
            return redirect(url_for("consenting.page"), 303)
        if name not in asked.order:
            abort(404)
        return _section(asked, name)


def _section(asked: Asked, name: str) -> str:
    found = asked.offer.words.section(name)
    missed = [each for each in asked.tries.wrong if each.section == name]
    return render_template(
        "consenting/read.html",
        asked=asked,
        section=found,
        number=asked.order.index(name) + 1,
        total=len(asked.order),
        news=asked.due.news.get(name, ()) if asked.due is not None else (),
        missed=missed if name in asked.progress.left and asked.tries.made else [],
        terms=_terms(found, asked.offer.quiz.glossary),
        is_key=any(e.id == name and e.key_information for e in asked.offer.document.sections),
    )


def _terms(found: TextSection, glossary: tuple[Term, ...]) -> list[Term]:
    said = " ".join(str(each) for each in found.blocks).casefold()
    return [each for each in glossary if each.term.casefold() in said]


@pages.post("/read/<name>")
def read(name: str) -> Answer:
    """Keep that a section was read, and go where the person wants to."""
    then = request.form.get("then")
    with transaction("read a section of a consent document") as database:
        asked = asked_of(database, reader(database))
        if asked is None or request.form.get("text") != str(asked.offer.text.id):
            return stale()
        if name not in asked.order or then not in ("next", "back", "rest"):
            abort(400)
        if then == "back":
            return redirect(_before(asked, name), 303)
        if then == "rest":
            return redirect(url_for("consenting.rest"), 303)
        return redirect(_after(database, asked, name), 303)


def _before(asked: Asked, name: str) -> str:
    at = asked.order.index(name)
    if at == 0:
        return url_for("consenting.page")
    return url_for("consenting.section", name=asked.order[at - 1])


def _after(database: Session, asked: Asked, name: str) -> str:
    """Record the section and return the next one that is not read yet."""
    reading.read(database, asked.person, asked.offer, name)
    now = asked_of(database, asked.person)
    if now is None:
        return url_for("consenting.told")
    later = [each for each in now.left if now.order.index(each) > now.order.index(name)]
    return url_for("consenting.section", name=later[0]) if later else next_page(now)


@pages.get("/rest")
def rest() -> str:
    """Say that the place is kept."""
    return render_template("consenting/rest.html")


@pages.get("/told")
def told() -> str:
    """Say that what is new was read, and that nothing is to be signed."""
    return render_template("consenting/told.html")


@pages.app_template_filter("strong")
def strong(line: str) -> Markup:
    """Return a line of a text with what stands between pairs of stars in bold; all else is escaped."""
    pieces = line.split("**")
    return Markup("").join(
        Markup("<strong>{}</strong>").format(each) if number % 2 else escape(each)
        for number, each in enumerate(pieces)
    )
