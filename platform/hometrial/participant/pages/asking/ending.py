"""All answers before they are handed in, handing in, and what stands afterwards."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from hometrial import clock
from hometrial.models import Answer
from hometrial.participant import looks
from hometrial.participant.pages.asking import screens, sittings
from hometrial.participant.pages.asking.door import FORM, Here, here, pages
from hometrial.protocol.windows import Standing
from hometrial.questionnaires.rendering import Question
from hometrial.services.asking import submitting, today, words

_LONGEST_REASON = 500


@pages.get(FORM + "/all-answers")
def review(form: str, occasion: str) -> ResponseReturnValue:
    """Show every answer, to be changed before they are handed in."""
    with here(form, occasion, "look at all answers of a form") as at:
        if sittings.own(at) is None:
            return redirect(at.to("start"), 303)
        at.require_open(correcting=True)
        return _review(at)


def _review(at: Here, left: tuple[str, ...] = ()) -> str:
    questions = {each.item.id: each for each in at.shown().questions}
    return render_template(
        "asking/review.html",
        at=at,
        shown=at.shown(),
        questions=[questions[name] for name in at.progress.asked],
        said=at.progress.said,
        plain=plain,
        left=[questions[name] for name in left or at.progress.left],
        is_refused=bool(left),
        is_correcting=at.progress.is_done,
    )


def plain(question: Question, word: Answer | None) -> str:
    """Return an answer in the words of its question."""
    if word is None:
        return str(gettext("No answer yet"))
    if word.value is None:
        return str(gettext("You left this out"))
    chosen = (each.text for each in question.choices if each.value == word.value)
    return next(chosen, f"{word.value}")


@pages.post(FORM + "/all-answers")
def hand_in(form: str, occasion: str) -> ResponseReturnValue:
    """Hand the form in, once however often the button is pressed."""
    with here(form, occasion, "hand a form in") as at:
        sitting = sittings.own(at)
        if sitting is None and (at.progress.is_done or at.progress.response is None):
            return redirect(at.to("start"), 303)
        at.require_open(correcting=sitting is not None)
        left = at.progress.left
        if left:
            return _review(at, left), 422
        sitting = sitting or sittings.own_or_new(at)
        handed = submitting.submit(at.session, at.person, sitting.id)
        last = screens.screens(at.progress)[-1].name
        if handed.crisis is not None:
            return redirect(at.to("call_now", last), 303)
    return redirect(url_for(".start", form=form, occasion=occasion), 303)


def done(at: Here, fault: str | None = None) -> str:
    """Show what was handed in, when it was received and what is next."""
    handed = at.progress.submission
    assert handed is not None  # noqa: S101  # only what is done comes here
    assert at.progress.response is not None  # noqa: S101
    said = words.last(words.spoken(at.session, at.progress.response.id, handed.revision))
    questions = [each for each in at.shown().questions if each.item.id in said]
    stands = at.progress.occasion.opening.standing(clock.now())
    return render_template(
        "asking/done.html",
        at=at,
        handed=handed,
        questions=questions,
        said=said,
        plain=plain,
        can_correct=stands is Standing.OPEN,
        is_correcting=sittings.own(at) is not None,
        next_due=_next(at),
        now=clock.now(),
        fault=fault,
        shown=at.shown(),
    )


def _next(at: Here) -> today.Due | None:
    """Return the form that is asked next, if one is open."""
    found = today.today(at.session, at.person, looks.current().language)
    return next((each for each in found if each.state != "too_ill"), None)


@pages.post(FORM + "/to-correct")
def correct(form: str, occasion: str) -> ResponseReturnValue:
    """Open a form that was handed in once more, for a reason; what was handed in holds until it is again."""
    because = " ".join(request.form.get("because", "").split())
    with here(form, occasion, "correct a form") as at:
        if not at.progress.is_done:
            return redirect(at.to("start"), 303)
        at.require_open(correcting=True)
        if not because or len(because) > _LONGEST_REASON:
            fault = gettext("Please say in a few words what is not right.")
            return done(at, fault), 422
        if sittings.own(at) is None:
            sittings.begin(at, sittings.last_respondent(at), because)
    return redirect(url_for(".review", form=form, occasion=occasion), 303)
