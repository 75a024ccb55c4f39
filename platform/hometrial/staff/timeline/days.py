"""What is known of each day of a timeline, in words: the lines of its table, its file, and what hovering shows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from hometrial.protocol.dosing.amounts import written
from hometrial.protocol.dosing.days import DoseDay, Status
from hometrial.services.viewing.timeline.reading import Timeline
from hometrial.services.viewing.timeline.wearables import SHOWN

Value = str | float | None
LABELS = {
    "steps": "Steps",
    "rhr": "Resting heart rate",
    "sleep_minutes": "Asleep",
    "hrv_rmssd": "Variability",
}
UNITS = {"steps": "", "rhr": "per min", "sleep_minutes": "h", "hrv_rmssd": "ms"}


@dataclass(frozen=True)
class Column:
    """A column of the table: its key in addresses and files, its label and unit."""

    key: str
    label: str
    unit: str = ""
    is_number: bool = False


@dataclass(frozen=True)
class Days:
    """The days of a timeline as lines of values, in the order of `columns`; None where nothing is known."""

    timeline: Timeline

    @cached_property
    def columns(self) -> Sequence[Column]:
        """What stands of each day; measures and scores of which nothing is known are left out."""
        found = [
            Column("day", "Day"),
            Column("ordered_mg", "Ordered", "mg", is_number=True),
            Column("taken_mg", "Taken", "mg", is_number=True),
            Column("dose", "Dose"),
        ]
        for name in SHOWN:
            if name in self.timeline.worn.runs:
                found.append(Column(name, LABELS[name], UNITS[name], is_number=True))
                if name in ("steps", "rhr"):
                    label = f"{LABELS[name]}, from usual"
                    found.append(Column(f"{name}_change", label, UNITS[name], is_number=True))
        found.append(Column("worn_hours", "Worn", "h", is_number=True))
        found += [
            Column(f"score_{each.id}", each.label, is_number=True)
            for each in self.timeline.said.scores
            if each.points
        ]
        return (*found, Column("missing", "Missing"), Column("notes", "What happened"))

    @cached_property
    def lines(self) -> Sequence[Mapping[str, Value]]:
        """Every day that was lived, first to last."""
        return [self._line(day) for day, start, end in self.timeline.axis.bounds() if end > start]

    def _line(self, day: date) -> Mapping[str, Value]:
        worn = self.timeline.worn
        line: dict[str, Value] = {"day": day.isoformat(), **self._dose(day)}
        for name, run in worn.runs.items():
            value, change = run.values.get(day), run.change(day)
            per = 60 if name == "sleep_minutes" else 1
            line[name] = None if value is None else round(value / per, 1)
            line[f"{name}_change"] = None if change is None else round(change / per, 1)
        hours = worn.wear.get(day)
        line["worn_hours"] = None if hours is None else round(hours / 60, 1)
        line |= {f"score_{name}": value for name, value in self._scores.get(day, {}).items()}
        line["missing"] = self._missing.get(day)
        line["notes"] = "; ".join(self._notes.get(day, ())) or None
        return line

    def _dose(self, day: date) -> dict[str, Value]:
        known = self.timeline.doses.by_day.get(day)
        if known is None:
            return {"ordered_mg": None, "taken_mg": None, "dose": None}
        return {
            "ordered_mg": float(known.planned) if known.standing.dose else None,
            "taken_mg": float(known.least)
            if known.is_known and (known.planned or known.most)
            else None,
            "dose": self._told(day, known),
        }

    def _told(self, day: date, known: DoseDay) -> str:
        at = [
            f"{written(each.mg)} mg at {each.at:%H:%M}"
            if each.is_exact and each.mg is not None
            else f"{written(each.mg)} mg, nobody said when"
            if each.mg is not None
            else "cream"
            for each in self.timeline.doses.times
            if each.day == day
        ]
        words = [*at, *(str(each).replace("_", " ") for each in known.reasons)]
        if known.status is Status.UNKNOWN:
            words.append("nobody told" if not known.least else "of the rest nobody told")
        if known.status is Status.MISSED and not known.most:
            words.insert(0, "missed")
        return ", ".join(words) or str(known.standing.state)

    @cached_property
    def _scores(self) -> Mapping[date, Mapping[str, float]]:
        found: dict[date, dict[str, float]] = {}
        for score in self.timeline.said.scores:
            for point in score.points:
                day = point.day if score.daily else self.timeline.axis.day_of(point.at)
                found.setdefault(day, {})[score.id] = point.value
        return found

    @cached_property
    def _missing(self) -> Mapping[date, str]:
        hours: dict[date, dict[tuple[str, str], float]] = {}
        axis = self.timeline.axis
        for gap in self.timeline.worn.missing:
            day, end = axis.day_of(gap.start), axis.day_of(gap.end - timedelta(seconds=1))
            while day <= end:
                begins, ends = axis.start(day), axis.start(day + timedelta(1))
                part = min(gap.end, ends) - max(gap.start, begins)
                key = (gap.stream.replace("_", " "), gap.cause.replace("_", " "))
                found = hours.setdefault(day, {})
                found[key] = found.get(key, 0.0) + part.total_seconds() / 3600
                day += timedelta(1)
        return {
            day: "; ".join(
                f"{stream} {round(each, 1):g} h {cause}" for (stream, cause), each in found.items()
            )
            for day, found in hours.items()
        }

    @cached_property
    def _notes(self) -> Mapping[date, Sequence[str]]:
        found: dict[date, list[str]] = {}
        for day, text in self._happened():
            if text not in found.setdefault(day, []):
                found[day].append(text)
        return found

    def _happened(self) -> Iterator[tuple[date, str]]:
        axis = self.timeline.axis
        for shade in self.timeline.shades:
            day = axis.day_of(shade.start)
            while day <= axis.days.last and axis.start(day) < shade.end:
                yield day, shade.text
                day += timedelta(1)
        for order in self.timeline.doses.ordered:
            if order.begins:
                yield (
                    axis.day_of(order.start),
                    f"{order.kind}{f': {order.why}' if order.why else ''}",
                )
        for event in self.timeline.adverse:
            if axis.is_inside(event.start):
                level = "" if event.level is None else f", grade {event.level}"
                began = "begins" if event.is_dated else "told, without a date"
                yield axis.day_of(event.start), f"{event.name}{level} {began}"
        for mark in self.timeline.marks:
            yield axis.day_of(mark.at), mark.text
