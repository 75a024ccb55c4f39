"""A person of a played trial, whole: on the way in, on the drug, at visits and in front of forms."""

from datetime import date
from typing import Any

from played_calendar import DAY, Key, Question, Visit, questions, visits
from played_doses import Treated
from played_person import Week
from played_stage import Stage

from hometrial.questionnaires import loading as instruments
from hometrial.questionnaires.instrument import ChoiceItem, WordsItem
from hometrial.services.asking import opening, saving, submitting, writing
from hometrial.services.asking.opening import Manner
from hometrial.services.asking.saving import Entry
from hometrial.services.dosing.recording import Role, Word
from hometrial.services.trial import (
    visiting,
)
from hometrial.services.trial.visiting import Held, Missed

DOCTOR = Word("dr-ada", Role.INVESTIGATOR, "as judged")
STAFF = Manner(
    by="ann", language="en", is_staff=True, mode="interview", because="found at the visit"
)


MISSED, LATE, EARLY = 0.08, 0.12, 0.05
"""How often a visit does not take place, or outside its window."""


class Player(Treated):
    """A person who also comes to visits and fills in forms."""

    def expect_visits(self) -> list[tuple[str, int]]:
        """Choose for each visit that has become known on which day it is held; return what is for today."""
        found = []
        for each in self.to_come():
            key = (each.id, each.number)
            if key not in self.planned:
                day = self._chosen(each)
                self.planned[key] = day and max(day, self.today)
            if (self.planned[key] or each.last + DAY) <= self.today:
                found.append(key)
        return found

    def to_come(self) -> list[Visit]:
        """Return the visits that are neither held nor missed, but those that come about by themselves."""
        return [
            each
            for each in visits(self.facts)
            if (each.id, each.number) not in self.held
            and not self.is_system(each.id) and not self.waits((each.id, each.number))
        ]  # fmt: skip

    def _chosen(self, visit: Visit) -> date | None:
        """Return on which day a visit is held, mostly within its window; None: it is missed."""
        luck = self.rng.random()
        if visit.id in self.weeks and (visit.id == "W12" or luck > MISSED + LATE):
            # Staff can enter an index from the first day of the window on; the primary one is never missed.
            luck = 1
        if luck < MISSED:
            return None
        if luck < MISSED + LATE:
            return visit.last + self.rng.randrange(1, 4) * DAY
        if luck < MISSED + LATE + EARLY:
            return visit.first - DAY
        return visit.first + self.rng.randrange((visit.last - visit.first).days + 1) * DAY

    def is_system(self, visit: str) -> bool:
        """Whether a visit is held by the program itself, at the allocation."""
        return any(e["id"] == visit and e["mode"] == "system" for e in self.stage.file["visits"])

    def waits(self, key: tuple[str, int]) -> bool:
        """Whether a visit is held by a script of its own: the index at the end of the run-in, which decides."""
        return key[0] == "W0" and key not in self.planned

    def next_visit(self) -> date | None:
        """Return the next day on which a visit is to be held, or said to be missed."""
        days = [
            self.planned.get((each.id, each.number), each.first) or each.last + DAY
            for each in self.to_come()
        ]
        return min(days, default=None)

    def attend(self) -> None:
        """Hold, or miss, every visit that is chosen for today, and fill in its forms."""
        for key in self.expect_visits():
            seen = next(e for e in visits(self.facts) if (e.id, e.number) == key)
            if self.facts.gone < self.today and seen.id != "ET":
                self.planned[key] = date.max
                continue
            if self.planned[key] is None:
                missed = Missed("too ill to come", "ann")
                visiting.miss(self.session, self.person, seen.id, missed, seen.number)
                self.held[key] = ("missed", None, 0)
                continue
            visiting.hold(self.session, self.person, seen.id, Held(self.today, "phone", "ann"), seen.number)  # fmt: skip
            outside = max((self.today - seen.last).days, 0) or min(
                (self.today - seen.first).days, 0
            )
            self.held[key] = ("held", self.today, outside)
            self.mark()
            self.fill_in(f"{seen.id}#{seen.number}")
            if seen.id in self.weeks and self.stage.now >= seen.opens:
                self.enter_index(f"{seen.id}#{seen.number}", self.weeks[seen.id])

    def enter_index(self, name: str, week: Week) -> None:
        """Have staff enter the index of a week of diaries, every day of it alike: a woman at her standard weight."""
        stools, pain, well_being, haematocrit = week
        days = range(1, 8)
        said: dict[str, Any] = {f"stools_{day}": stools for day in days}
        said |= {f"pain_{day}": pain for day in days}
        said |= {f"well_being_{day}": well_being for day in days}
        said |= dict.fromkeys(("joints", "eyes", "skin", "anal", "fistula", "fever"), 0)
        said |= {"antidiarrhoeal": 0, "mass": 0, "sex": 1, "weight": 60, "standard_weight": 60}
        said["haematocrit"] = haematocrit
        handed = self.hand_in(("cdai", name), said, manner=STAFF)
        self.index[name] = handed.scored.scores["total"]

    # --- forms

    def open_now(self) -> dict[Key, Question]:
        """Return what the person could fill in at this moment."""
        if "withdraw_completely" in self.facts.choices:
            return {}
        return {
            key: each
            for key, each in questions(self.facts, self.today).items()
            if each.opens <= self.stage.now < each.closes and each.of_person and each.how != "excused"
            and self.handed.get(key) in (None, "too ill") and has_words(self.stage, key[0])
        }  # fmt: skip

    def fill_in(self, name: str) -> None:
        """Fill in the forms of an occasion that are open: all of them, or the shortest of who is not daily."""
        minutes = {each["id"]: each["minutes"] for each in self.stage.file["forms"]}
        keys = sorted(
            (k for k in self.open_now() if k[1] == name), key=lambda k: (minutes[k[0]], k)
        )
        for key in keys if self.daily else keys[:1]:
            self.hand_in(key)

    def diaries(self, share: float) -> None:
        """Fill in the diaries that are open, each with this chance; some are begun and left, some too much."""
        for key, asked in self.open_now().items():
            if "@" not in key[1] or self.rng.random() > share:
                continue
            luck = self.rng.random()
            if luck < 0.06:
                self._open(key)
                self.begun.add(key)
            elif luck < 0.12 and self.handed.get(key) is None:
                sitting = self._open(key)
                submitting.too_ill(self.session, self.person, sitting.id)
                self.handed[key] = "too ill"
            else:
                self.hand_in(key, short=asked.how == "short")

    def tell_late(self) -> None:
        """Have staff enter two forms that were left, as they are told by phone."""
        left = [
            (key, each)
            for key, each in questions(self.facts).items()
            if each.closes <= self.stage.now and key not in self.handed and each.of_person
            and each.how != "excused" and has_words(self.stage, key[0])
        ]  # fmt: skip
        for key, each in self.rng.sample(left, min(2, len(left))):
            self.hand_in(key, short=each.how == "short", manner=STAFF)

    def _open(self, key: Key, manner: Manner | None = None) -> Any:
        manner = manner or Manner(by="participant", language="en")
        return opening.open_form(self.session, self.person, *key, manner)

    def hand_in(self, key: Key, said: dict[str, Any] | None = None, *, short: bool = False,
                manner: Manner | None = None) -> Any:  # fmt: skip
        """Answer a form, `said` or the lowest answer to each item, and hand it in."""
        sitting = self._open(key, manner)
        writer = writing.at(self.session, self.person, sitting.id)
        chosen = said or answers_to(writer.instrument, short=short)
        saved = saving.weigh(writer, [Entry(item, value) for item, value in chosen.items()])
        if saved.refused:
            self.stage.fault(f"{self.code}: {key} {saved.refused}")
        saving.store(self.session, saved)
        handed = submitting.submit(self.session, self.person, sitting.id)
        before = self.handed.get(key)
        self.handed[key] = "late" if handed.submission.late else "answered"
        if before not in (None, "too ill"):
            self.handed[key] = before
        return handed


_WORDLESS: dict[str, set[str]] = {}


def has_words(stage: Stage, form: str) -> bool:
    """Say whether a form comes with words; by the licence that its file names."""
    if stage.protocol not in _WORDLESS:
        _WORDLESS[stage.protocol] = {
            each["id"]
            for each in stage.file["forms"]
            if each.get("instrument")
            and not instruments.named(each["instrument"]).licence.text_shipped
        }
    return form not in _WORDLESS[stage.protocol]


def answers_to(instrument: Any, *, short: bool) -> dict[str, Any]:
    """Return the lowest answer to every item that is then asked, so that nobody is called for.

    Of malaise after exertion the highest: who has none is not eligible.
    """
    found: dict[str, Any] = {}
    place = -1 if instrument.id == "dsq_pem" else 0
    options = {name: each[place].value for name, each in instrument.option_sets.items()}
    for item in instrument.items:
        if item.show_if is not None or (short and not item.in_crash):
            continue
        if isinstance(item, ChoiceItem):
            found[item.id] = options[item.options]
        elif not isinstance(item, WordsItem):
            found[item.id] = int(item.low)
    return found
