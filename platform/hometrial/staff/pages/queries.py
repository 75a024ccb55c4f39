"""Queries: the list with filters and counts, one with its steps, and each step by those whose it is."""

from collections.abc import Callable
from datetime import date
from uuid import UUID

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response
from wtforms import DateField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from hometrial.models import Query
from hometrial.services import enrolling
from hometrial.services.querying import steps
from hometrial.services.querying.steps import QueryRefusedError, Question
from hometrial.services.viewing import queries
from hometrial.services.viewing.queries import STATUSES, Detail, Wanted
from hometrial.staff import asking
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, reading, writing

pages = Blueprint("queries", __name__, url_prefix="/queries")

Answer = str | Response | tuple[str, int]
KINDS = (
    "answer", "measure of a day", "dose", "adverse event", "medicine", "visit", "laboratory result",
    "consent", "something else",
)  # fmt: skip
"""What a query by hand can be about."""
_SAY = [
    InputRequired("Say it: what is said is kept with the query."),
    Length(max=steps.LONGEST, message=f"Say it in {steps.LONGEST} characters at most."),
]


class SayForm(FlaskForm):  # type: ignore[misc]
    """What is said in a step."""

    reason = TextAreaField(validators=_SAY)

    def refuse(self, text: str) -> None:
        """Show a refusal beside what was said."""
        self.reason.errors = [*self.reason.errors, text]


class AssignForm(SayForm):
    """To whom, and why."""

    assignee = SelectField("To whom", choices=[])


class OpenForm(FlaskForm):  # type: ignore[misc]
    """A query by hand."""

    person = StringField(
        "Person", validators=[InputRequired("Say about whom, as P-0001."), Length(max=12)]
    )
    kind = SelectField("About", choices=list(KINDS))
    place = StringField(
        "Which one",
        validators=[InputRequired("Say which one, by form, day or name."), Length(max=120)],
    )
    day = DateField("Day, if it has one", validators=[Optional()])
    question = TextAreaField("Question", validators=_SAY)
    assignee = SelectField("To whom", choices=[])

    def question_of(self, session: Session) -> Question:
        """Return what is asked. Raises UnknownParticipantError."""
        owner = enrolling.find_participant(session, str(self.person.data).strip())
        subject = f"{self.kind.data}/{str(self.place.data).strip()}"
        day = self.day.data if isinstance(self.day.data, date) else None
        return Question(owner, subject, str(self.question.data), day=day)


@pages.get("")
@permits("query.see")
def listing() -> str:
    """Show the queries that are asked for, oldest first, with counts of every status."""
    wanted = _wanted()
    with reading() as session:
        found = queries.page(session, wanted, asking.start())
        return render_template(
            "quality/queries.html",
            page=found,
            wanted=wanted,
            counts=queries.counts(session, wanted),
            ages=queries.ages(session),
            choices=queries.choices(session),
            statuses=STATUSES,
            per_page=queries.PER_PAGE,
        )


@pages.get("/<uuid:query_id>")
@permits("query.see")
def detail(query_id: UUID) -> str:
    """Show one query, its steps, and what may be done about it."""
    return _page(query_id)


@pages.get("/new")
@permits("query.open")
def new() -> str:
    """Show the form of a query by hand, filled in as far as the address says about what it is."""
    asked = {
        name: request.args.get(name, "")
        for name in ("person", "place", "kind", "question")
        if request.args.get(name)
    }
    return _new(OpenForm(formdata=None, data=asked))


@pages.post("/new")
@permits("query.open")
def open_by_hand() -> Answer:
    """Open a query by hand."""
    form = OpenForm()
    form.assignee.choices = _choices(None)
    if form.validate_on_submit():
        try:
            with writing(f"query: {form.question.data}") as session:
                made = steps.ask(session, form.question_of(session), me().actor, form.assignee.data)
            flash("The query is open.")
            return redirect(url_for("queries.detail", query_id=made.id), 303)
        except QueryRefusedError as error:
            form.question.errors = [*form.question.errors, str(error)]
    return _new(form), 422


