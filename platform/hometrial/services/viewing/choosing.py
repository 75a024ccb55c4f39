"""Which people of the table are wanted, and in which order; the same for the page, its file and its bulk actions."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from hometrial.services.viewing import roster
from hometrial.services.viewing.roster import Person

_NEVER = datetime(1, 1, 1, tzinfo=UTC)


def _last_sync(each: Person) -> Any:
    return roster.last_sync(each) or _NEVER


COLUMNS: Mapping[str, tuple[str, Callable[[Person], Any]]] = {
    "code": ("Person", lambda each: (len(each.code), each.code)),
    "status": ("Status", lambda each: each.status),
    "rest": ("Rest", lambda each: each.rest),
    "link": ("Link", lambda each: each.link),
    "sync": ("Last sync", _last_sync),
    "wear": ("Wear, 7 days", lambda each: -1.0 if each.wear is None else each.wear),
    "diary": ("Last diary", lambda each: each.diary or date.min),
    "dose": ("Dose", lambda each: each.dose.mg if each.dose else Decimal(-1)),
    "consent": ("Consent", lambda each: (not each.signs_anew, each.consent or "")),
    "tasks": ("Tasks", lambda each: each.tasks),
    "rows": ("Open rows", lambda each: each.open_rows),
    "site": ("Site", lambda each: each.site),
}
"""What can be sorted by: each column with its heading; what is worst comes first where there is a worst."""
DOWNWARDS = frozenset({"tasks", "rows"})
"""Columns whose largest value is looked at first."""
MARKS: Mapping[str, tuple[str, Callable[[Person], bool]]] = {
    "trouble": ("link in trouble", lambda each: each.is_in_trouble),
    "tasks": ("with open tasks", lambda each: each.tasks > 0),
    "paused": ("paused", lambda each: each.rest == "paused"),
    "bad_day": ("on a bad day", lambda each: each.rest == "bad day"),
    "anew": ("must sign anew", lambda each: each.signs_anew),
    "unlinked": ("no link", lambda each: not each.latest.statuses),
}
"""What people can be narrowed to, beside what a column says."""


@dataclass(frozen=True)
class Wanted:
    """Which people are asked for; nothing: all of them."""

    q: str = ""
    status: str = ""
    mark: str = ""
    dose: str = ""
    consent: str = ""
    site: str = ""
    sort: str = "code"
    down: bool = False

    @property
    def is_narrowed(self) -> bool:
        """Whether somebody may be left out."""
        return any((self.q, self.status, self.mark, self.dose, self.consent, self.site))

    def holds(self, each: Person) -> bool:
        """Say whether a person is asked for."""
        said = (
            (self.status, each.status),
            (self.dose, each.dose.words if each.dose else "none"),
            (self.consent, each.consent or "none"),
            (self.site, each.site),
        )
        return (
            all(not asked or asked == found for asked, found in said)
            and (not self.q or self.q.upper() in each.code)
            and (not self.mark or MARKS[self.mark][1](each))
        )


def chosen(people: Iterable[Person], wanted: Wanted) -> list[Person]:
    """Return the people asked for, in the order asked for; who is equal stays in the order of pseudonyms."""
    found = [each for each in people if wanted.holds(each)]
    found.sort(key=COLUMNS["code"][1])
    found.sort(key=COLUMNS[wanted.sort][1], reverse=wanted.down)
    return found


@dataclass(frozen=True)
class Choices:
    """What can be narrowed to, by what there is."""

    statuses: Sequence[str]
    doses: Sequence[str]
    consents: Sequence[str]
    sites: Sequence[str]


def choices(people: Sequence[Person]) -> Choices:
    """Return what the people at hand can be narrowed to."""
    doses = {(each.dose.mg, each.dose.words) for each in people if each.dose}
    return Choices(
        sorted({each.status for each in people}),
        [words for _, words in sorted(doses)]
        + (["none"] if any(not p.dose for p in people) else []),
        sorted({each.consent or "none" for each in people}),
        sorted({each.site for each in people}),
    )
