"""What an address asks for: days and a page, refused with a sentence where it makes no sense."""

from datetime import date

from flask import request
from werkzeug.exceptions import BadRequest
from werkzeug.routing import BaseConverter, ValidationError

from hometrial.services.viewing.days import Days

LONGEST = 400
"""Days that one page shows at most."""


class DayConverter(BaseConverter):
    """A local day in an address, as 2026-10-12."""

    regex = r"\d{4}-\d{2}-\d{2}"

    def to_python(self, value: str) -> date:
        """Read a day; an address with one that no calendar has leads nowhere."""
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            raise ValidationError from error


def days(known: Days | None, length: int) -> Days | None:
    """Return the days asked for by `from` and `to`; by default the last `length` with data.

    None if nothing is asked for and there is no data. Raises BadRequest for what are no days.
    """
    first, last = _day("from"), _day("to")
    if first is None and last is None:
        return known and Days(max(known.first, Days.ending(known.last, length).first), known.last)
    if first is None or last is None:
        raise BadRequest("Give both days, from and to.")
    if not first <= last or (last - first).days >= LONGEST:
        raise BadRequest(f"From {first} to {last} is not between 1 and {LONGEST} days.")
    return Days(first, last)


def _day(name: str) -> date | None:
    text = request.args.get(name, "")
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadRequest(f"{text!r} is not a day; write it like 2026-10-12.") from error


def whole(name: str, otherwise: int, low: int, high: int) -> int:
    """Return a whole number asked for. Raises BadRequest if it is none or outside low..high."""
    text = request.args.get(name, str(otherwise))
    if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
        raise BadRequest(
            f"The {name} {text!r} is refused: it must be a whole number from {low} to {high}."
        )
    return int(text)


def start() -> int:
    """Return the number of the first line of the page asked for."""
    return whole("start", 0, 0, 10_000_000)
