"""Where a person is in their trial, as far as their first page tells it apart."""

from datetime import date
from enum import StrEnum

from flask import current_app
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import Participant
from hometrial.protocol.calendar import epoch_spans
from hometrial.protocol.dosing.standing import State
from hometrial.protocol.windows import local_date
from hometrial.services import enrolling
from hometrial.services.agreeing import reconsenting, standing, texts
from hometrial.services.agreeing.texts import TextRefusedError
from hometrial.services.dosing import storing
from hometrial.services.trial import arms, calendars, following, screening
from hometrial.services.trial.calendars import Status

_NOT_IN = ("screen_failure", "declined")


class Stage(StrEnum):
    """A state of a person, each with a page of its own."""

    SCREENING = "nothing to sign yet"
    INVITED = "asked for consent"
    NOT_TAKING_PART = "not taking part"
    WAITING = "waiting to hear when it begins"
    DELAYED = "begins later"
    BEFORE_FIRST_DOSE = "before the first dose"
    UNDER_WAY = "under way"
    COMPLETED = "over"
    WITHDRAWN = "withdrawn"


def stage_of(session: Session, person: Participant, language: str) -> Stage:
    """Return a person's stage. Raises NotInTrialError, ZoneNeededError."""
    protocol = following.protocol_of(session, person)
    zones = enrolling.zones_of(session, person)
    if standing.withdrawn_at(session, person) is not None:
        return Stage.WITHDRAWN
    screened = screening.newest(session, person)
    arm = arms.arm_of(session, person)
    if arm is None and screened is not None and screened.outcome in _NOT_IN:
        return Stage.NOT_TAKING_PART
    if standing.consented_at(session, person) is None:
        return Stage.INVITED if _is_invited(session, person, language) else Stage.SCREENING
    if arm is None:
        return Stage.WAITING
    today = local_date(clock.now(), zones)
    if _has_had_nothing(session, person, today):
        begins_later = any(each.id == arm and each.start_offset_weeks for each in protocol.arms)
        return Stage.DELAYED if begins_later else Stage.BEFORE_FIRST_DOSE
    return Stage.COMPLETED if _is_over(session, person, arm, today) else Stage.UNDER_WAY


def _is_invited(session: Session, person: Participant, language: str) -> bool:
    """Whether there is a document that this person may read now, in their language or in another."""
    languages = (each.language for each in following.protocol_of(session, person).consent.documents)
    for each in dict.fromkeys([language, *languages]):
        try:
            return bool(texts.offered(session, person, each))
        except TextRefusedError as error:
            current_app.logger.info("nothing to sign in %s: %s", each, error)
    return False


def _has_had_nothing(session: Session, person: Participant, today: date) -> bool:
    course = storing.course_of(session, person)
    return course.standing_on(today).state is State.NOT_STARTED and not course.intakes


def _is_over(session: Session, person: Participant, arm: str, today: date) -> bool:
    """Whether nothing is to come: no dose, no day of an epoch, no visit."""
    state = storing.course_of(session, person).standing_on(today).state
    if state in (State.ON, State.HELD):
        return False
    protocol = following.protocol_of(session, person)
    spans = epoch_spans(protocol, arm, following.anchors(session, person))
    if not spans or any(today <= each.days.last for each in spans):
        return False
    agenda = calendars.agenda(session, person)
    return not agenda.of(Status.UPCOMING, Status.DUE)


def is_to_sign_anew(session: Session, person: Participant) -> bool:
    """Say whether a changed document waits for a person who has signed an earlier one."""
    course = storing.course_of(session, person)
    today = local_date(clock.now(), enrolling.zones_of(session, person))
    is_on_drug = course.standing_on(today).state is State.ON
    try:
        return bool(reconsenting.due(session, person, is_on_drug=is_on_drug))
    except TextRefusedError as error:
        current_app.logger.info("nothing to sign anew: %s", error)
        return False
