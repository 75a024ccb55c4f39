"""The questions of comprehension: one a screen, wrong ones show their part again, then somebody calls."""

from flask import abort, redirect, render_template, request, url_for
from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse
from wtforms import RadioField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired

from hometrial.participant.pages.consenting.asked import (
    Asked,
    asked_of,
    draft,
    keep_draft,
    next_page,
    pages,
    reader,
    stale,
)
from hometrial.participant.site import transaction
from hometrial.protocol.comprehension import Question
from hometrial.services.agreeing import understanding
from hometrial.services.agreeing.understanding import QuizRefusedError

Answer = AnyResponse | str | tuple[str, int]


class QuestionForm(FlaskForm):  # type: ignore[misc]  # the library has no types
    """One question; its answers come from the document."""

    answer = RadioField(validators=[InputRequired(lazy_gettext("Please choose one answer."))])


@pages.route("/questions/<int:number>", methods=["GET", "POST"])
def question(number: int) -> Answer:
    """Ask one question; after the last one all are judged."""
    with transaction("answer a question about the consent document") as database:
        asked = asked_of(database, reader(database))
        if asked is None or asked.left or asked.tries.is_passed or asked.tries.needs_call:
            return redirect(next_page(asked), 303)
        open_ = _open(asked)
        if not 1 <= number <= len(open_):
            return redirect(url_for("consenting.question", number=1), 303)
        this = open_[number - 1]
        form = _form(this, draft(asked)["answers"].get(this.id))
        if not form.is_submitted():
            return _page(asked, form, number, len(open_))
        if request.form.get("text") != str(asked.offer.text.id):
            return stale()
        return _answered(database, asked, form, number)


def _open(asked: Asked) -> tuple[Question, ...]:
    """Return the questions to answer: all of them, then those that were wrong the last time."""
    return asked.tries.wrong or asked.offer.quiz.questions


def _form(question_: Question, given: str | None) -> QuestionForm:
    form = QuestionForm(answer=given)
    form.answer.label.text = question_.text
    form.answer.choices = [SelectChoice(each.id, each.label) for each in question_.options]
    return form


def _page(asked: Asked, form: QuestionForm, number: int, total: int) -> str:
    return render_template(
        "consenting/question.html", asked=asked, form=form, number=number, total=total
    )


def _answered(database: Session, asked: Asked, form: QuestionForm, number: int) -> Answer:
    open_ = _open(asked)
    then = request.form.get("then")
    if then == "back":
        return redirect(_before(number), 303)
    if then == "rest":
        return redirect(url_for("consenting.rest"), 303)
    if not form.validate():
        return _page(asked, form, number, len(open_)), 400
    answers = {**draft(asked)["answers"], open_[number - 1].id: form.answer.data}
    keep_draft(asked, "answers", answers)
    missing = [at for at, each in enumerate(open_, 1) if each.id not in answers]
    if missing:
        later = [at for at in missing if at > number]
        return redirect(url_for("consenting.question", number=(later or missing)[0]), 303)
    return _judged(database, asked, answers)


def _before(number: int) -> str:
    if number > 1:
        return url_for("consenting.question", number=number - 1)
    return url_for("consenting.page")


def _judged(database: Session, asked: Asked, answers: dict[str, str]) -> AnyResponse:
    """Judge the answers with those that were right before; a form that comes twice is judged once."""
    wrong = {each.id for each in asked.tries.wrong}
    right = {each.id: each.right for each in asked.offer.quiz.questions if each.id not in wrong}
    all_ = {**right, **answers} if asked.tries.made else answers
    try:
        tries = understanding.answer(database, asked.person, asked.offer, all_)
    except QuizRefusedError:
        return redirect(next_page(asked_of(database, asked.person)), 303)
    if tries.is_passed:
        return redirect(url_for("consenting.understood"), 303)
    return redirect(url_for("consenting.call" if tries.needs_call else "consenting.again"), 303)


@pages.get("/questions/right")
def understood() -> Answer:
    """Say that all is understood."""
    with transaction("look at one's own answers") as database:
        asked = asked_of(database, reader(database))
        if asked is None or not asked.tries.is_passed:
            abort(404)
        return render_template("consenting/understood.html", go_on=next_page(asked))


@pages.get("/questions/again")
def again() -> Answer:
    """Say kindly which answers were not right, and lead to their parts of the text."""
    with transaction("look at one's own answers") as database:
        asked = asked_of(database, reader(database))
        if asked is None or not asked.tries.wrong or asked.tries.is_passed:
            return redirect(url_for("consenting.page"), 303)
        return render_template("consenting/again.html", asked=asked, go_on=next_page(asked))


@pages.get("/call")
def call() -> Answer:
    """Say that somebody calls and talks the document over."""
    with transaction("look at one's own answers") as database:
        asked = asked_of(database, reader(database))
        if asked is None or not asked.tries.needs_call:
            return redirect(next_page(asked), 303)
        return render_template("consenting/call.html", asked=asked)
