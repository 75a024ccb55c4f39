"""Events are coded by a licensed coder: one by one, with what the same words were coded as before, or from a file."""

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from hometrial.services.safety import coding, events
from hometrial.services.safety.events import AdverseEventRefusedError
from hometrial.services.viewing.safety import uncoded
from hometrial.staff import asking
from hometrial.staff.pages.safety.blueprint import find, pages
from hometrial.staff.pages.safety.forms import CodingFileForm, CodingForm
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, reading, writing

Answer = str | Response | tuple[str, int]


@pages.get("/coding")
@permits("event.code")
def to_code() -> str:
    """Show the events whose words no coder has seen."""
    return _listing(CodingFileForm())


@pages.post("/coding")
@permits("event.code")
def code_file() -> Answer:
    """Import a coder's file, all of it or nothing."""
    form = CodingFileForm()
    if form.validate_on_submit():
        name = str(form.file.data.filename or "the file")
        try:
            text = coding.read(form.file.data.read(), name)
            with writing(f"codings of {name}") as session:
                found = coding.import_codings(session, text, name, by=me().actor)
        except AdverseEventRefusedError as error:
            form.file.errors = [*form.file.errors, *str(error).splitlines()]
        else:
            flash(f"{found.new} codings are new, {found.same} were there already.")
            return redirect(url_for("safety.to_code"), 303)
    return _listing(form), 422


@pages.get("/events/<code>/<int:number>/code")
@permits("event.code")
def code(code: str, number: int) -> str:
    """Show an event's words, and how the same words were coded before."""
    return _page(code, number, CodingForm())


@pages.post("/events/<code>/<int:number>/code")
@permits("event.code")
def coded(code: str, number: int) -> Answer:
    """Keep the coding of an event as it is known now."""
    form = CodingForm()
    if form.validate_on_submit():
        codes = {name: str(getattr(form, name).data).strip() for name in coding.CODES}
        try:
            with writing("an event is coded") as session:
                _, found = find(session, code, number)
                state = events.state_of(session, found)
                coding.code_one(session, state, codes, by=me().actor)
        except AdverseEventRefusedError as error:
            form.refuse(error)
        else:
            flash(f"Event {number} of {code} is coded.")
            return redirect(url_for("safety.to_code"), 303)
    return _page(code, number, form), 422


def _listing(form: CodingFileForm) -> str:
    with reading() as session:
        found = uncoded.page(session, asking.start())
    return render_template(
        "safety/coding.html", page=found, form=form, columns=coding.COLUMNS,
        per_page=uncoded.PER_PAGE,
    )  # fmt: skip


def _page(code: str, number: int, form: CodingForm) -> str:
    with reading() as session:
        _, found = find(session, code, number)
        state = events.state_of(session, found)
        before = coding.remembered(session, state)
    known = (state.coding if state.is_coded else None) or (before and before.coding)
    if request.method == "GET" and known is not None:
        form.fill({name: getattr(known, name) for name in coding.CODES})
    return render_template("safety/code.html", code=code, state=state, before=before, form=form)
