"""What one person is due by the words of a protocol's file: plain dates and clocks, nothing of the services.

It is the other side of the comparison, so it reads the file as YAML and finds the instants of a window by looking
at the person's clock every quarter of an hour; every zone changes at one.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
QUARTER = timedelta(minutes=15)
SAFETY_ONLY = ("stop_drug_safety_only", "stop_contact")
NO_DIARIES = (*SAFETY_ONLY, "stop_diaries")

Homes = tuple[tuple[datetime | None, str], ...]
"""Where a person lives: since when (None: ever), in which zone."""
Key = tuple[str, str]
"""A form and its occasion."""


@dataclass
class Facts:
    """What is so of a person by now: the days of their trial, where they live, their rests, what they chose."""

    file: dict[str, Any]
    homes: Homes
    arm: str | None = None
    days: dict[str, date] = field(default_factory=dict)
    taps: list[tuple[datetime, str]] = field(default_factory=list)
    choices: dict[str, datetime] = field(default_factory=dict)

    @property
    def gone(self) -> date:
        """The day of complete withdrawal, the end of time if there is none."""
        return self.days.get("withdrawal", date.max)

    def today(self, moment: datetime) -> date:
        """The date on the person's own calendar."""
        return clock_of(self.homes, moment).date()


@dataclass(frozen=True)
class Visit:
    """A visit with the days of its window and the instants at which that opens and closes."""

    id: str
    number: int
    due: date
    first: date
    last: date
    opens: datetime
    closes: datetime


@dataclass(frozen=True)
class Question:
    """A form that is asked once; `how`: full, short or excused; `extra`: days added on bad days."""

    due: date
    opens: datetime
    closes: datetime
    how: str
    optional: bool
    extra: int
    of_person: bool


def clock_of(homes: Homes, moment: datetime) -> datetime:
    """Return what the person's clock shows, without a zone."""
    zone = [name for since, name in homes if since is None or since <= moment][-1]
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def _quarters(homes: Homes, wall: datetime) -> Iterator[datetime]:
    """Yield the instants at which the clock could show this: all that are 30 hours around it at Greenwich."""
    begin, end = (
        wall.replace(tzinfo=UTC) - 30 * 4 * QUARTER,
        wall.replace(tzinfo=UTC) + 120 * QUARTER,
    )
    moves = [since for since, _ in homes if since is not None and begin <= since <= end]
    ahead = clock_of(homes, begin) - begin.replace(tzinfo=None)
    if not moves and ahead == clock_of(homes, end) - end.replace(tzinfo=None):
        # Nobody moves and no clock changes: the quarters around the one that shows it are enough.
        begin, end = (
            (wall - ahead).replace(tzinfo=UTC) - QUARTER,
            (wall - ahead).replace(tzinfo=UTC) + QUARTER,
        )
    while begin <= end:
        yield begin
        begin += QUARTER


@cache
def first_showing(homes: Homes, wall: datetime) -> datetime:
    """Return the first instant at which the person's clock shows this or later."""
    return next(each for each in _quarters(homes, wall) if clock_of(homes, each) >= wall)


@cache
def no_more_before(homes: Homes, wall: datetime) -> datetime:
    """Return the instant from which on the person's clock never again shows less than this."""
    return max(each for each in _quarters(homes, wall) if clock_of(homes, each) < wall) + QUARTER


def midnight(day: date) -> datetime:
    return datetime.combine(day, time.min)


def epochs(facts: Facts) -> list[tuple[dict[str, Any], date, date]]:
    """Return the epochs of the person's arm that have a first day, with it and the last that they can have."""
    found, planned = [], None
    for epoch in facts.file["epochs"]:
        if epoch.get("arms") and facts.arm not in epoch["arms"]:
            continue
        begins = epoch.get("begins")
        if begins:
            known = facts.days.get(begins["anchor"])
            planned = known and known + begins["day"] * DAY
        if planned:
            longest = planned + (epoch.get("max_days") or epoch["days"]) * DAY - DAY
            ended = facts.days.get(epoch.get("ends", ""), date.max)
            found.append((epoch, planned, min(longest, ended, facts.gone)))
            planned += epoch["days"] * DAY
    return found


def epoch_on(facts: Facts, day: date) -> tuple[str, date] | None:
    """Return the epoch of a day and its first day: of those that have begun the latest in the file."""
    begun = [each for each in epochs(facts) if each[1] <= day]
    if not begun or day > begun[-1][2]:
        return None
    return begun[-1][0]["id"], begun[-1][1]


def visits(facts: Facts) -> list[Visit]:
    """Return every visit whose day is known."""
    found = []
    for visit in facts.file["visits"]:
        day_0 = facts.days.get(visit["anchor"])
        if day_0 is None or (visit.get("arms") and facts.arm not in visit["arms"]):
            continue
        again = visit.get("repeat") or {"every_days": 0, "times": 1}
        for turn in range(again["times"]):
            due = day_0 + (visit["day"] + turn * again["every_days"]) * DAY
            first, last = due + visit["window"][0] * DAY, due + visit["window"][1] * DAY
            if visit["anchor"] != "withdrawal":
                last = min(last, facts.gone)
            if due <= last:
                opens, closes = days_open(facts.homes, first, last)
                found.append(Visit(visit["id"], turn + 1, due, first, last, opens, closes))
    return found


