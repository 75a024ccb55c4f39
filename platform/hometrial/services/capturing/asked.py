"""Source tables of what people were asked, and of the days on which they were too ill to be asked."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial.db import among, once
from hometrial.exports.source.reading import Row
from hometrial.models import BadDay
from hometrial.protocol.windows import Standing
from hometrial.questionnaires import loading
from hometrial.services.asking import completeness, definitions, occasions
from hometrial.services.asking.completeness import Fate, Line
from hometrial.services.asking.occasions import Calendar, Occasion
from hometrial.services.capturing.forms import opened
from hometrial.services.capturing.people import Person, moment, people

LANGUAGE = "en"
"""An optional form is asked where the site has its words in this language, as the worker and the pages have it."""
_STATES = {
    Fate.ANSWERED: "received",
    Fate.LATE: "received",
    Fate.MISSED: "missing",
    Fate.EXCUSED: "excused",
    Fate.OPEN: "open",
}


def expected_forms(session: Session) -> Iterator[Row]:
    """Yield every form that the protocol asks of each person in their arm, also those that are yet to open.

    Of somebody without a time zone no day is known, and nothing is expected, as on their pages.
    """
    begun = {
        (each.person.code, each.response.form, each.response.occasion): str(each.response.id)
        for each in opened(session).values()
    }
    known, now = people(session), moment(session)
    zones = {each: person.zones for each, person in known.items() if person.zones is not None}
    calendars = occasions.calendars_of(session, [each.row for each in known.values()], zones)
    for each, lines in completeness.lines_of(session, calendars, LANGUAGE, now):
        person = known[each]
        for row in _of_person(session, person, calendars[each], lines):
            key = (person.code, row["form"], row["occasion"])
            yield row | {"response": begun.get(key)}


def _of_person(
    session: Session, person: Person, calendar: Calendar, lines: Iterable[Line]
) -> Iterator[Row]:
    for line in lines:
        excused = line.reason if line.fate is Fate.EXCUSED else None
        yield _line(person, line.occasion, _STATES[line.fate], excused)
    now = moment(session)
    for each in occasions.occasions(calendar):
        if _is_to_come(each, now) and _has_words(session, each):
            yield _line(person, each, "not_yet", None)


def _is_to_come(each: Occasion, now: datetime) -> bool:
    is_expected = each.is_of_person and not each.unscheduled
    return is_expected and each.opening.standing(now) is Standing.UPCOMING


def _has_words(session: Session, each: Occasion) -> bool:
    if not each.optional:
        return True
    instrument = loading.named(each.instrument)
    key = ("capturing.has_words", each.instrument)
    return once(session, key, lambda: definitions.has_words(session, instrument, LANGUAGE))


def _line(person: Person, each: Occasion, state: str, excused: str | None) -> Row:
    return {
        "id": f"{person.code}/{each.form.id}/{each.name}",
        "participant": person.code,
        "form": each.form.id,
        "occasion": each.name,
        "kind": each.kind,
        "day": each.due,
        "excused": excused,
        "state": state,
    }


def bad_days(session: Session) -> Iterator[Row]:
    """Yield every tap that began bad days or ended them."""
    known = people(session)
    for row in session.scalars(select(BadDay).where(among(BadDay.participant_id, known))):
        person = known[row.participant_id]
        yield {
            "id": str(row.id),
            "participant": person.code,
            "kind": row.kind,
            "severity": row.severity,
            "at": person.local(row.at),
        }
