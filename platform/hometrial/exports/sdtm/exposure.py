"""EX: what was really taken, one row for each interval of one dose, and nothing where nothing was taken."""

from dataclasses import dataclass, field
from datetime import date

from hometrial.exports.sdtm.assembling import PERSON, SOURCE, SUPPLEMENT, Qualifier, Row
from hometrial.exports.sdtm.doses import FREQUENCIES, Dosing, drug, kind
from hometrial.exports.sdtm.stretches import ONE_DAY
from hometrial.exports.sdtm.study import Study
from hometrial.protocol.model import Protocol

UNTOLD = "UNTOLDDY"
"""QNAM: days inside an interval of which nobody told, or not of every part."""
ADJUSTED = {
    "step_up": "DOSE TITRATION",
    "step_down": "DOSE REDUCTION",
    "change": "CHANGE OF SCHEDULE",
    "resume": "RESTART AFTER INTERRUPTION",
    "restart": "RESTART AFTER INTERRUPTION",
}
_ADVERSE_EVENT = "ADVERSE EVENT"
_SAME = 1e-9


@dataclass(frozen=True)
class _Taken:
    """What was taken at once, how often a day, of what, in which epoch."""

    mg: float
    times: int
    form: str
    route: str
    epoch: str

    @property
    def mg_day(self) -> float:
        return self.mg * self.times


@dataclass
class _Interval:
    """Days of one dose; `order`: the one in force on its first day."""

    first: date
    last: date
    taken: _Taken
    order: Row | None
    sources: list[str]
    untold: int = 0


@dataclass
class _Course:
    """A person's intervals as the days go by; `waiting`: days of which nobody told since the last one of the open interval."""

    longest_wait: int
    done: list[_Interval] = field(default_factory=list)
    is_open: bool = False
    waiting: list[str] = field(default_factory=list)

    def close(self) -> None:
        self.is_open, self.waiting = False, []

    def wait(self, source: str) -> None:
        self.waiting.append(source)
        if len(self.waiting) > self.longest_wait:
            self.close()

    def take(self, day: date, taken: _Taken, order: Row | None, told: "_Told") -> None:
        """Go on with the open interval if the dose is the same, or may be as far as it was told."""
        open_one = self.done[-1] if self.is_open else None
        if open_one is None or not _goes_on(open_one.taken, taken, told):
            open_one = _Interval(day, day, taken, order, [])
            self.done.append(open_one)
        else:
            open_one.untold += len(self.waiting)
            open_one.sources += self.waiting
        open_one.untold += not told.is_whole
        open_one.last = day
        open_one.sources.append(told.source)
        self.is_open, self.waiting = True, []


@dataclass(frozen=True)
class _Told:
    """The least and the most that was taken on a day, in mg."""

    least: float
    most: float
    source: str

    @property
    def is_whole(self) -> bool:
        return self.most - self.least < _SAME


def ex(study: Study) -> list[Row]:
    """Return the rows of EX."""
    dosing, days = Dosing(study), study.source.by_person("dose_day")
    intakes = study.source.by_person("intake")
    rows = []
    for person in study.people:
        by_day = _parts(intakes.get(person, []))
        found = _intervals(dosing, sorted(days.get(person, []), key=_by_day), by_day)
        before = [None, *found]
        rows += [
            _row(dosing, person, interval, earlier)
            for earlier, interval in zip(before, found, strict=False)
        ]
    return rows


def _intervals(dosing: Dosing, days: list[Row], parts: dict[date, list[float]]) -> list[_Interval]:
    course = _Course(longest_wait(dosing.study.protocol))
    before: date | None = None
    for row in days:
        if before is not None and row["day"] - before > ONE_DAY:
            course.close()
        before = row["day"]
        told = _Told(row["mg_least"] or 0.0, row["mg_most"] or 0.0, f"dose_day/{row['id']}")
        if told.most < _SAME:
            course.close()
        elif told.least < _SAME:
            course.wait(told.source)
        else:
            order = dosing.orders(row["participant"]).on(row["day"])
            taken = _taken(dosing, row, order, parts.get(row["day"], []))
            course.take(row["day"], taken, order, told)
    return course.done


def longest_wait(protocol: Protocol) -> int:
    """Return how many days of silence are bridged: those after which the protocol goes on with the same dose."""
    same = [
        each.gap_days_max for each in protocol.interruption.restart if each.action == "same_dose"
    ]
    return max((each for each in same if each is not None), default=0)


def _goes_on(before: _Taken, now: _Taken, told: _Told) -> bool:
    if before == now:
        return True
    same_drug = (before.form, before.route, before.epoch) == (now.form, now.route, now.epoch)
    might_be = told.least - _SAME <= before.mg_day <= told.most + _SAME
    return same_drug and might_be and not told.is_whole


def _taken(dosing: Dosing, row: Row, order: Row | None, parts: list[float]) -> _Taken:
    """Say how a day's amount was taken: by its parts if they are equal, else by the order, else all of it a day."""
    mg, times = _portions(row["mg_least"], order, parts)
    orders, day = dosing.orders(row["participant"]), row["day"]
    made = drug(dosing.study, row["formulation"] or orders.formulation(day))
    epoch = dosing.study.epoch(row["participant"], day)
    return _Taken(round(mg, 6), times, made.form, made.route, epoch)


def _portions(mg: float, order: Row | None, parts: list[float]) -> tuple[float, int]:
    """Return the amount taken at once and how often a day."""
    mg_ordered, times = (order["mg"] or 0.0, order["times_a_day"] or 1) if order else (0.0, 1)
    found = mg, 1
    if len(parts) > 1 and abs(sum(parts) - mg) < _SAME:
        if max(parts) - min(parts) < _SAME:
            found = parts[0], len(parts)
    elif abs(mg_ordered - mg) < _SAME:
        found = mg / times, times
    return found if found[1] in FREQUENCIES else (mg, 1)


def _parts(intakes: list[Row]) -> dict[date, list[float]]:
    found: dict[date, list[float]] = {}
    for row in intakes:
        if row["taken"] and row["mg"]:
            found.setdefault(row["day"], []).append(row["mg"])
    return found


def _row(dosing: Dosing, person: str, interval: _Interval, before: _Interval | None) -> Row:
    order, taken = interval.order, interval.taken
    ordered = () if order is None else (f"dose_order/{order['id']}",)
    row: Row = {
        PERSON: person,
        SOURCE: (*ordered, *interval.sources),
        "EXTRT": dosing.study.treatment,
        "EXDOSE": taken.mg,
        "EXDOSU": "mg",
        "EXDOSFRM": taken.form,
        "EXDOSFRQ": FREQUENCIES[taken.times],
        "EXROUTE": taken.route,
        "EXADJ": "" if before is None else adjustment(dosing, order, before.order),
        "EXSTDTC": interval.first.isoformat(),
        "EXENDTC": interval.last.isoformat(),
    }
    if interval.untold:
        row[SUPPLEMENT] = {
            UNTOLD: Qualifier("Days in Interval of Untold Dosing", str(interval.untold), "Derived")
        }
    return row


def adjustment(dosing: Dosing, order: Row | None, before: Row | None) -> str:
    """Say why a dose was changed, where an interval is the first after the order that did it.

    `before`: the order in force when the interval before it began, None where nothing was ordered then.
    """
    if order is None or (before is not None and before["id"] == order["id"]):
        return ""
    if kind(order) == "step_down" and order["id"] in dosing.answers:
        return _ADVERSE_EVENT
    return ADJUSTED.get(kind(order), "")


def _by_day(row: Row) -> date:
    day: date = row["day"]
    return day
