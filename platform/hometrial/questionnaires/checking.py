"""Whether the parts of an instrument fit together: every fault at once, each with its place."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from hometrial.declarations import Fault, refusal
from hometrial.questionnaires.checking_scores import score_faults
from hometrial.questionnaires.conditions import compared_names, parse
from hometrial.questionnaires.slots import Place, Slot, slots
from hometrial.rules import RuleError, names

if TYPE_CHECKING:
    from hometrial.questionnaires.instrument import Instrument

_SHIPPABLE = {"public-domain", "free-no-permission", "cc-by-4.0", "cc-by-2.0"}
_WORDS = {"text", "date", "time"}


def refuse_faults(instrument: "Instrument") -> None:
    """Raise a ValidationError with everything that does not fit, or return."""
    found = list(_faults(instrument))
    if found:
        raise refusal(instrument.id, found)


def _faults(instrument: "Instrument") -> Iterator[Fault]:
    yield from _ids(instrument)
    yield from _options(instrument)
    yield from _references(instrument)
    yield from _shown(instrument)
    yield from _licence(instrument)
    yield from _titles(instrument)
    for slot in slots(instrument):
        yield from _text(instrument, slot)
    yield from score_faults(instrument)
    yield from _conditions(instrument)
    yield from _vectors(instrument)


def _ids(instrument: "Instrument") -> Iterator[Fault]:
    named = [
        *((("items", n, "id"), item.id) for n, item in enumerate(instrument.items)),
        *((("scores", n, "id"), score.id) for n, score in enumerate(instrument.scores)),
    ]
    yield from _twice(named, "items and scores share their names; this one is taken")
    flagged = [(("flags", n, "id"), flag.id) for n, flag in enumerate(instrument.flags)]
    yield from _twice(flagged, "this flag is declared twice")
    alerts = [(("alerts", n, "id"), alert.id) for n, alert in enumerate(instrument.alerts)]
    yield from _twice(alerts, "this alert is declared twice")


def _twice(named: Sequence[tuple[Place, object]], said: str) -> Iterator[Fault]:
    seen: Counter[object] = Counter()
    for place, name in named:
        if seen[name]:
            yield Fault(place, said, name)
        seen[name] += 1


def _options(instrument: "Instrument") -> Iterator[Fault]:
    for name, options in instrument.option_sets.items():
        places = [("option_sets", name, number) for number in range(len(options))]
        values = [((*place, "value"), o.value) for place, o in zip(places, options, strict=True)]
        codes = [((*place, "code"), o.code) for place, o in zip(places, options, strict=True)]
        yield from _twice(values, "two options of one set have this value")
        yield from _twice(codes, "two options of one set have this code")


def _references(instrument: "Instrument") -> Iterator[Fault]:
    used: set[str] = set()
    for number, item in enumerate(instrument.items):
        if item.type == "choice":
            used.add(item.options)
            if item.options not in instrument.option_sets:
                yield Fault(("items", number, "options"), "no such option set", item.options)
        elif item.type in {"scale", "integer", "decimal"} and item.low >= item.high:
            yield Fault(("items", number, "high"), f"high is not above low ({item.low})", item.high)
        if item.stem is not None and item.stem not in instrument.stems:
            yield Fault(("items", number, "stem"), "no such stem", item.stem)
    yield from _unused(("option_sets",), instrument.option_sets, used)
    yield from _unused(("stems",), instrument.stems, {item.stem for item in instrument.items})


def _unused(place: Place, declared: Iterable[str], used: Iterable[str | None]) -> Iterator[Fault]:
    for name in declared:
        if name not in set(used):
            yield Fault((*place, name), "declared, but no item uses it", name)


def _shown(instrument: "Instrument") -> Iterator[Fault]:
    before: set[str] = set()
    for number, item in enumerate(instrument.items):
        place: Place = ("items", number, "show_if")
        if item.show_if is not None:
            yield from _condition(
                instrument, place, item.show_if, before, "an item before this one"
            )
        elif item.hidden_value is not None:
            yield Fault(
                (*place[:2], "hidden_value"), "only an item with show_if can be hidden", None
            )
        before.add(item.id)


def _condition(
    instrument: "Instrument", place: Place, text: str, known: set[str], kind: str
) -> Iterator[Fault]:
    try:
        condition = parse(text)
    except RuleError as error:
        yield Fault(place, str(error), text)
        return
    for name in names(condition):
        if name not in known:
            yield Fault(place, f"{name} is not {kind}", text)
    words = {item.id for item in instrument.items if item.type in _WORDS}
    for name in compared_names(condition):
        if name in words:
            yield Fault(place, f"{name} holds words and cannot be compared with a number", text)


def _licence(instrument: "Instrument") -> Iterator[Fault]:
    licence = instrument.licence
    if licence.text_shipped and licence.status not in _SHIPPABLE:
        said = f"under {licence.status} the wording may not be shipped"
        yield Fault(("license", "text_shipped"), said, value=True)
    if licence.status.startswith("cc-by") and licence.modifications is None:
        said = "CC BY asks to say what was changed; write none if nothing was"
        yield Fault(("license", "modifications"), said, None)


def _titles(instrument: "Instrument") -> Iterator[Fault]:
    if set(instrument.title) != set(instrument.languages):
        said = f"the title stands in {', '.join(instrument.title)}, not in every language"
        yield Fault(("title",), said, instrument.title)


def _text(instrument: "Instrument", slot: Slot) -> Iterator[Fault]:
    shipped, languages = instrument.licence.text_shipped, set(instrument.languages)
    if not shipped:
        if slot.text is not None:
            yield Fault(slot.place, "the licence forbids to ship wording: leave it out", slot.text)
    elif slot.text is None:
        if slot.needed:
            yield Fault(slot.place, f"words are missing ({slot.key})", None)
    elif set(slot.text) != languages:
        absent = ", ".join(sorted(languages ^ set(slot.text)))
        yield Fault(slot.place, f"languages differ from the instrument's in {absent}", slot.text)


def _conditions(instrument: "Instrument") -> Iterator[Fault]:
    items = {item.id for item in instrument.items}
    every = items | {score.id for score in instrument.scores}
    for number, flag in enumerate(instrument.flags):
        place: Place = ("flags", number, "when")
        yield from _condition(instrument, place, flag.when, every, "an item or a score")
    for number, alert in enumerate(instrument.alerts):
        place = ("alerts", number, "when")
        known, kind = (
            (items, "an item") if alert.on == "item_saved" else (every, "an item or a score")
        )
        yield from _condition(instrument, place, alert.when, known, kind)


def _vectors(instrument: "Instrument") -> Iterator[Fault]:
    items = {item.id for item in instrument.items}
    scores = {score.id for score in instrument.scores}
    for number, vector in enumerate(instrument.tests):
        for field, named, known in (
            ("answers", vector.answers, items),
            ("expect", vector.expect, scores),
            ("bands", vector.bands, scores),
        ):
            for name in named:
                if name not in known:
                    yield Fault(("tests", number, field, name), "no such name here", name)
