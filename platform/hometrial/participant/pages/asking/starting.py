"""The first page of a form: what it is and how long it takes; to begin, to rest, or to be too ill for it."""

from flask import redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from hometrial import clock
from hometrial.participant.pages.asking import ending, screens, sittings
from hometrial.participant.pages.asking.door import FORM, Here, here, pages
from hometrial.participant.ways import inside
from hometrial.services.asking import progress, submitting

_PRACTISED = "practised"


@pages.get(FORM)
def start(form: str, occasion: str) -> ResponseReturnValue:
    """Show what the form is; or, once it is handed in, what was said."""
    with here(form, occasion, "look at a form") as at:
        if at.progress.is_done:
            return ending.done(at)
        at.require_open()
        return _page(at)


def _page(at: Here, fault: str | None = None) -> str:
    return render_template(
        "asking/start.html",
        at=at,
        shown=at.shown(),
        progress=at.progress,
        screens=screens.screens(at.progress),
        respondent=sittings.last_respondent(at),
        closes_at=at.progress.occasion.opening.closes_at.astimezone(at.zone),
        now=clock.now(),
        fault=fault,
    )


@pages.post(FORM)
def begin(form: str, occasion: str) -> ResponseReturnValue:
    """Begin a sitting and go to the first question that is left."""
    respondent = next(
        (each for each in sittings.RESPONDENTS if each == request.form.get("respondent")), None
    )
    with here(form, occasion, "begin a form") as at:
        if at.progress.is_done:
            return redirect(at.to("start"), 303)
        at.require_open()
        if respondent is None:
            return _page(at, gettext("Please choose who answers.")), 422
        found = sittings.own(at)
        is_first = not (session.get(_PRACTISED) or progress.has_begun_any(at.session, at.person))
        if found is None or found.respondent != respondent:
            sittings.begin(at, respondent)
        first = screens.first_left(at.progress)
        way = at.to("review") if first is None else at.to("question", first.name)
    return redirect(url_for(".practice", next=way) if is_first else way, 303)


@pages.post(FORM + "/too-ill")
def too_ill(form: str, occasion: str) -> ResponseReturnValue:
    """Take "too ill" as the whole answer to this form; what was answered before stays."""
    with here(form, occasion, "too ill for a form") as at:
        # Said twice it is said once: only who began to answer after it can say it again.
        if at.progress.submission is None or (
            not at.progress.is_done and sittings.own(at) is not None
        ):
            at.require_open()
            submitting.too_ill(at.session, at.person, sittings.own_or_new(at).id)
    return redirect(url_for(".noted", form=form, occasion=occasion), 303)


@pages.get(FORM + "/too-ill")
def noted(form: str, occasion: str) -> ResponseReturnValue:
    """Say that nothing more is asked of somebody who was too ill, and how to answer all the same."""
    with here(form, occasion, "look at a form") as at:
        handed = at.progress.submission
        if handed is None or handed.kind != "too_ill":
            return redirect(at.to("start"), 303)
        return render_template(
            "asking/noted.html",
            at=at,
            received_at=handed.received_at,
            closes_at=at.progress.occasion.opening.closes_at.astimezone(at.zone),
            now=clock.now(),
        )


@pages.route("/ask/practice", methods=["GET", "POST"])
def practice() -> ResponseReturnValue:
    """Show a question that does not count, as often as somebody likes."""
    way = inside(request.values.get("next", "/"))
    session[_PRACTISED] = True
    chosen = request.form.get("example", "") if request.method == "POST" else ""
    tried = request.method == "POST"
    status = 422 if tried and not chosen else 200
    return render_template("asking/practice.html", way=way, tried=tried, chosen=chosen), status
