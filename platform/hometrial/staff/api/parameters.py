"""Values that requests bring, and how each is read."""

import base64
import json
from collections.abc import Callable, Collection
from datetime import date, datetime
from typing import Any

from hometrial.exports.deidentifying import PROFILES
from hometrial.staff.api.declaring import Parameter
from hometrial.staff.api.problems import ValueWrongError

LARGEST_PAGE, USUAL_PAGE = 10_000, 1_000
_TEXT = {"type": "string"}


def _listed(name: str) -> Callable[[str], tuple[str, ...]]:
    def read(told: str) -> tuple[str, ...]:
        found = tuple(each.strip() for each in told.split(","))
        if not all(found):
            raise ValueWrongError(name, told, "give names with commas between")
        return found

    return read


def one_of(name: str, text: str, choices: Collection[str]) -> Parameter:
    """Return a parameter that is one of some words."""

    def read(told: str) -> str:
        if told not in choices:
            raise ValueWrongError(name, told, f"choose from {', '.join(choices)}")
        return told

    return Parameter(name, text, {"type": "string", "enum": list(choices)}, read)


def _limit(told: str) -> int:
    if not (
        told.isascii() and told.isdecimal() and len(told) < 6 and 1 <= int(told) <= LARGEST_PAGE
    ):
        raise ValueWrongError("limit", told, f"give a whole number from 1 to {LARGEST_PAGE}")
    return int(told)


def moment(told: str) -> datetime:
    """Read an instant. Raises ValueWrongError for one without an offset."""
    try:
        found = datetime.fromisoformat(told)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise ValueWrongError(
            "changed_since",
            told,
            "give an instant with its offset, as 2026-11-28T10:15:00Z; write + as %2B",
        )
    return found


def _day(name: str) -> Callable[[str], date]:
    def read(told: str) -> date:
        try:
            return date.fromisoformat(told)
        except ValueError as error:
            raise ValueWrongError(name, told, "give a day as 2026-11-28") from error

    return read


def cursor_of(*told: object) -> str:
    """Return a cursor: opaque to who holds it."""
    return base64.urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("=")


def _cursor(told: str) -> tuple[str, int, str]:
    try:
        name, start, asked = json.loads(base64.urlsafe_b64decode(told + "=" * (-len(told) % 4)))
    except (ValueError, TypeError) as error:
        raise _no_cursor(told) from error
    if not (isinstance(name, str) and isinstance(start, int) and isinstance(asked, str) and 0 <= start < 1 << 62):  # fmt: skip
        raise _no_cursor(told)
    return name, start, asked


def _no_cursor(told: str) -> ValueWrongError:
    return ValueWrongError(
        "cursor",
        told,
        "`next` of the page before is the whole address of this one; get it as it is, or begin without a cursor",
    )


PARTICIPANT = Parameter(
    "participant", "Rows of these people alone: pseudonyms with commas between.", _TEXT, _listed("participant")
)  # fmt: skip
COLUMNS = Parameter("columns", "These columns alone, in this order.", _TEXT, _listed("columns"))
PROFILE = one_of(
    "profile",
    "What stays behind. study (the usual one): words that somebody typed; words: nothing, for data managers; "
    "blinded: words, and what tells the arm.",
    [name for name, each in PROFILES.items() if not each.shifted],
)
LIMIT = Parameter(
    "limit", f"Rows of a page of JSON; {USUAL_PAGE} if not given.",
    {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE}, _limit,
)  # fmt: skip
CURSOR = Parameter(
    "cursor",
    "Where the page before ended. Pages that follow each other are of one snapshot, whatever is stored meanwhile; it is "
    "kept for a day after the last page was read.",
    _TEXT,
    _cursor,
)
CHANGED_SINCE = Parameter(
    "changed_since",
    "A version (header Hometrial-Version), or any instant. The answer has all rows of those people of whose rows in "
    "this table anything was seen to be other after it - a value, a row more, a row less - whatever did it: a "
    "correction, data that came, a rule, a state that turned with the clock. Put them in the place of all that you have "
    "of these people; `changes` names them, also those who have no rows any more. Nobody whose rows changed is ever "
    "left out; somebody may be among them needlessly after the server was updated. Tables without participant_id "
    "(query, batch, validation_summary) come whole, or with no row.",
    {"type": "string", "format": "date-time"},
    moment,
)
FROM = Parameter("from", "The first local day.", {"type": "string", "format": "date"}, _day("from"))
TO = Parameter("to", "The last local day.", {"type": "string", "format": "date"}, _day("to"))


def place(name: str, text: str, schema: dict[str, Any] | None = None) -> Parameter:
    """Return a part of an address."""
    return Parameter(name, text, schema or _TEXT, place="path")
