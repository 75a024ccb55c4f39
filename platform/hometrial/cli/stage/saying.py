"""What the demo's people say to a form: mild, so that nothing is an alarm that nobody meant."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from hometrial.questionnaires.instrument import ChoiceItem, Instrument, Item, NumberItem, ScaleItem
from hometrial.questionnaires.operations import Source
from hometrial.services.asking.occasions import Occasion
from hometrial.services.rehearsing.forms import Say

CALM = frozenset({"phq9", "phq8", "gad7", "side_effects"})
"""Instruments to which everybody says that nothing troubles them."""
_FILLED = 0.88  # share of diaries that are filled in
_BETTER_BY = 0.25  # of a scale, after 12 weeks on the drug
_CALM_ITEMS = frozenset({"opioid", "dose_taken", "headache", "insomnia", "low_mood", "crash"})


@dataclass(frozen=True)
class Mood:
    """How a person answers: their dice, how bad it is for them (0 to 1), and since when the drug helps, if it does."""

    dice: random.Random
    level: float
    helped_since: date | None
    crashes: frozenset[date]

    def on(self, day: date) -> float:
        """Return how bad a day is, 0 to 1."""
        bad = self.level + 0.25 * (day in self.crashes)
        if self.helped_since is not None and day > self.helped_since:
            bad -= _BETTER_BY * min(1.0, (day - self.helped_since).days / 84)
        return min(1.0, max(0.0, bad + self.dice.uniform(-0.12, 0.12)))


def say_of(mood: Mood) -> Say:
    """Return what a person says."""

    def say(occasion: Occasion, instrument: Instrument, item: Item) -> Any:
        if mood.dice.random() < 0.01 and instrument.id == "ldn_me_diary":
            return None
        bad = mood.on(occasion.due)
        if isinstance(item, ChoiceItem):
            return _chosen(instrument, item, bad)
        if isinstance(item, ScaleItem):
            place = 1 - bad if _is_better_high(instrument, item.id, item.low, item.high) else bad
            return item.low + round((item.high - item.low) * place)
        return _number(item, bad) if isinstance(item, NumberItem) else None

    return say


def _chosen(instrument: Instrument, item: ChoiceItem, bad: float) -> Any:
    values = [option.value for option in instrument.option_sets[item.options]]
    if instrument.id in CALM or any(item.id.startswith(each) for each in _CALM_ITEMS):
        return values[0]
    if instrument.id == "ldn_me_diary":
        return values[0] if bad < 0.75 else values[min(1, len(values) - 1)]
    if (
        instrument.id == "dsq_pem"
    ):  # at the screening; who has no malaise after exertion is not in this trial
        bad = max(bad, 0.6)
    place = 1 - bad if _is_better_high(instrument, item.id, values[0], values[-1]) else bad
    return values[round((len(values) - 1) * place)]


def _is_better_high(instrument: Instrument, item: str, low: float, high: float) -> bool:
    """Return whether who is better answers higher, by the first score with a direction that the item is a part of."""
    for score in instrument.scores:
        if score.direction is not None and item in getattr(score, "items", ()):
            recoding = getattr(score, "recoding", None)
            ends = (
                Source({item: end}, instrument.recodings).number(item, recoding)
                for end in (low, high)
            )
            first, last = ends
            rises = first is not None and last is not None and first < last
            return rises == (score.direction == "higher_better")
    return False


def _number(item: NumberItem, bad: float) -> int | float:
    value = item.low + (item.high - item.low) * (1 - bad) * 0.25
    return int(value) if item.type == "integer" else round(value, 1)


def fills(mood: Mood, share: float = _FILLED) -> Callable[[Occasion], bool]:
    """Return whether a person fills a form in: those of visits always, of diaries most."""

    def takes(occasion: Occasion) -> bool:
        return occasion.kind == "visit" or mood.dice.random() < share

    return takes


def crashes(dice: random.Random, first: date, days: int) -> frozenset[date]:
    """Return a person's crash days: about one crash in four weeks, two or three days long."""
    found: set[date] = set()
    for start in range(dice.randrange(20), days, 28):
        found.update(first + timedelta(start + each) for each in range(dice.randint(2, 3)))
    return frozenset(found)
