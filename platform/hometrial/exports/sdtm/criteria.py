"""The criteria of inclusion and exclusion in every version of the protocol, as TI and IE name them."""

from collections.abc import Iterator
from dataclasses import dataclass

from hometrial.declarations import read as read_declaration
from hometrial.exports.sdtm.assembling import pieces
from hometrial.exports.source.reading import Source
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

    A criterion that was worded anew has a code of its own (I1, then I1B). The standard holds 200 characters of it.
    """
    wordings: dict[str, list[str]] = {}
    found = []
    for version, protocol, stored in _versions(source):
        for category, each in (
            *(("INCLUSION", each) for each in protocol.eligibility.inclusion),
            *(("EXCLUSION", each) for each in protocol.eligibility.exclusion),
        ):
            text, known = pieces(each.text)[0], wordings.setdefault(each.id, [])
            if text not in known:
                known.append(text)
            place = known.index(text)
            code = each.id.upper() + (chr(ord("A") + place) if place else "")
            found.append(Criterion(each.id, code, text, category, version, stored))
    return tuple(found)


def _versions(source: Source) -> Iterator[tuple[str, Protocol, str]]:
    rows = source.rows("protocol_version")
    # The one in force comes last, so that who looks up a criterion by its id finds that wording.
    for row in sorted(
        rows, key=lambda row: (bool(row["in_force"]), str(row["published_at"]), row["id"])
    ):
        protocol = read_declaration(row["body"], str(row["id"]), Protocol)
        yield protocol.version, protocol, f"protocol_version/{row['id']}"
