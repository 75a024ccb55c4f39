"""Whom to call at once: for somebody whose answer tells of danger, before anything else."""

from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue

from hometrial.participant.pages.asking import questions, screens
from hometrial.participant.pages.asking.door import FORM, ShutError, here, pages
from hometrial.services import enrolling
from hometrial.services.asking import crisis
from hometrial.services.trial import contacting


@pages.get(FORM + "/<item>/call-now")
def call_now(form: str, occasion: str, item: str) -> ResponseReturnValue:
    """Show the emergency number and who listens, large; the way on is there too."""
    with here(form, occasion, "look at crisis numbers") as at:
        if at.progress.instrument.item(item) is None:
            raise ShutError("not_asked")
        lines = crisis.information(crisis.country_of(enrolling.zones_of(at.session, at.person)))
        is_open = at.shut(correcting=True) is None and not at.progress.is_done
        found = screens.after(at.progress, item)
        way = questions.to(at, found) if is_open else at.to("start")
        return render_template(
            "asking/call_now.html",
            at=at,
            crisis=lines,
            way=way,
            item=item,
            called="called" in request.args,
        )


@pages.post(FORM + "/<item>/call-now")
def call_me(form: str, occasion: str, item: str) -> ResponseReturnValue:
    """Tell the team that this person wants to be called."""
    with here(form, occasion, "ask to be called") as at:
        contacting.call_wanted(at.session, at.person, "safety_question")
        way = at.to("call_now", item, called="1")
    return redirect(way, 303)
