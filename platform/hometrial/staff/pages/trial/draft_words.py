"""The words of a consent document in a draft: its sections as they are read, its quiz and its glossary."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict

from hometrial.declarations import DeclarationError
from hometrial.errors import TrialError
from hometrial.protocol import consent_text, editing, written
from hometrial.protocol.written import Part
from hometrial.services.trial import drafting
from hometrial.services.trial.drafting import Content
from hometrial.services.trial.examining import Words
from hometrial.staff.pages.trial import draft_forms as forms
from hometrial.staff.pages.trial import sheet
from hometrial.staff.pages.trial.door import Answer, pages
from hometrial.staff.pages.trial.draft_opened import Opened, opened, revision, save
from hometrial.staff.pages.trial.sheet import Field, Table
from hometrial.staff.permitting import permits


def _quiz_tables(sections: list[str]) -> list[Table]:
    options = tuple((each, each) for each in sections)
    return [
        Table(
            ("questions",),
            "Questions of comprehension",
            (
                Field("id", "Id", hint="As the consent section of the draft names it."),
                Field("text", "Question", "text"),
                Field(
                    "options", "Answers", "options", hint="One a line: its id, a colon, its words."
                ),
                Field("right", "Right is", hint="The id of one answer."),
                Field("because", "Told after a wrong answer", "text"),
                Field("section", "Shown again then", "choice", options),
            ),
            one="question",
        ),
        Table(
            ("glossary",),
            "Glossary",
            (Field("term", "Word"), Field("meaning", "What it means", "text")),
            one="word",
        ),
    ]


@pages.route("/trial/drafts/<uuid:draft_id>/words/<int:number>", methods=["GET", "POST"])
@permits("trial.edit")
def draft_words(draft_id: UUID, number: int) -> Answer:
    """Edit the words of one consent document in its language."""
    shown = opened(draft_id)
    document = editing.at(shown.document, ("consent", "documents", number)) or abort(404)
    words = _words(drafting.words_of(shown.last), document)
    if request.method == "GET":
        return _page(shown, number, document, words)
    form = forms.SaveForm()
    if not form.validate_on_submit():
        return _page(shown, number, document, words, form), 422
    began = revision(shown, int(form.seen.data))
    before = drafting.words_of(began)
    typed = _typed(_words(before, document), document, request.form)
    content = Content(began.body, {**before, str(document.get("text")): typed})
    if typed == _words(before, document):
        content = Content(began.body, before)
    try:
        saved = save(shown, int(form.seen.data), content, form, f"words of {document.get('text')}")
    except TrialError as error:
        form.because.errors = [str(error)]
        return _page(shown, number, document, typed, form), 409
    changed = saved.number != shown.last.number
    flash(f"Saved as revision {saved.number}." if changed else "Nothing was changed.")
    return redirect(url_for("trial.draft_words", draft_id=draft_id, number=number), 303)


def _words(found: Mapping[str, Words], document: Mapping[str, Any]) -> Words:
    """Return the words of a document; of one without any an empty text and quiz in its language."""
    language = document.get("language", "en")
    empty = Words("", f"schema: consent-quiz/1\nlanguage: {language}\nquestions: []\n")
    return found.get(str(document.get("text")), empty)


def _sections(document: Mapping[str, Any], text: str) -> list[str]:
    """Return the sections that the draft names, and those that only the text has."""
    named = [str(each.get("id")) for each in document.get("sections") or [] if each.get("id")]
    return [*named, *(part.id for part in written.apart(text).parts if part.id not in named)]


def _typed(before: Words, document: Mapping[str, Any], form: MultiDict[str, str]) -> Words:
    """Return the words as they were typed; what nobody touched stays the same, byte by byte."""
    ids = _sections(document, before.text)
    parts = [
        Part(
            each,
            form.get(f"heading.{each}", "").strip() or each,
            form.get(f"words.{each}", "").replace("\r\n", "\n").strip(),
        )
        for each in ids
    ]
    kept = [each for each in parts if each.words or form.get(f"heading.{each.id}", "").strip()]
    title = form.get("title", "").strip()
    was = written.apart(before.text)
    text = before.text
    if (title, tuple(kept)) != (was.title, was.parts):
        text = written.together(title, kept)
    tables = _quiz_tables(ids)
    quiz = editing.edited(before.quiz, sheet.edits(_plain(before.quiz), tables, form))
    return Words(text, quiz)


def _plain(quiz: str) -> Any:
    try:
        return editing.plain(quiz) or {}
    except DeclarationError:
        return {}


def _page(
    shown: Opened,
    number: int,
    document: Mapping[str, Any],
    words: Words,
    form: forms.SaveForm | None = None,
) -> str:
    was = written.apart(words.text)
    key = {
        str(each.get("id"))
        for each in document.get("sections") or []
        if each.get("key_information")
    }
    ids = _sections(document, words.text)
    parts = [was.part(each) or Part(each, "", "") for each in ids]
    quiz = _plain(words.quiz)
    place = f"consent.documents.{number}"
    return render_template(
        "trial/draft_words.html",
        shown=shown,
        document=document,
        title=was.title,
        parts_of_text=[(each, each.id in key) for each in parts],
        most=consent_text.MOST_WORDS,
        tables=[(table, sheet.rows(quiz, table)) for table in _quiz_tables(ids)],
        faults=shown.examined.under(place),
        warnings=[e for e in shown.examined.warnings if e.path.startswith(place)],
        form=form or forms.SaveForm(formdata=None, seen=shown.last.number),
        NEW=sheet.NEW,
        GONE=sheet.GONE,
        variables=[],
    )
