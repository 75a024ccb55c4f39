"""The criteria of inclusion and exclusion in every version of the protocol, as TI and IE name them."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from hometrial.declarations import read as read_declaration
from hometrial.exports.sdtm import naming
from hometrial.exports.source.reading import Source
from hometrial.protocol.eligibility import Criterion as Declared
from hometrial.protocol.model import Protocol


@dataclass(frozen=True)
class Criterion:
    """A criterion of a version: the protocol's `id`, and the `code` that tells its wordings apart."""

    id: str
    code: str
    text: str
    category: str
    version: str
    source: str


def criteria(source: Source) -> tuple[Criterion, ...]:
    """Return the criteria of all versions, the oldest version first.

    A criterion that was worded anew has a code of its own (I1, then I1B). The standard holds 200 characters of it, and
    eight of a code.
    """
    told = list(_told(source))
    known = list(dict.fromkeys(_wording(each) for each, *_ in told))
    texts = naming.distinct({key: key[1] for key in known}, {key: key[0] for key in known})
    codes = _codes(known)
    return tuple(
        Criterion(each.id, codes[_wording(each)], texts[_wording(each)], category, version, stored)
        for each, category, version, stored in told
    )


def _wording(each: Declared) -> tuple[str, str]:
    return each.id, naming.pieces(each.text)[0]


def _codes(known: list[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Return the code of each wording: those of the first wordings come first, so that no later one takes theirs."""
    taken: set[str] = set()
    first = {own: naming.code(own, taken) for own in dict.fromkeys(own for own, _ in known)}
    places: Counter[str] = Counter()
    found = {}
    for own, text in known:
        places[own] += 1
        letter = chr(ord("A") + places[own] - 1)
        again = f"{first[own][:7]}{letter}"
        found[own, text] = first[own] if places[own] == 1 else naming.code(again, taken)
    return found


def _told(source: Source) -> Iterator[tuple[Declared, str, str, str]]:
    for version, protocol, stored in _versions(source):
        for each in protocol.eligibility.inclusion:
            yield each, "INCLUSION", version, stored
        for each in protocol.eligibility.exclusion:
            yield each, "EXCLUSION", version, stored


def _versions(source: Source) -> Iterator[tuple[str, Protocol, str]]:
    rows = source.rows("protocol_version")
    # The one in force comes last, so that who looks up a criterion by its id finds that wording.
    for row in sorted(
        rows, key=lambda row: (bool(row["in_force"]), str(row["published_at"]), row["id"])
    ):
        protocol = read_declaration(row["body"], str(row["id"]), Protocol)
        yield protocol.version, protocol, f"protocol_version/{row['id']}"
