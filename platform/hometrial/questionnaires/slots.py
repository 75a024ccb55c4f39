"""The places of an instrument where a participant reads words, each with a key that a text pack uses."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hometrial.questionnaires.declared import Text

if TYPE_CHECKING:
    from hometrial.questionnaires.instrument import Instrument, Item

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Slot:
    """One place for words: its key in a text pack, where it is declared, what stands there.

    A slot that is not `needed` may be empty, such as a help text.
    """

    key: str
    place: Place
    text: Text | None
    needed: bool = True


def slots(instrument: "Instrument") -> Iterator[Slot]:
    """Yield every place for words: `recall`, `stem:<id>`, `<item>`, `<item>:help|low|high`, `option:<set>:<code>`."""
    if instrument.recall:
        yield Slot("recall", ("recall", "text"), instrument.recall.text, needed=False)
    for name, text in instrument.stems.items():
        yield Slot(f"stem:{name}", ("stems", name), text)
    for number, item in enumerate(instrument.items):
        yield from _slots_of(item, ("items", number))
    for name, options in instrument.option_sets.items():
        for number, option in enumerate(options):
            place = ("option_sets", name, number, "text")
            yield Slot(f"option:{name}:{option.code}", place, option.text)


def _slots_of(item: "Item", place: Place) -> Iterator[Slot]:
    yield Slot(item.id, (*place, "text"), item.text)
    yield Slot(f"{item.id}:help", (*place, "help"), item.help, needed=False)
    if item.type == "scale":
        yield Slot(f"{item.id}:low", (*place, "low_text"), item.low_text)
        yield Slot(f"{item.id}:high", (*place, "high_text"), item.high_text)
