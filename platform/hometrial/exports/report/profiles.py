"""One small panel a person: the dose as steps, the primary outcome as points, the diary by week, crashes as bars."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date

from hometrial.exports.report.blocks import Section
from hometrial.exports.report.drawing import Drawing, Scale, ticks
from hometrial.exports.report.effects import effects
from hometrial.exports.report.material import Frame, Material
from hometrial.exports.report.saying import number
from hometrial.exports.report.series import code, is_at_visits
from hometrial.exports.source.reading import Row
from hometrial.protocol.outcomes import FormOutcome, LaboratoryOutcome, Outcome

_WIDE, _TALL, _ACROSS, _GAP = 225.0, 132.0, 3, 12.0
_IN_A_FIGURE = 15
"""So many fit on a sheet of paper under the heading."""
_BEFORE, _LONGEST = -28, 1500
_WEEKS_FROM, _WEEKS_TO = 1000, 2000


def section(material: Material) -> Section:
    """Return the section."""
    made = Section("profiles", "Everybody's own course")
    people = material.population("SAF")
    points, diary = _outcome(material, averaged=False), _outcome(material, averaged=True)
    if not people:
        made.say("Nobody has taken a dose.")
        return made
    panels = _Panels(material, people, points, diary)
    told = list(panels.told())
    if any(row["kind"] == "begun" for row in material.source.rows("bad_day")):
        told.append("bars at the foot: declared bad days")
    for first in range(0, len(people), _IN_A_FIGURE):
        some = people[first : first + _IN_A_FIGURE]
        who = some[0] if len(some) == 1 else f"{some[0]} to {some[-1]}"
        caption = f"{who}, over days from the first dose; {'; '.join(told)}. Scales are the same for everybody."
        made.figure(caption, drawn(panels, some), single=True)
    return made


def _outcome(material: Material, *, averaged: bool) -> Outcome | None:
    """Return the first outcome of an endpoint that is at visits, or that is averaged over days."""
    for each in effects(material):
        outcome = each.outcome
        if isinstance(outcome, LaboratoryOutcome) and averaged:
            continue
        if (
            isinstance(outcome, FormOutcome | LaboratoryOutcome)
            and is_at_visits(outcome) != averaged
        ):
            return outcome
    return None


def drawn(panels: "_Panels", people: list[str]) -> Drawing:
    """Draw the panels of some people, three in a row."""
    lines = -(-len(people) // _ACROSS)
    drawing = Drawing(
        _ACROSS * (_WIDE + _GAP),
        lines * (_TALL + _GAP),
        f"{len(people)} panels: dose and outcomes of each person",
    )
    for place, who in enumerate(people):
        left, top = (place % _ACROSS) * (_WIDE + _GAP), (place // _ACROSS) * (_TALL + _GAP)
        panels.draw(drawing, who, left, top)
    return drawing


class _Panels:
    """Scales that all panels share, and what stands in each."""

    def __init__(
        self, material: Material, people: list[str], points: Outcome | None, diary: Outcome | None
    ) -> None:
        self._starts = {who: material.persons[who]["TRTSDT"] for who in people}
        self._doses = material.source.by_person("dose_day")
        self._crashes = _bad_days(material)
        self._outcomes = (points, diary)
        self._points = _values(material, points, weekly=False)
        self._diary = _values(material, diary, weekly=True)
        lasting = [
            (row["day"] - self._starts[who]).days
            for who in people
            for row in self._doses.get(who, ())
        ]
        last_point = [int(each) for each in self._points["ADY"].dropna()]
        self._last = min(max([28, *lasting, *last_point]), _LONGEST)
        self._top_mg = (
            max(
                (row["mg_most"] or 0 for who in people for row in self._doses.get(who, ())),
                default=1,
            )
            or 1
        )

    def told(self) -> Iterator[str]:
        """Say what is drawn, from which value at the foot of a panel to which at its top."""
        yield f"filled steps: mg a day taken, from 0 to {self._top_mg:g}"
        for outcome, values, what in (
            (self._outcomes[0], self._points, "points: {}"),
            (self._outcomes[1], self._diary, "line: {}, by week"),
        ):
            if outcome is not None:
                said = what.format(outcome.label)
                known = values["AVAL"]
                yield (
                    f"{said}, from {number(known.min())} to {number(known.max())}"
                    if len(values)
                    else said
                )

    def draw(self, drawing: Drawing, who: str, left: float, top: float) -> None:
        """Draw one person's panel."""
        across = Scale(_BEFORE, self._last, left + 6, left + _WIDE - 6)
        low, high = top + _TALL - 18, top + 20
        drawing.box(left, top, (_WIDE, _TALL), "none", "grid")
        drawing.words(left + 7, top + 14, who, size=10.5, is_bold=True)
        self._steps(drawing, who, across, Scale(0, self._top_mg * 1.15, low, high))
        for day in self._crashes.get(who, ()):
            at = (day - self._starts[who]).days
            if _BEFORE <= at <= self._last:
                drawing.line((across(at), low - 1), (across(at), low + 4), ink="one", width=1.5)
        self._line(drawing, who, across, (low, high))
        self._dots(drawing, who, across, (low, high))
        drawing.line((across(0), high), (across(0), low), ink="soft", dashed=True, width=0.7)
        for tick in [each for each in ticks(0, self._last, 3) if each <= self._last]:
            drawing.words(
                across(tick), top + _TALL - 4, f"{tick:g}", size=9, ink="soft", anchor="middle"
            )

    def _steps(self, drawing: Drawing, who: str, across: Scale, up: Scale) -> None:
        start = self._starts[who]
        run: list[Row] = []
        for row in [*self._doses.get(who, ()), None]:
            ends = run and (
                row is None
                or row["mg_least"] != run[0]["mg_least"]
                or row["status"] != run[0]["status"]
            )
            if ends:
                first, last = ((run[at]["day"] - start).days for at in (0, -1))
                if run[0]["status"] == "taken" and first >= _BEFORE:
                    left, right = across(first), across(min(last + 1, self._last))
                    at = up(run[0]["mg_least"] or 0)
                    drawing.box(
                        left, at, (max(0.3, round(right - left, 2)), round(up(0) - at, 2)), "low"
                    )
                run = []
            if row is not None and (row["day"] - start).days <= self._last:
                run.append(row)

    def _line(self, drawing: Drawing, who: str, across: Scale, span: tuple[float, float]) -> None:
        own = self._diary[self._diary["SUBJID"] == who]
        up = _own_scale(self._diary, span)
        places = [
            (across(day), up(value))
            for day, value in zip(own["ADY"], own["AVAL"], strict=True)
            if _BEFORE <= day <= self._last
        ]
        drawing.line(*places, ink="four", width=1.2)

    def _dots(self, drawing: Drawing, who: str, across: Scale, span: tuple[float, float]) -> None:
        own = self._points[self._points["SUBJID"] == who]
        up = _own_scale(self._points, span)
        for day, value in zip(own["ADY"], own["AVAL"], strict=True):
            drawing.dot(across(min(max(day, _BEFORE), self._last)), up(value), "two", 3)