def days_open(homes: Homes, first: date, last: date) -> tuple[datetime, datetime]:
    """Return when these days begin and end for the person; days that all fell away are the next one lived."""
    opens = first_showing(homes, midnight(first))
    closes = no_more_before(homes, midnight(last + DAY))
    while closes <= opens:
        last += DAY
        closes = no_more_before(homes, midnight(last + DAY))
    return opens, closes


def bad_days(facts: Facts) -> set[date]:
    """Return the days on which the person rests."""
    found: set[date] = set()
    hours = timedelta(hours=facts.file["bad_days"]["rest_hours"])
    for at, what in facts.taps:
        if what == "bad":
            day = facts.today(at)
            until = max(day + DAY, facts.today(at + hours))
            better = [
                facts.today(then) for then, told in facts.taps if told == "better" and then >= at
            ]
            while day < min([until, *better[:1]]):
                found.add(day)
                day += DAY
    return found


def questions(facts: Facts, around: date | None = None) -> dict[Key, Question]:
    """Return what is asked in questionnaires, all of it, or what has days within a week of one."""
    bad = bad_days(facts)
    found = dict(_of_visits(facts, bad, around))
    found.update(_diaries(facts, bad, around))
    return {key: cut for key, each in found.items() if (cut := _unless_chosen(facts, key, each))}


def _near(around: date | None, first: date, last: date) -> bool:
    return around is None or (first - 7 * DAY <= around <= last + 15 * DAY)


def _of_visits(facts: Facts, bad: set[date], around: date | None) -> Iterator[tuple[Key, Question]]:
    forms = {each["id"]: each for each in facts.file["forms"]}
    rules = facts.file["bad_days"]
    declared = {each["id"]: each for each in facts.file["visits"]}
    for visit in visits(facts):
        if not _near(around, visit.first, visit.last):
            continue
        optional = declared[visit.id].get("optional_forms", [])
        has_bad = any(visit.first <= day <= visit.last for day in bad)
        for name in [*declared[visit.id].get("forms", []), *optional]:
            if not forms[name].get("instrument"):
                continue
            more = has_bad and name in rules.get("extended_forms", []) and facts.gone == date.max
            extra = rules["extension_days"] if more else 0
            opens, closes = days_open(facts.homes, visit.first, visit.last + extra * DAY)
            of_person = forms[name]["filled_by"] == "participant"
            yield (name, f"{visit.id}#{visit.number}"), Question(
                visit.due, opens, closes, "full", name in optional, extra, of_person
            )  # fmt: skip


def _diaries(facts: Facts, bad: set[date], around: date | None) -> Iterator[tuple[Key, Question]]:
    spans = epochs(facts)
    if not spans:
        return
    first = spans[0][1] if around is None else around - 7 * DAY
    end = max(each[2] for each in spans) if around is None else around + 7 * DAY
    for number in range((end - first).days + 1):
        day = first + number * DAY
        here = epoch_on(facts, day)
        for diary in facts.file["diaries"] if here else ():
            since = (day - here[1]).days - diary["first_day"]
            mine = not diary.get("arms") or facts.arm in diary["arms"]
            if (
                here[0] in diary["epochs"]
                and mine
                and since >= 0
                and since % diary["every_days"] == 0
            ):
                asked = _diary(facts, diary, day, bad)
                if asked:
                    yield (diary["form"], f"{diary['id']}@{day}"), asked


def _diary(facts: Facts, diary: dict[str, Any], day: date, bad: set[date]) -> Question | None:
    first, last = (day + each * DAY for each in diary["window_days"])
    last = min(last, facts.gone)
    at = [datetime.strptime(diary[each], "%H:%M").time() for each in ("opens", "closes")]  # noqa: DTZ007
    opens = first_showing(facts.homes, datetime.combine(first, at[0]))
    closes = no_more_before(
        facts.homes, datetime.combine(last + diary["closes_days_later"] * DAY, at[1])
    )
    begins = first_showing(facts.homes, midnight(first))
    lived = no_more_before(facts.homes, midnight(last + DAY)) > begins and closes > opens
    all_bad = all(first + n * DAY in bad for n in range((last - first).days + 1))
    return Question(day, opens, closes, diary["on_bad_days"] if all_bad else "full", False, 0, True) if lived else None  # fmt: skip


def _unless_chosen(facts: Facts, key: Key, asked: Question) -> Question | None:
    """Return what is left of a question after the person chose to be asked less: nothing, or what was open."""
    stops = NO_DIARIES if "@" in key[1] else SAFETY_ONLY
    chosen = [at for choice, at in facts.choices.items() if choice in stops]
    if not asked.of_person or not chosen or asked.closes <= min(chosen):
        return asked
    if asked.opens >= min(chosen):
        return None
    return Question(asked.due, asked.opens, min(chosen), "excused", asked.optional, asked.extra, True)  # fmt: skip
