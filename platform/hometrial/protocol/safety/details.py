"""What is known of an adverse event: every field may be empty, but none may contradict another."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date

from hometrial.protocol.dosing.coarse import CoarseDate
from hometrial.protocol.dosing.refusing import RecordRefusedError
from hometrial.protocol.safety import causality, vocabulary
from hometrial.protocol.safety.causality import NaranjoAnswerError
from hometrial.protocol.safety.vocabulary import GRADES, UnknownTermError

SEVERITIES = ("mild", "moderate", "severe")
CRITERIA = (
    "death",
    "life_threatening",
    "hospitalisation",
    "disability",
    "congenital_anomaly",
    "medically_important",
)
"""Of seriousness, the whole list; seriousness is no grade. Hospitalisation: also a prolonged one."""
GRAVEST = frozenset({"death", "life_threatening"})
ACTIONS = ("none", "dose_reduced", "held", "stopped_permanently", "time_changed")
OUTCOMES = ("recovered", "recovering", "not_recovered", "recovered_with_sequelae", "fatal", "unknown")  # fmt: skip
CHALLENGES = ("positive", "negative", "not_done")
"""De-challenge positive: better off the drug; re-challenge positive: back with it."""
_CLOCK_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_CHOICES: Mapping[str, tuple[object, ...]] = {
    "severity": SEVERITIES,
    "grade": GRADES,
    "who_umc": causality.WHO_UMC,
    "action": ACTIONS,
    "outcome": OUTCOMES,
    "dechallenge": CHALLENGES,
    "rechallenge": CHALLENGES,
}


@dataclass(frozen=True, kw_only=True)
class Details:
    """An event as far as it is told or judged; None: nobody has said.

    `start` and `stop` are dates as far as they are known (2026, 2026-03, 2026-03-02), `start_time` the
    person's own clock on that day. `severity` is the person's word, `grade` the investigator's.
    `serious`: the criteria that are met; empty: judged, and not serious.
    """

    verbatim: str = ""
    term: str | None = None
    done: str | None = None
    start: str | None = None
    start_time: str | None = None
    stop: str | None = None
    ongoing: bool | None = None
    severity: str | None = None
    grade: int | None = None
    serious: tuple[str, ...] | None = None
    related: bool | None = None
    who_umc: str | None = None
    naranjo: Mapping[str, str] | None = None
    expected: bool | None = None
    action: str | None = None
    treatment: str | None = None
    outcome: str | None = None
    dechallenge: str | None = None
    rechallenge: str | None = None
    pem_related: bool | None = None
    hys_law: bool | None = None
    pregnancy: bool = False

    @property
    def is_serious(self) -> bool:
        """Whether a criterion is met; what nobody has judged is not serious yet."""
        return bool(self.serious)

    @property
    def is_gravest(self) -> bool:
        """Whether it was fatal or life-threatening."""
        return not GRAVEST.isdisjoint(self.serious or ())

    @property
    def level(self) -> int | None:
        """The grade; until it is judged, the person's own word as one."""
        if self.grade is not None or self.severity is None:
            return self.grade
        return SEVERITIES.index(self.severity) + 1


NAMES = tuple(each.name for each in fields(Details))
"""The fields of an event, in order."""


def faults(details: Details, latest_day: date) -> tuple[str, ...]:
    """Return what cannot be, a sentence each with field, value and way out; what is missing is no fault.

    `latest_day`: the last day that has begun anywhere.
    """
    return (
        *_choices(details),
        *_terms(details),
        *_dates(details, latest_day),
        *_seriousness(details),
        *_causes(details),
    )


def date_of(told: str | None) -> CoarseDate | None:
    """Return a date of an event as the first and last day that it can be."""
    return None if told is None else CoarseDate.of(told)


def _choices(details: Details) -> Iterator[str]:
    for name, options in _CHOICES.items():
        value = getattr(details, name)
        if value is not None and value not in options:
            yield f"{name}: {value!r} is none of {', '.join(map(str, options))}"
    for each in details.serious or ():
        if each not in CRITERIA:
            yield f"serious: {each!r} is no criterion; there are {', '.join(CRITERIA)}"
    if len(set(details.serious or ())) < len(details.serious or ()):
        yield "serious: a criterion is there twice; name it once"


def _terms(details: Details) -> Iterator[str]:
    if details.term is None:
        return
    try:
        vocabulary.shipped().of(details.term)
    except UnknownTermError as error:
        yield str(error)


def _dates(details: Details, latest_day: date) -> Iterator[str]:
    found = {}
    for name in ("start", "stop"):
        told = getattr(details, name)
        try:
            found[name] = _told(name, told, latest_day)
        except RecordRefusedError as error:
            yield f"{name}: {error}"
    start, stop = found.get("start"), found.get("stop")
    if start and stop and stop.last < start.first:
        yield f"stop: {stop} is before the start ({start}); correct one of them"
    if stop is not None and details.ongoing:
        yield f"ongoing: it stopped ({stop}); leave one of them out"
    if details.start_time is None:
        return
    if _CLOCK_TIME.fullmatch(details.start_time) is None:
        yield f"start_time: {details.start_time!r} is no time of day; write 21:30"
    if start is None or not start.is_exact:
        yield "start_time: it needs the day of the start; give that, or leave the time out"


def _told(name: str, told: str | None, latest_day: date) -> CoarseDate | None:
    found = date_of(told)
    if found is None:
        return None
    if "/" in found.told:
        raise RecordRefusedError(f"{told!r} is a range; give one date as far as it is known")
    if found.first > latest_day:
        raise RecordRefusedError(f"{told} is still to come; give when the {name} was")
    return found


def _seriousness(details: Details) -> Iterator[str]:
    died = None if details.serious is None else "death" in details.serious
    if details.outcome == "fatal" and died is False:
        yield "outcome: 'fatal' without death among the criteria of seriousness; correct one"
    if died and details.outcome not in (None, "fatal"):
        yield f"outcome: {details.outcome!r} of an event that led to death; correct one"
    if details.grade is not None and died is not None and died != (details.grade == 5):
        yield f"grade: {details.grade}, but grade 5 and death go together; correct grade or criteria"
    if details.hys_law and not details.is_serious:
        yield "hys_law: it is serious, at least medically_important; name the criterion"


def _causes(details: Details) -> Iterator[str]:
    found = causality.contradiction(related=details.related, who_umc=details.who_umc)
    if found is not None:
        yield f"who_umc: {found}"
    try:
        causality.naranjo(details.naranjo or {})
    except NaranjoAnswerError as error:
        yield f"naranjo: {error}"
