"""The control panel under `/control`: the simulators' Python API as JSON, for other processes."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol

import numpy as np
from werkzeug import Request, Response

from hometrial_ingest.simulators.clock import Clock
from hometrial_ingest.simulators.fitbit import FitbitFace
from hometrial_ingest.simulators.google import GoogleFace, Shape
from hometrial_ingest.simulators.truth import Truth

Body = dict[str, Any]
_COLUMNS = ("at", "local", "duration", "offset", "value", "source", "device", "ids")


class FaultsOf(Protocol):
    """The switches by face."""

    google: Any
    fitbit: Any


@dataclass
class Control:
    """A WSGI callable; GET reads, POST changes. See the README for the paths."""

    clock: Clock
    truth: Truth
    google: GoogleFace
    fitbit: FitbitFace
    faults: FaultsOf

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a request (WSGI): 400 with a reason for what cannot be done."""
        request = Request(environ)
        try:
            status, told = 200, self._answer(request)
        except (KeyError, TypeError, ValueError, RuntimeError, AttributeError) as error:
            status, told = 400, {"error": f"{type(error).__name__}: {error}"}
        text = json.dumps(told, default=_plain)
        return Response(text, status, content_type="application/json")(environ, start_response)

    def _answer(self, request: Request) -> object:
        first, *rest = request.path.strip("/").split("/")
        body = json.loads(request.get_data() or b"{}") if request.method == "POST" else {}
        panels: dict[str, Callable[[Request, Body, list[str]], object]] = {
            "clock": self._clock,
            "faults": self._faults,
            "grant": self._grant,
            "revoke": self._revoke,
            "calls": self._calls,
            "truth": self._truth,
            "deliver": self._deliver,
        }
        return panels[first](request, body, rest)

    def _clock(self, _request: Request, body: Body, _rest: list[str]) -> Body:
        if "set" in body:
            self.clock.set(datetime.fromisoformat(body["set"]))
        if "advance_seconds" in body:
            self.clock.advance(timedelta(seconds=body["advance_seconds"]))
        if body.get("real"):
            self.clock.real()
        return {"now": self.clock.now(), "real": self.clock.is_real}

    def _faults(self, request: Request, body: Body, rest: list[str]) -> Body:
        switches = getattr(self.faults, rest[0])
        names = {field.name for field in fields(switches) if not field.name.startswith("_")}
        if len(rest) > 1:
            if rest[1].startswith("_"):
                raise KeyError(rest[1])
            getattr(switches, rest[1])(**body)
        elif request.method == "POST":
            for name, value in body.items():
                if name not in names:
                    raise KeyError(name)
                held = getattr(switches, name)
                setattr(switches, name, set(value) if isinstance(held, set) else value)
        return {
            name: getattr(switches, name) for name in names if not callable(getattr(switches, name))
        }

    def _face(self, name: str) -> Any:
        return {"google": self.google, "fitbit": self.fitbit}[name]

    def _grant(self, _request: Request, body: Body, rest: list[str]) -> object:
        person = self.truth.holder(int(body["person"])).number
        return self._face(rest[0]).grant(person, body.get("streams"))

    def _revoke(self, _request: Request, body: Body, rest: list[str]) -> Body:
        if rest[0] == "google":
            self.google.revoke_by_user(body["person"])
        else:
            self.fitbit.revoke(body["person"])
        return {}

    def _calls(self, _request: Request, _body: Body, rest: list[str]) -> Body:
        face = self._face(rest[0])
        told: Body = {
            "calls": [
                {"person": person, "endpoint": endpoint, "times": times}
                for (person, endpoint), times in face.calls.items()
            ]
        }
        if rest[0] == "google":
            told["most_in_a_minute"] = self.google.most_in_a_minute()
        return told

    def _truth(self, request: Request, _body: Body, rest: list[str]) -> object:
        asked = request.args
        if not rest:
            return [self._person(number) for number in range(1, self.truth.scene.people + 1)]
        person = int(asked["person"])
        at = datetime.fromisoformat(asked["at"]) if "at" in asked else None
        if rest[0] == "hours":
            return [vars(hour) for hour in self.truth.hours(person, at=at)]
        if rest[0] == "daily_total":
            day = date.fromisoformat(asked["day"])
            return {"total": self.truth.daily_total(person, asked["data_type"], day, at)}
        found = self.truth.records(person, rest[0], at, merged=asked.get("merged") == "1")
        return {name: getattr(found, name) for name in _COLUMNS}

    def _person(self, number: int) -> Body:
        person = self.truth.holder(number).person
        return {
            "person": number,
            "google_account": self.google.account_id(number),
            "fitbit_account": self.fitbit.account_id(number),
            "zone": self.truth.zone(number),
            "last_sync": self.truth.last_sync(number),
            "devices": [device.name for device in person.devices],
        }

    def _deliver(self, _request: Request, body: Body, rest: list[str]) -> Body:
        if rest == ["due"]:
            return {"google": self.google.deliver_due(), "fitbit": self.fitbit.deliver()}
        shape = Shape(**body.get("shape", {}))
        types = body.get("data_types", ["steps"])
        return {"status": self.google.deliver(body["url"], body["person"], types, shape=shape)}


def _plain(value: object) -> object:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, set | frozenset):
        return sorted(value)
    return str(value)
