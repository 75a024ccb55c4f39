"""Switches of the Fitbit face: what shall go wrong, for whom and how often."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from werkzeug import Request, Response

from hometrial_ingest.simulators.fitbit.replies import hang_up, html_reply, json_reply

RETIREMENT = datetime(2026, 11, 2, tzinfo=UTC)
"""When the service was to be switched off."""

_TITLES = {
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Temporarily Unavailable",
    504: "Gateway Time-out",
}

Effect = Callable[[Request, Response], Response]
"""What becomes of a request: from the request and the true answer to the answer given."""


@dataclass
class Planned:
    """A fault still to happen `times` times. `person` None: to anyone; `path`: a part of the path."""

    effect: Effect
    person: int | None
    times: int
    path: str
    before: bool
    """True: instead of the work; False: the work is done and only its answer suffers."""


@dataclass
class FitbitFaults:
    """Everything that can go wrong at the Fitbit face. Each method plans a fault; attributes are switches."""

    says_when: bool = True
    """Whether a 429 carries Retry-After."""
    too_many_as_object: bool = False
    """Whether a 429 says {"error": {"code": 429, ...}} in place of the `errors` list."""
    intraday_approved: bool = True
    """Whether the vendor has approved the application for intraday data; if not: 403."""
    empty_intraday_key: bool = False
    """Whether a day without heart data keeps an empty `activities-heart-intraday`; else it is missing."""
    window_ends_sharp: bool = False
    """Whether a window until 12:20 ends at 12:20:00; else that minute is inside as a whole."""
    repeated_hour: str = "later"
    """Which of the two equal wall-clock hours of autumn the minutes show: later, earlier or summed."""
    edits_renumber: bool = False
    """Whether a sleep log that the person corrected gets a new logId; both are reported."""
    _planned: list[Planned] = field(default_factory=list)
    _retired: tuple[datetime, str] | None = None

    def unavailable(
        self, person: int | None = None, times: int = 1, status: int = 503, *, html: bool = True,
        path: str = "",
    ) -> None:  # fmt: skip
        """Answer with a 5xx in place of the work, in the edge's HTML or in the API's JSON."""
        error = {"errorType": "system", "message": _TITLES.get(status, "Error")}
        refusal = {"errors": [error], "success": False}
        self._plan(
            lambda _, __: html_reply(status, _TITLES.get(status, "Error"))
            if html
            else json_reply(refusal, status),
            person, times, path,
        )  # fmt: skip

    def bad_gateway(self, person: int | None = None, times: int = 1, path: str = "") -> None:
        """Answer with the edge's HTML 502."""
        self.unavailable(person, times, 502, path=path)

    def wordless_unauthorised(
        self, person: int | None = None, times: int = 1, path: str = ""
    ) -> None:
        """Answer 401 with a body that is no JSON."""
        self._plan(lambda _, __: html_reply(401, "Unauthorized"), person, times, path)

    def html_instead(self, person: int | None = None, times: int = 1, path: str = "") -> None:
        """Answer 200 with a page of HTML."""
        self._plan(lambda _, __: html_reply(200, "OK"), person, times, path)

    def too_many(self, person: int | None = None, times: int = 1, path: str = "") -> None:
        """Answer 429 though the hour still has room."""
        self._plan(lambda _, __: self.too_many_reply(60), person, times, path)

    def forbidden(self, person: int | None = None, times: int = 1, path: str = "") -> None:
        """Answer 403 forbidden."""
        error = {"errorType": "forbidden", "message": "Forbidden"}
        self._plan(
            lambda _, __: json_reply({"errors": [error], "success": False}, 403),
            person, times, path,
        )  # fmt: skip

    def reset(self, person: int | None = None, times: int = 1, path: str = "") -> None:
        """Break the connection off before the work."""
        self._plan(lambda request, _: hang_up(request), person, times, path)

    def answer_lost(
        self, person: int | None = None, times: int = 1, path: str = "/oauth2/token"
    ) -> None:
        """Do the work (use up the refresh token!) and break off before the answer."""
        self._plan(lambda request, _: hang_up(request), person, times, path, before=False)

    def cut_short(self, person: int | None = None, times: int = 1, path: str = "") -> None:
        """Answer 200 with the first half of the JSON, as if it were all."""
        self._plan(lambda _, answer: _half(answer), person, times, path, before=False)

    def slow(
        self, seconds: float, person: int | None = None, times: int = 1, path: str = ""
    ) -> None:
        """Answer so many real seconds late."""

        def late(_: Request, answer: Response) -> Response:
            time.sleep(seconds)
            return answer

        self._plan(late, person, times, path, before=False)

    def sleep_pending(
        self, person: int | None = None, times: int = 1, retry_milliseconds: int = 3_000
    ) -> None:
        """Answer a request for sleep with "still computing"."""
        pending = {"meta": {"retryDuration": retry_milliseconds, "state": "pending"}}
        self._plan(lambda _, __: json_reply(pending), person, times, "/sleep/", before=False)

    def retire(self, at: datetime | str = RETIREMENT, form: str = "json") -> None:
        """Shut the service for good from an instant on (aware, or ISO text): `form` is json, html or reset.

        One port serves all faces, so a refused connection is had by stopping the server.
        """
        if form not in _LAST_WORDS:
            raise ValueError(f"a service retires by {', '.join(_LAST_WORDS)}, not by {form}")
        instant = datetime.fromisoformat(at) if isinstance(at, str) else at
        if instant.tzinfo is None:
            raise ValueError(f"{at} has no time zone")
        self._retired = (instant, form)

    def reopen(self) -> None:
        """Take the retirement back."""
        self._retired = None

    def clear(self) -> None:
        """Forget all planned faults; switches and retirement stay."""
        self._planned.clear()

    def retired(self, request: Request, now: datetime) -> Response | None:
        """Return the last words if the service is shut by now."""
        if self._retired is None or now < self._retired[0]:
            return None
        return _LAST_WORDS[self._retired[1]](request)

    def too_many_reply(self, seconds: int) -> Response:
        """Return a 429 that names the seconds to wait, if `says_when`."""
        body: dict[str, object] = {
            "errors": [{"errorType": "system", "message": "Too Many Requests"}],
            "success": False,
        }
        if self.too_many_as_object:
            body = {"error": {"code": 429, "message": "Too Many Requests"}}
        return json_reply(body, 429, {"Retry-After": str(seconds)} if self.says_when else None)

    def take(self, path: str, person: int | None, *, before: bool) -> Effect | None:
        """Return the next fault that is due here, and count it."""
        for planned in self._planned:
            meant = planned.person in (None, person) and planned.path in path
            if planned.times > 0 and meant and planned.before is before:
                planned.times -= 1
                return planned.effect
        return None

    def _plan(
        self, effect: Effect, person: int | None, times: int, path: str, *, before: bool = True
    ) -> None:
        self._planned.append(Planned(effect, person, times, path, before))


def _half(answer: Response) -> Response:
    text = answer.get_data()
    answer.set_data(text[: len(text) // 2])
    return answer


def _gone_json(_: Request) -> Response:
    error = {"errorType": "gone", "message": "The Fitbit Web API has been turned off."}
    return json_reply({"errors": [error], "success": False}, 410)


_LAST_WORDS: dict[str, Callable[[Request], Response]] = {
    "json": _gone_json,
    "html": lambda _: html_reply(410, "Gone"),
    "reset": hang_up,
}
