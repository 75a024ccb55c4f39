"""Screens of a form: one question each, or the few that the instrument itself puts together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from hometrial.questionnaires.instrument import ChoiceItem, Instrument, Item
from hometrial.services.asking.progress import Progress

MOST_TOGETHER = 7
"""So many questions stand on one screen at most."""
NATURAL_STOP = timedelta(minutes=5)
"""After so long a pause is offered (protocol-and-instruments.md 3.2)."""


@dataclass(frozen=True)
class Screen:
    """Items that stand together; `number` of `total` now, which later answers may change."""

    items: tuple[str, ...]
    number: int
    total: int

    @property
    def name(self) -> str:
        """Its address: that of its first item."""
        return self.items[0]


def screens(progress: Progress) -> tuple[Screen, ...]:
    """Return the screens of a form after what was said, in order."""
    groups = _groups(progress.instrument, progress.asked)
    return tuple(Screen(group, place + 1, len(groups)) for place, group in enumerate(groups))


def screen_of(progress: Progress, item: str) -> Screen | None:
    """Return the screen that an item stands on, None if it is not asked now."""
    return next((each for each in screens(progress) if item in each.items), None)


def after(progress: Progress, item: str) -> Screen | None:
    """Return the screen after that of an item, None after the last; the item itself need not be asked any more."""
    order = [each.id for each in progress.instrument.items]
    found = screens(progress)
    here = screen_of(progress, item)
    if here is not None:
        return found[here.number] if here.number < len(found) else None
    place = order.index(item)
    return next((each for each in found if order.index(each.name) > place), None)


def before(progress: Progress, item: str) -> Screen | None:
    """Return the screen before that of an item, None before the first."""
    here = screen_of(progress, item)
    return None if here is None or here.number == 1 else screens(progress)[here.number - 2]


def first_left(progress: Progress) -> Screen | None:
    """Return the first screen with an item that has no word yet, None if all have one."""
    left = set(progress.left)
    return next((each for each in screens(progress) if left & set(each.items)), None)


def _groups(instrument: Instrument, asked: Sequence[str]) -> list[tuple[str, ...]]:
    if instrument.presentation.one_per_screen:
        return [(name,) for name in asked]
    groups: list[list[str]] = []
    open_: dict[tuple[object, ...], list[str]] = {}
    for name in asked:
        item = instrument.item(name)
        assert item is not None  # noqa: S101  # asked items are the instrument's
        key = _together(item)
        group = open_.get(key) if key else None
        if group is None or len(group) == MOST_TOGETHER:
            group = []
            groups.append(group)
            if key:
                open_[key] = group
        group.append(name)
    return [tuple(group) for group in groups]


def _together(item: Item) -> tuple[object, ...] | None:
    """Return what items of one screen share: a grid's stem and answers, or the answer that they follow up."""
    if item.show_if is not None:
        return ("follows", item.show_if)
    if isinstance(item, ChoiceItem) and item.stem is not None:
        return ("grid", item.stem, item.options)
    return None
