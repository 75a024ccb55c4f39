"""A value's chain: what it rests on, step below step, down to bytes that were sent or to who wrote it and why."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

Facts = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Raw:
    """A place in a payload: its row, where that begins, and its very bytes.

    `body` is None where they cannot be told apart from the rest; then `why` says so. `around`: of a file of lines its
    header and the row, with their numbers.
    """

    payload: str
    provider: str
    path: str
    row: int | None
    size: int
    received_at: datetime
    offset: int | None = None
    body: bytes | None = None
    around: tuple[tuple[int, str], ...] = ()
    why: str = ""

    @property
    def text(self) -> str:
        """The bytes as a person reads them."""
        return "" if self.body is None else self.body.decode(errors="replace")


@dataclass(frozen=True)
class Step:
    """A link of a chain: what it is, what is known of it, and what it rests on in turn."""

    kind: str
    title: str
    facts: Facts = ()
    raw: Raw | None = None
    below: tuple["Step", ...] = ()

    def __iter__(self) -> Iterator["Step"]:
        """Yield this step and every one below it."""
        yield self
        for each in self.below:
            yield from each

    def fact(self, name: str) -> str:
        """Return a fact by its name. Raises KeyError."""
        return dict(self.facts)[name]


@dataclass(frozen=True)
class Chain:
    """Where a source record comes from; `person` is the pseudonym of whom it is about, None if it is about nobody."""

    record: str
    person: str | None
    steps: tuple[Step, ...]

    def of(self, kind: str) -> list[Step]:
        """Return every step of a kind, from the top down."""
        return [step for first in self.steps for step in first if step.kind == kind]

    def document(self) -> dict[str, Any]:
        """Return the chain as JSON holds it; bytes as text."""
        return {
            "record": self.record,
            "participant": self.person,
            "steps": [_document(step) for step in self.steps],
        }


def _document(step: Step) -> dict[str, Any]:
    made: dict[str, Any] = {"kind": step.kind, "title": step.title, "facts": dict(step.facts)}
    if step.raw is not None:
        raw = step.raw
        made["raw"] = {
            "payload_sha256": raw.payload,
            "provider": raw.provider,
            "path": raw.path,
            "row": raw.row,
            "size": raw.size,
            "received_at": raw.received_at.isoformat(),
            "offset": raw.offset,
            "bytes": None if raw.body is None else raw.text,
            "why": raw.why,
        }
    if step.below:
        made["below"] = [_document(each) for each in step.below]
    return made


def facts(known: Mapping[str, Any]) -> Facts:
    """Return what is known as texts; what nobody knows is left out."""
    return tuple((name, told(value)) for name, value in known.items() if value is not None)


def told(value: object) -> str:
    """Write a value: instants and days by ISO 8601, yes and no in words, whole numbers without a fraction."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, float):
        return f"{value:.15g}"
    return str(value)
