"""The sitting of this browser at a form, kept in its cookie: one for each device, language and way to answer."""

from datetime import datetime
from typing import cast, get_args
from uuid import UUID

from flask import request, session

from hometrial import clock
from hometrial.models import Sitting
from hometrial.participant import looks
from hometrial.participant.pages.asking.door import Here
from hometrial.participant.site import visit
from hometrial.services.asking import opening, writing
from hometrial.services.asking.opening import Manner, Respondent

RESPONDENTS: tuple[Respondent, ...] = get_args(Respondent)
_COOKIE = "sittings"
_MOST = 4
_FACTS = ("screen", "zone", "clock")
_LONGEST_FACT = 64


def own(here: Here) -> Sitting | None:
    """Return this browser's sitting, if it may still be written in and is in the language that is shown."""
    found = _kept(here)
    if found is None or found.revision != here.progress.revision:
        return None
    return found if found.language == looks.current().language else None


def any_of(here: Here) -> Sitting | None:
    """Return this browser's sitting though it is over, else the form's newest; None if it was never opened."""
    found = _kept(here)
    if found is not None:
        return found
    return writing.resume(here.session, here.person, here.form, here.occasion)


def _kept(here: Here) -> Sitting | None:
    kept = session.get(_COOKIE, {}).get(_name(here))
    found = here.session.get(Sitting, UUID(kept[0])) if kept else None
    response = here.progress.response
    is_here = found is not None and response is not None and found.response_id == response.id
    return found if is_here else None


def own_or_new(here: Here) -> Sitting:
    """Return this browser's sitting, or begin one that goes on as the person's last one did.

    Raises NotAskedError, WordingAbsentError.
    """
    found = own(here)
    return found if found is not None else begin(here, last_respondent(here))


def last_respondent(here: Here) -> Respondent:
    """Return who answered at the last sitting of this form; the person, if there was none."""
    last = writing.resume(here.session, here.person, here.form, here.occasion)
    return "self" if last is None or last.is_staff else cast(Respondent, last.respondent)


def begin(here: Here, respondent: Respondent, because: str | None = None) -> Sitting:
    """Begin a sitting on this device. Raises NotAskedError, WordingAbsentError."""
    manner = Manner(
        by=f"participant:{visit().code}",
        language=looks.current().language,
        device=device(),
        respondent=respondent,
        because=because,
    )
    made = opening.open_form(here.session, here.person, here.form, here.occasion, manner)
    kept = {name: value for name, value in session.get(_COOKIE, {}).items() if name != _name(here)}
    newest = list(kept.items())[-(_MOST - 1) :]
    session[_COOKIE] = dict(
        [*newest, (_name(here), [str(made.id), clock.microseconds(made.began_at)])]
    )
    return made


def rested(here: Here) -> None:
    """Note that a pause was offered now."""
    kept = dict(session.get(_COOKIE, {}))
    if _name(here) in kept:
        kept[_name(here)] = [kept[_name(here)][0], clock.microseconds(clock.now())]
        session[_COOKIE] = kept


def since_rest(here: Here) -> float:
    """Return for how many seconds this browser has been at the form without the offer of a pause."""
    kept = session.get(_COOKIE, {}).get(_name(here))
    return (clock.microseconds(clock.now()) - kept[1]) / 1e6 if kept else 0.0


def device() -> dict[str, str | float]:
    """Return what this request tells of the device: its browser, and what a script adds on the page.

    `skew_seconds`: by how much its clock was ahead of ours when the form was sent.
    """
    facts: dict[str, str | float] = {"browser": (request.user_agent.string or "")[:200]}
    for name in _FACTS:
        told = request.form.get(f"device-{name}", "").strip()
        if told and len(told) <= _LONGEST_FACT and told.isprintable():
            facts[name] = told
    skew = _skew(str(facts.pop("clock", "")))
    return facts if skew is None else facts | {"skew_seconds": skew}


def _skew(told: str) -> float | None:
    try:
        moment = datetime.fromisoformat(told)
    except ValueError:
        return None
    return None if moment.tzinfo is None else round((moment - clock.now()).total_seconds(), 3)


def _name(here: Here) -> str:
    return f"{here.form}|{here.occasion}"
