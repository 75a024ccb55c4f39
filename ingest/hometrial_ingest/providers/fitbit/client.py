"""The only place that knows the package `fitbit`: it makes the requests, our wire carries them.

The package's own session refreshes tokens unasked and loses them, waits for ever, trips over a 429 without
Retry-After and over every page of HTML. It is replaced by one that hands nothing back but a reply with
status 200 and the JSON that was expected; everything else is an error of the closed set by then.
"""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

import fitbit
import requests

from hometrial_ingest.provider import Caller
from hometrial_ingest.providers.fitbit.addresses import FitbitConfig
from hometrial_ingest.providers.fitbit.faults import fault
from hometrial_ingest.providers.wire import Call, Reply, Wire

SLEEP_VERSION = "1.2"
"""The version with stages; the package speaks version 1 unless told."""

_OK = 200
Judged = TypeVar("Judged")
Judge = Callable[[Reply, str], Judged]


@dataclass(frozen=True)
class Answer(Generic[Judged]):
    """A reply, what was made of it, and the call in words."""

    reply: Reply
    found: Judged
    request: str


class _Line(Generic[Judged]):
    """Stands in for the package's OAuth session: sends by our wire and remembers the answer."""

    def __init__(self, wire: Wire, caller: Caller, root: str, judge: Judge[Judged]) -> None:
        self._wire, self._caller, self._judge = wire, caller, judge
        self._skipped = len(urlsplit(root).path)
        self.answer: Answer[Judged] | None = None

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        **_unused: object,  # the client's secret for a refresh, a form that is empty
    ) -> requests.Response:
        """Send a request of the package's and return the reply in its shape."""
        request = f"{method} {urlsplit(url).path[self._skipped :]}"
        sent = {
            **headers,
            "Authorization": f"Bearer {self._caller.token}",
            "Accept": "application/json",
        }
        call = Call(method, url, f"Fitbit, {request}", sent)

        def judged(reply: Reply) -> Answer[Judged]:
            if reply.status != _OK:
                raise fault(reply, call.words)
            return Answer(reply, self._judge(reply, call.words), request)

        self.answer = self._wire.send(call, judged, self._caller.before_request)
        response = requests.Response()
        response.status_code, response.raw = _OK, io.BytesIO(self.answer.reply.body)
        return response


@dataclass(frozen=True)
class Client:
    """The API at the addresses of a configuration."""

    wire: Wire
    config: FitbitConfig

    def ask(
        self,
        caller: Caller,
        method: Callable[[Any], object],
        judge: Judge[Judged],
        version: object = fitbit.Fitbit.API_VERSION,
    ) -> Answer[Judged]:
        """Call a method of the package's client and return what the server answered, byte for byte."""
        line = _Line(self.wire, caller, self.config.api, judge)
        package = fitbit.Fitbit(
            self.config.client_id, self.config.client_secret, system=fitbit.Fitbit.METRIC
        )
        package.API_ENDPOINT, package.API_VERSION = self.config.api, version
        package.client.session = line
        method(package)
        if line.answer is None:
            raise AssertionError("the package made no request")
        return line.answer
