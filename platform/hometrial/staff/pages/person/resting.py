"""A person's rest as they tell of it by telephone: a bad day, better again, and a pause from the study."""

from datetime import datetime, time, timedelta

from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import Participant
from hometrial.services import consenting, pausing
from hometrial.services.asking import resting
from hometrial.staff.pages.person import pages
from hometrial.staff.pages.person.acting import Answer, Deed, perform
from hometrial.staff.pages.person.fields import ActForm, day, needed_day, reason
from hometrial.staff.permitting import permits
from hometrial.staff.study import me


class PauseForm(ActForm):
    """A pause from the study."""

    last_on = day("Last day of the pause", hint="It begins now; the day after it, all goes on.")
    reason = reason("Why", hint="Such as: holiday, a crash, in hospital.")


@pages.route("/<code>/leaving/bad-day", methods=["GET", "POST"])
@permits("people.rest")
def bad_day(code: str) -> Answer:
    """Record a bad day that somebody told of: less is asked, and nobody writes to them for a while."""
    lead = "Less is asked as long as the protocol lets them rest, and nobody writes to them until then."
    deed = Deed(code, "They have a bad day", "Record it", "people.leaving", lead)

    def act(session: Session, person: Participant) -> str:
        resting.tap(session, person, by=me().actor)
        return f"{person.code} rests."

    return perform(deed, ActForm(), act)


@pages.route("/<code>/leaving/better", methods=["GET", "POST"])
@permits("people.rest")
def better(code: str) -> Answer:
    """Record that the bad days are over."""
    deed = Deed(code, "They are better again", "Record it", "people.leaving")

    def act(session: Session, person: Participant) -> str:
        resting.better(session, person, by=me().actor)
        return f"The bad days of {person.code} are over."

    return perform(deed, ActForm(), act)


class EndForm(ActForm):
    """Why a pause ends."""

    reason = reason("Why it ends")


@pages.route("/<code>/leaving/pause/end", methods=["GET", "POST"])
@permits("people.rest")
def end_pause(code: str) -> Answer:
    """End the pause that lasts now."""
    deed = Deed(code, "The pause is over", "End it now", "people.leaving")

    def act(session: Session, person: Participant) -> str:
        pausing.end(session, person)
        return f"{person.code} rests no more."

    return perform(deed, EndForm(), act)


@pages.route("/<code>/leaving/pause", methods=["GET", "POST"])
@permits("people.rest")
def pause(code: str) -> Answer:
    """Record a pause from now to the end of a day: nobody writes, and what is missed then is excused."""
    form = PauseForm()
    lead = "Nobody writes to them, and what they miss in it is excused."
    deed = Deed(code, "A pause from the study", "Record it", "people.leaving", lead)

    def act(session: Session, person: Participant) -> str:
        last = needed_day(form.last_on)
        end = datetime.combine(last + timedelta(days=1), time(), form.zone)
        consenting.pause(session, person, clock.now(), end, form.why)
        return f"{person.code} rests from the study until the end of {last}."

    return perform(deed, form, act)
