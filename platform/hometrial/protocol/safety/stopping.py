"""The rules that pause a study, evaluated over the events of all its people."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from pydantic import Field, PositiveInt

from hometrial.protocol.declared import Declaration, Distinct, Version
from hometrial.protocol.safety.details import Details
from hometrial.protocol.safety.toxicity import ToxicityBound
from hometrial.protocol.safety.vocabulary import declared


class StoppingRules(Declaration):
    """When enrolment pauses: a related fatal or life-threatening event or one by Hy's law always."""

    schema_: Literal["stopping-rules/1"] = Field(alias="schema")
    version: Version
    related_serious_of_one_kind: PositiveInt
    toxicity: ToxicityBound
    monitor_meets_after_people: Distinct[PositiveInt]

    def meetings_due(self, treated: int) -> int:
        """Return how often the safety monitor must have met for so many people treated."""
        return sum(treated >= each for each in self.monitor_meets_after_people)


@dataclass(frozen=True)
class Event:
    """An event as it is known now: of whom, its number, the coder's name for it if there is one."""

    person: str
    number: int
    details: Details
    preferred: str | None = None

    def __str__(self) -> str:
        return f"{self.person}/{self.number}"


@dataclass(frozen=True)
class Held:
    """A rule that holds: what it found, and the events by which it does."""

    rule: str
    said: str
    events: tuple[Event, ...]


@dataclass(frozen=True)
class Count:
    """A rule as it stands: how many there are, and at how many it holds; None: at no number of so few people."""

    rule: str
    said: str
    now: int
    holds_at: int | None

    @property
    def holds(self) -> bool:
        """Whether it holds by what is counted."""
        return self.holds_at is not None and self.now >= self.holds_at


@cache
def shipped() -> StoppingRules:
    """Return the rules that come with the product."""
    return declared("stopping-rules.yaml", StoppingRules)


def held(events: Sequence[Event], treated: frozenset[str]) -> tuple[Held, ...]:
    """Return the stopping rules that hold. `treated`: everybody who had a dose.

    Related is what was judged so; who has a related event counts as treated.
    """
    related = [each for each in events if each.details.related]
    return (*_gravest(related), *_kinds(related), *_liver(events), *_toxicity(related, treated))


def counts(events: Sequence[Event], treated: frozenset[str]) -> tuple[Count, ...]:
    """Return every stopping rule with what is counted by it; what nobody has judged as related does not count."""
    related = [each for each in events if each.details.related]
    bound, limit = shipped().toxicity, shipped().related_serious_of_one_kind
    toxic = {each.person for each in related if _is_toxic(each.details, bound)}
    people = len(treated | toxic)
    most = max((len(found) for found in _by_kind(related)), default=0)
    return (
        Count("related_fatal", "related events that were fatal or life-threatening",
              sum(each.details.is_gravest for each in related), 1),
        Count("related_serious_of_one_kind", "related serious events of one kind", most, limit),
        Count("liver", "events of liver injury by Hy's law", sum(1 for _ in _injured(events)), 1),
        Count("toxicity_bound",
              f"people of {people} treated with a related event of grade {bound.grade} or more, or who stopped for one",
              len(toxic), bound.pauses_at(people)),
    )  # fmt: skip


def _gravest(related: Sequence[Event]) -> Iterator[Held]:
    found = tuple(each for each in related if each.details.is_gravest)
    if found:
        yield Held("related_fatal", "a related event was fatal or life-threatening", found)


def _kinds(related: Sequence[Event]) -> Iterator[Held]:
    """By our own terms and by the coder's names: two events are of one kind if either says so."""
    limit = shipped().related_serious_of_one_kind
    seen: set[tuple[str, ...]] = set()
    for kinds in _kinds_of(related):
        for kind, found in sorted(kinds.items()):
            names = tuple(map(str, found))
            if len(found) >= limit and names not in seen:
                seen.add(names)
                said = f"{len(found)} related serious events are {kind}"
                yield Held("related_serious_of_one_kind", said, tuple(found))


def _by_kind(related: Sequence[Event]) -> Iterator[list[Event]]:
    for kinds in _kinds_of(related):
        yield from kinds.values()


def _kinds_of(related: Sequence[Event]) -> Iterator[dict[str, list[Event]]]:
    for name in ("term", "preferred"):
        kinds: dict[str, list[Event]] = defaultdict(list)
        for each in related:
            kind = each.details.term if name == "term" else each.preferred
            if each.details.is_serious and kind is not None:
                kinds[kind].append(each)
        yield kinds


def _liver(events: Sequence[Event]) -> Iterator[Held]:
    found = tuple(_injured(events))
    if found:
        yield Held("liver", "liver injury by Hy's law", found)


def _injured(events: Sequence[Event]) -> Iterator[Event]:
    return (each for each in events if each.details.hys_law and each.details.related is not False)


def _toxicity(related: Sequence[Event], treated: frozenset[str]) -> Iterator[Held]:
    bound = shipped().toxicity
    found = tuple(each for each in related if _is_toxic(each.details, bound))
    toxic = {each.person for each in found}
    people = len(treated | toxic)
    if people and bound.is_crossed(people, len(toxic)):
        chance = bound.probability(people, len(toxic))
        said = (
            f"{len(toxic)} of {people} people treated; the rate is above {bound.highest_rate:.0%} "
            f"with a probability of {chance:.3f}"
        )
        yield Held("toxicity_bound", said, found)


def _is_toxic(details: Details, bound: ToxicityBound) -> bool:
    return (details.grade or 0) >= bound.grade or details.action == "stopped_permanently"