@pages.post("/<uuid:query_id>/answer")
@permits("query.answer")
def answer(query_id: UUID) -> Answer:
    """Answer a query."""

    def act(session: Session, query: Query, form: SayForm) -> None:
        steps.answer(session, query, str(form.reason.data), me().actor)

    return _step(query_id, "answer", SayForm(), act)


@pages.post("/<uuid:query_id>/assign")
@permits("query.assign")
def assign(query_id: UUID) -> Answer:
    """Give a query to somebody."""
    form = AssignForm()
    form.assignee.choices = _choices(query_id)

    def act(session: Session, query: Query, form: SayForm) -> None:
        to = str(form.assignee.data)
        steps.assign(session, query, to, str(form.reason.data), me().actor)

    return _step(query_id, "assign", form, act)


@pages.post("/<uuid:query_id>/close")
@permits("query.close")
def close(query_id: UUID) -> Answer:
    """Close a query: a data manager any, a monitor their own."""

    def act(session: Session, query: Query, form: SayForm) -> None:
        every = "data_manager" in me().roles
        steps.close(session, query, str(form.reason.data), me().actor, any_of_them=every)

    return _step(query_id, "close", SayForm(), act)


@pages.post("/<uuid:query_id>/reopen")
@permits("query.open")
def reopen(query_id: UUID) -> Answer:
    """Ask again."""

    def act(session: Session, query: Query, form: SayForm) -> None:
        steps.reopen(session, query, str(form.reason.data), me().actor)

    return _step(query_id, "reopen", SayForm(), act)


Act = Callable[[Session, Query, SayForm], None]


def _step(query_id: UUID, name: str, form: SayForm, act: Act) -> Answer:
    """Take one step, or show the page again with why it was not taken."""
    if form.validate_on_submit():
        try:
            with writing(str(form.reason.data).strip()) as session:
                query = session.get(Query, query_id) or abort(404)
                act(session, query, form)
            return redirect(url_for("queries.detail", query_id=query_id), 303)
        except QueryRefusedError as error:
            form.refuse(str(error))
    return _page(query_id, name, form), 422


def _page(query_id: UUID, name: str = "", tried: SayForm | None = None) -> str:
    with reading() as session:
        found = queries.detail(session, query_id) or abort(404)
    forms: dict[str, SayForm] = {
        each: AssignForm(formdata=None) if each == "assign" else SayForm(formdata=None)
        for each in ("answer", "assign", "close", "reopen")
    }
    if tried is not None:
        forms[name] = tried
    forms["assign"].assignee.choices = _named(list(found.assignees))
    may_close = _may_close(found)
    refused = [] if tried is None else list(tried.reason.errors)
    return render_template(
        "quality/query.html", found=found, forms=forms, may_close=may_close, refused=refused
    )


def _may_close(found: Detail) -> bool:
    own = found.line.query.opened_by == me().actor
    return me().may("query.close") and ("data_manager" in me().roles or own)


def _new(form: OpenForm) -> str:
    form.assignee.choices = _choices(None)
    return render_template("quality/new_query.html", form=form)


def _choices(query_id: UUID | None) -> list[tuple[str, str]]:
    with reading() as session:
        if query_id is None:
            return _named(queries.assignees(session, None))
        found = queries.detail(session, query_id) or abort(404)
        return _named(list(found.assignees))


def _named(assignees: list[str] | tuple[str, ...]) -> list[tuple[str, str]]:
    return [(each, name_of(each)) for each in assignees]


def name_of(assignee: str | None) -> str:
    """Return an assignee as people read it: a role as `any coordinator`, somebody by name."""
    if assignee is None:
        return "nobody in particular"
    kind, _, name = assignee.partition(":")
    return f"any {name.replace('_', ' ')}" if kind == "role" else name


def _wanted() -> Wanted:
    status = request.args.get("status", "waiting")
    if status not in STATUSES:
        raise BadRequest(f"There is no status {status!r}; there are {', '.join(STATUSES)}.")
    rule, site, assignee, person = (
        request.args.get(name) or None for name in ("rule", "site", "assignee", "participant")
    )
    return Wanted(status, rule, site, assignee, person, asking.whole("older", 0, 0, 10_000))
