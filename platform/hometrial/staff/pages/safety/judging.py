"""An investigator judges an event: grade, seriousness, cause, expectedness; with a fresh proof of who they are."""

from flask import flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from hometrial.protocol.safety import causality
from hometrial.services.safety import reporting
from hometrial.services.safety.events import AdverseEventRefusedError
from hometrial.services.safety.reporting import JUDGED, Said
from hometrial.services.viewing.safety import one
from hometrial.staff.pages.safety.blueprint import find, instant, pages, zone_of
from hometrial.staff.pages.safety.forms import JudgeForm
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, reading, writing

Answer = str | Response | tuple[str, int]


@pages.get("/events/<code>/<int:number>/judge")
@permits("event.assess", fresh=True)
def judge(code: str, number: int) -> str:
    """Show what there is to judge by, and the form."""
    return _page(code, number, JudgeForm())


@pages.post("/events/<code>/<int:number>/judge")
@permits("event.assess", fresh=True, logs="signed")
def judged(code: str, number: int) -> Answer:
    """Write the judgement as a new version of the event."""
    form = JudgeForm()
    if form.validate_on_submit():
        why = str(form.because.data).strip()
        try:
            with writing(why) as session:
                person, found = find(session, code, number)
                learned = instant(form.learned.data, zone_of(session, person))
                said = Said(me().actor, "other", "staff", learned, seen=form.seen.data)
                reporting.amend(session, found, form.said(), said, because=why)
        except AdverseEventRefusedError as error:
            form.refuse(error)
        else:
            flash(f"Event {number} of {code} is judged.")
            return redirect(url_for("safety.event", code=code, number=number), 303)
    return _page(code, number, form), 422


def _page(code: str, number: int, form: JudgeForm) -> str:
    with reading() as session:
        person, found = find(session, code, number)
        seen = one.look(session, person, found)
        zone = zone_of(session, person)
    known = seen.state.details
    by_list = seen.state.current.expectedness != JUDGED
    form.fill(
        {
            "grade": "" if known.grade is None else str(known.grade),
            "serious": known.serious or (),
            "not_serious": known.serious == (),
            "expected": None if by_list else known.expected,
            "seen": seen.state.current.version,
            **{
                name: getattr(known, name)
                for name in ("related", "who_umc", "dechallenge", "rechallenge", "hys_law")
            },
            **{f"naranjo_{name}": said for name, said in (known.naranjo or {}).items()},
        }
    )
    return render_template(
        "safety/judge.html", code=code, found=seen, form=form, zone=zone, scale=causality.scale()
    )