def _own_scale(values: Frame, span: tuple[float, float]) -> Scale:
    if values.empty:
        return Scale(0, 1, *span)
    return Scale(float(values["AVAL"].min()), float(values["AVAL"].max()), span[0] - 4, span[1] + 4)


def _values(material: Material, outcome: Outcome | None, *, weekly: bool) -> Frame:
    """Return day and value of an outcome: its visits, or its weekly means."""
    columns = ["SUBJID", "ADY", "AVAL"]
    if outcome is None:
        return Frame(columns=columns)
    table = material.frame("ADLB" if isinstance(outcome, LaboratoryOutcome) else "ADQS")
    rows = table[
        (table["PARAMCD"] == code(material, outcome)) & table["ADY"].notna() & table["AVAL"].notna()
    ]
    if weekly:
        rows = rows[
            (rows["DTYPE"] == "AVERAGE") & rows["AVISITN"].between(_WEEKS_FROM - 100, _WEEKS_TO)
        ]
    else:
        rows = rows[rows["ANL01FL"] == "Y"]
    return rows.sort_values(["SUBJID", "ADY"])[columns]


def _bad_days(material: Material) -> dict[str, list[date]]:
    """Return the days on which each person declared that bad days began."""
    found: dict[str, list[date]] = defaultdict(list)
    for row in material.source.rows("bad_day"):
        if row["kind"] == "begun" and row["at"]:
            found[row["participant"]].append(date.fromisoformat(str(row["at"])[:10]))
    return found
