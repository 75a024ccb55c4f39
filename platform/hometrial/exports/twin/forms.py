"""Source tables of questions: which forms were asked, what was answered, what it comes to."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from hometrial.exports.source.reading import Row
from hometrial.exports.twin.answering import Day, Filled, filled
from hometrial.exports.twin.chance import Chance
from hometrial.exports.twin.doses import Doses
from hometrial.exports.twin.health import bad_stretches
from hometrial.exports.twin.life import Life
from hometrial.exports.twin.visits import Held
from hometrial.protocol.calendar import DueDiary, Span, diaries_due
from hometrial.questionnaires.answers import Answer
from hometrial.questionnaires.instrument import ChoiceItem, Instrument, Item, WordsItem
from hometrial.questionnaires.scoring import SCORER

_KEPT = 0.88
_GAIN, _GAIN_DAYS = 0.15, 84
_HORIZON = timedelta(14)  # so long before it is due a form is expected


@dataclass(frozen=True)
class Asked:
    """A form that was asked once: on which occasion, and when it was sent if it was."""

    form: str
    occasion: str
    kind: str
    due: date
    day: date | None
    short: bool = False
    late: bool = False


@dataclass
class Forms:
    """The rows of one person's forms, table by table; `scored` holds each form's first scores."""

    life: Life
    doses: Doses | None
    rows: dict[str, list[Row]] = field(
        default_factory=lambda: {
            name: [] for name in ("response", "item", "free_answer", "score", "expected_form")
        }
    )
    scored: dict[tuple[str, str], Answer] = field(default_factory=dict)
    chances: dict[str, Chance] = field(default_factory=dict)

    def ask(self, held: list[Held]) -> None:
        """Fill every form of the visits and diaries of a person."""
        for each in held:
            self._visit(each)
        for diary in self._diaries():
            self._diary(diary)

    def _visit(self, held: Held) -> None:
        states = {"held": "received", "missed": "missing", "upcoming": "not_yet"}
        for form in held.due.forms:
            if self.life.setting.instrument_of(form) is None:
                continue
            asked = Asked(form, held.occasion, "visit", held.due.due, held.day)
            if held.due.due <= self.life.setting.until + _HORIZON:
                self._expect(asked, states[held.outcome])
            if held.day is not None:
                self._fill(asked)

    def _diaries(self) -> Iterator[DueDiary]:
        life = self.life
        bad = [Span(first, first + timedelta(2)) for first in bad_stretches(life)]
        last = life.left or life.setting.until + _HORIZON
        for each in diaries_due(life.setting.protocol, life.arm_or_first, life.anchors, bad):
            if each.due <= last and life.fate != "screen_failure":
                yield each

    def _diary(self, due: DueDiary) -> None:
        if self.life.setting.instrument_of(due.form) is None:
            return
        occasion, excused = f"{due.diary}@{due.due}", due.asked == "excused"
        is_kept = self._chance(f"kept/{due.diary}").happens(_KEPT)
        if due.due > self.life.setting.until:
            asked, state = Asked(due.form, occasion, "diary", due.due, None), "not_yet"
        elif excused or not is_kept:
            asked, state = Asked(due.form, occasion, "diary", due.due, None), "missing"
        else:
            asked = Asked(due.form, occasion, "diary", due.due, due.due, due.asked == "short")
            state = "received"
        self._expect(asked, "excused" if excused else state, "bad day" if excused else None)
        if asked.day is not None:
            self._fill(asked)
        elif due.due == self.life.setting.until and not excused:
            self._open(asked)

    def _chance(self, name: str) -> Chance:
        if name not in self.chances:
            self.chances[name] = self.life.chance("form", name)
        return self.chances[name]

    def _expect(self, asked: Asked, state: str, excused: str | None = None) -> None:
        code = self.life.code
        self.rows["expected_form"].append({
            "id": f"{code}/{asked.form}/{asked.occasion}", "participant": code, "form": asked.form,
            "occasion": asked.occasion, "kind": asked.kind, "day": asked.due, "excused": excused, "state": state,
            "response": self._name(asked) if state == "received" else None,
        })  # fmt: skip

    def _name(self, asked: Asked) -> str:
        return self.life.named("response", asked.form, asked.occasion)

    def _open(self, asked: Asked) -> None:
        """A form that was opened on the last day, and not sent."""
        self._respond(asked, self.life.local(asked.due, 1050), None)

    def _respond(self, asked: Asked, opened: str, submitted: str | None) -> None:
        instrument = self.life.setting.instrument_of(asked.form)
        assert instrument is not None  # noqa: S101 - only such forms are filled
        languages = instrument.languages
        self.rows["response"].append({
            "id": self._name(asked), "participant": self.life.code, "form": asked.form,
            "instrument": instrument.id, "instrument_version": instrument.version, "kind": asked.kind,
            "occasion": asked.occasion, "due": asked.due, "opened": opened, "submitted": submitted,
            "revision": 1 if submitted else 0,
            "mode": "web" if instrument.completed_by == "participant" else "interview", "respondent": "self",
            "language": languages[self.life.site % len(languages)], "late": False,
        })  # fmt: skip

    def _fill(self, asked: Asked) -> None:
        instrument = self.life.setting.instrument_of(asked.form)
        assert instrument is not None and asked.day is not None  # noqa: S101, PT018 - checked before
        chance = self._chance(asked.form)
        minute = (1050 if asked.kind == "diary" else 640) + chance.whole(0, 90)
        at = self.life.local(asked.day, minute)
        self._respond(asked, at, self.life.local(asked.day, minute + 4))
        day = Day(asked.day, self._illness(asked.day), self._dose(asked.day), asked.short)
        given = filled(self.life.setting.logic[instrument.id], day, chance, self._fixed(asked))
        self._items(asked, instrument, given, at)
        self._score(asked, instrument, given)

    def _fixed(self, asked: Asked) -> dict[str, Answer]:
        """Return answers at screening without which nobody could have come in: an item that bears a variable is 0."""
        if asked.kind != "visit" or asked.day is None or asked.day > self.life.entered:
            return {}
        return {
            each.origin.score: 0
            for each in self.life.setting.protocol.variables
            if each.origin is not None and each.origin.form == asked.form
        }

    def _illness(self, day: date) -> float:
        """Return how ill they are on a day: less so, for most, the longer they take the drug."""
        chance = self.life.chance("illness")
        start = (
            chance.between(0.75, 0.9, 3)
            if "severe" in self.life.traits
            else chance.between(0.4, 0.75, 3)
        )
        gain = _GAIN * chance.between(-0.3, 1.5, 3)
        first = self.life.anchors.get("first_dose")
        on = 0 if first is None else min(max((day - first).days, 0), _GAIN_DAYS)
        return start - gain * on / _GAIN_DAYS

    def _dose(self, day: date) -> int | None:
        found = None if self.doses is None else self.doses.by_day.get(day)
        if found is None or found.status == "not_planned":
            return None
        return 1 if found.status == "taken" else 3

    def _items(self, asked: Asked, instrument: Instrument, given: Filled, at: str) -> None:
        response, code = self._name(asked), self.life.code
        language = self.rows["response"][-1]["language"]
        for place, item in enumerate(instrument.items, start=1):
            value = given.answers.get(item.id)
            row = {
                "id": f"{response}/{item.id}", "participant": code, "response": response,
                "instrument": instrument.id, "item": item.id,
                "answered": at if item.id in given.asked else None,
            }  # fmt: skip
            if not (isinstance(item, WordsItem) and item.type == "text"):
                answer = _blank(asked, item, given) if value is None else _answered(instrument, item, value, language)  # fmt: skip
                self.rows["item"].append(row | {"place": place} | answer)
            elif value is not None:
                self.rows["free_answer"].append(row | {"words": value})

    def _score(self, asked: Asked, instrument: Instrument, given: Filled) -> None:
        response = self._name(asked)
        found = self.life.setting.logic[instrument.id].scored(given.answers)
        for name, value in (*found.scores.items(), *given.answers.items()):
            self.scored.setdefault((asked.form, name), value)
        for name, value in found.scores.items():
            self.rows["score"].append({
                "id": f"{response}/{name}", "participant": self.life.code, "response": response,
                "instrument": instrument.id, "scorer": SCORER, "score": name, "value": value,
                "band": found.bands.get(name), "answered": found.n_answered, "missing": found.n_missing,
                "prorated": found.prorated,
            })  # fmt: skip


def _blank(asked: Asked, item: Item, given: Filled) -> Row:
    if item.id in given.asked:
        return {"skipped": "skipped", "skip_reason": given.skipped.get(item.id, "unstated")}
    is_short = asked.short and not item.in_crash
    return {"skipped": "not_asked", "skip_reason": "short_form" if is_short else "hidden"}


def _answered(instrument: Instrument, item: Item, value: float | str, language: str) -> Row:
    shown: str | None = str(value)
    if isinstance(item, ChoiceItem):
        chosen = (each.text for each in instrument.option_sets[item.options] if each.value == value)
        shown = (next(chosen) or {}).get(language)
    number = None if isinstance(value, str) else float(value)
    return {"value": str(value), "number": number, "shown": shown}
