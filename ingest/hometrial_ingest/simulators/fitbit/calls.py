"""One request of an application about a person, and the days and words that stand in its path."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from werkzeug import Request

from hometrial_ingest.simulators.fitbit.faults import FitbitFaults
from hometrial_ingest.simulators.fitbit.replies import RefusedError
from hometrial_ingest.simulators.fitbit.tokens import Consent
from hometrial_ingest.simulators.fitbit.wearer import Wearer

_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})", re.ASCII)
_PADDED = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_PERIODS = {"1d": 1, "7d": 7, "1w": 7, "30d": 30, "1m": 30, "3m": 91, "6m": 182, "1y": 365}


@dataclass(frozen=True)
class Call:
    """A call that has passed its checks of token, limit and scope. `now` in seconds UTC."""

    request: Request
    words: Mapping[str, str]
    consent: Consent
    wearer: Wearer
    faults: FitbitFaults
    now: int

    def day(self, text: str, *, padded: bool = True) -> date:
        """Return a day of the path; `today` is the account's. Raises RefusedError (400) if it is none."""
        if text == "today":
            return self.wearer.clock.today(self.now)
        found = _DAY.fullmatch(text)
        if found is None or (padded and not _PADDED.fullmatch(text)):
            raise invalid("date", f"Invalid date: {text}")
        try:
            return date(*map(int, found.groups()))
        except ValueError as error:
            raise invalid("date", f"Invalid date: {text}") from error

    def days(self, first: str, last: str, longest: int) -> list[date]:
        """Return the days from one to another, both included; `last` may be a period that ends on `first`.

        Raises RefusedError (400) for what is no range or longer than `longest` days.
        """
        start = end = self.day(first)
        if last in _PERIODS:
            start = end - timedelta(days=_PERIODS[last] - 1)
        else:
            end = self.day(last)
        count = (end - start).days + 1
        if count < 1:
            raise invalid("endDate", f"The end date {end} is before the start date {start}")
        if count > longest:
            raise invalid("endDate", f"The range of {count} days is longer than {longest} days")
        return [start + timedelta(days=number) for number in range(count)]


def invalid(field: str, message: str) -> RefusedError:
    """Return the refusal of a wrong parameter."""
    return RefusedError(400, "validation", message, field)
