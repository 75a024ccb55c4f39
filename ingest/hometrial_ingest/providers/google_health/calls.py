"""Calls of the API: one reply, or page after page until there is no token for another."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from hometrial_ingest.provider import Caller, TryLaterError
from hometrial_ingest.providers.google_health.faults import fault
from hometrial_ingest.providers.wire import Call, Reply, Wire

_OK = 200
_MOST_PAGES = 2_000
Judged = TypeVar("Judged")


class HasNextPage(Protocol):
    """A page that may name the token of the next one."""

    @property
    def next_page_token(self) -> str | None:
        """The token; None or "" on the last page."""


Paged = TypeVar("Paged", bound=HasNextPage)


@dataclass(frozen=True)
class Request:
    """A method of the API. `body`: it is a POST of this JSON, else a GET of the query."""

    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, object] | None = None

    def after(self, token: str) -> "Request":
        """Return the request for the next page: everything unchanged but the token."""
        if self.body is None:
            return Request(self.path, {**self.query, "pageToken": token})
        return Request(self.path, self.query, {**self.body, "pageToken": token})

    @property
    def words(self) -> str:
        """The request as pages and errors quote it."""
        said = [f"{name}={value}" for name, value in self.query.items() if name != "pageToken"]
        if self.body is not None:
            shown = {name: value for name, value in self.body.items() if name != "pageToken"}
            said.append(msgspec.json.encode(shown).decode())
        return " ".join(["GET" if self.body is None else "POST", self.path, *said])


@dataclass(frozen=True)
class Api:
    """The API at an address."""

    wire: Wire
    address: str

    def ask(
        self, caller: Caller, request: Request, judge: Callable[[Reply, str], Judged]
    ) -> Judged:
        """Make one request and return what `judge` makes of a reply with status 200."""
        words = f"Google Health, {request.words}"

        def judged(reply: Reply) -> Judged:
            if reply.status != _OK:
                raise fault(reply, words)
            return judge(reply, words)

        return self.wire.send(self._call(caller, request, words), judged, caller.before_request)

    def ask_all(
        self, caller: Caller, request: Request, judge: Callable[[Reply, str], Paged]
    ) -> Iterator[Paged]:
        """Yield every page of a request. Raises TryLaterError if the tokens lead round in a circle."""
        page = self.ask(caller, request, judge)
        yield page
        seen: set[str] = set()
        while page.next_page_token:
            token = page.next_page_token
            if token in seen or len(seen) >= _MOST_PAGES:
                raise TryLaterError(f"Google Health, {request.words}: its pages never end.")
            seen.add(token)
            page = self.ask(caller, request.after(token), judge)
            yield page

    def _call(self, caller: Caller, request: Request, words: str) -> Call:
        url = f"{self.address}/{request.path}"
        if request.query:
            url += "?" + urlencode(request.query, quote_via=quote, safe="")
        headers = {"Authorization": f"Bearer {caller.token}", "Accept": "application/json"}
        if request.body is None:
            return Call("GET", url, words, headers)
        headers["Content-Type"] = "application/json"
        return Call("POST", url, words, headers, msgspec.json.encode(request.body))
