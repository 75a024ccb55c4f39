"""The Health API under `/v4/users`: who calls, what for, and the answer."""

from collections.abc import Callable
from dataclasses import dataclass

from werkzeug import Request, Response

from hometrial_ingest.simulators.google import account
from hometrial_ingest.simulators.google.catalogue import (
    DATA_TYPES,
    IRN,
    PROFILE,
    SETTINGS,
    DataType,
)
from hometrial_ingest.simulators.google.errors import (
    bad_credentials,
    exhausted,
    html_reply,
    invalid,
    json_reply,
    no_credentials,
    not_linked,
    not_permitted,
    scope_missing,
    unknown_type,
)
from hometrial_ingest.simulators.google.faults import GoogleFaults
from hometrial_ingest.simulators.google.listing import Listing, question_of
from hometrial_ingest.simulators.google.quotas import Quotas
from hometrial_ingest.simulators.google.rollups import daily_roll_up, roll_up
from hometrial_ingest.simulators.google.tokens import Access, Tokens
from hometrial_ingest.simulators.truth import Truth

_POINTS = "dataPoints"
_OPERATIONS = {
    ("GET", _POINTS): ("L", "list"),
    ("GET", f"{_POINTS}:reconcile"): ("R", "reconcile"),
    ("POST", f"{_POINTS}:rollUp"): ("U", "rollUp"),
    ("POST", f"{_POINTS}:dailyRollUp"): ("D", "dailyRollUp"),
    ("POST", _POINTS): ("W", "create"),
    ("POST", f"{_POINTS}:batchDelete"): ("W", "batchDelete"),
}


@dataclass(frozen=True)
class Target:
    """What a path below `users/{user}/` names: an endpoint for the counts, and its parts."""

    endpoint: str
    operation: str
    data_type: str | None = None
    record_id: str | None = None


@dataclass
class Api:
    """Answers calls with a person's token."""

    truth: Truth
    tokens: Tokens
    faults: GoogleFaults
    quotas: Quotas
    listing: Listing
    user_of: Callable[[int], str]
    legacy_of: Callable[[int], str | None]

    def answer(self, request: Request, parts: list[str]) -> Response:
        """Answer a call below `/v4/users/`. Raises RefusedError."""
        target = _target(request.method, parts[1:])
        if target is None:
            self.quotas.count(0, "unknown path")
            return html_reply(404, "Not Found")
        access = self._caller(request)
        person = access.consent.person if access else 0
        wait = self.quotas.spend(person, target.endpoint)
        struck = self.faults.strike(person or None, request.path, after=False)
        if struck:
            return struck(request, None)
        if access is None:
            raise bad_credentials() if "Authorization" in request.headers else no_credentials()
        if wait is not None:
            raise exhausted(wait if self.faults.quota_says_when else None)
        reply = self._worked(request, access, target, parts[0])
        struck = self.faults.strike(person, request.path, after=True)
        return struck(request, reply) if struck else reply

    def _caller(self, request: Request) -> Access | None:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        self.tokens.revoked_at_once = self.faults.revoked_at_once
        return self.tokens.access(token) if kind == "Bearer" else None

    def _worked(self, request: Request, access: Access, target: Target, user: str) -> Response:
        person = access.consent.person
        standing = self.faults.standing(person, access.consent.given_at)
        if standing:
            raise standing
        if person in self.faults.not_linked:
            raise not_linked()
        if user not in ("me", self.user_of(person)):
            raise not_permitted()
        if target.data_type is None:
            return self._account(request, access, target)
        return self._data(request, access, target)

    def _data(self, request: Request, access: Access, target: Target) -> Response:
        data_type = DATA_TYPES.get(target.data_type or "")
        if data_type is None:
            raise unknown_type(target.data_type or "")
        if target.operation == "W":
            raise scope_missing()  # the doubles hand out no right to write
        refused = self._scope(access, data_type.scope)
        if refused:
            return refused
        if target.operation not in data_type.ops:
            raise invalid(f"Data type '{data_type.id}' does not support this operation.")
        return self._points(request, access.consent.person, data_type, target)

    def _points(
        self, request: Request, person: int, data_type: DataType, target: Target
    ) -> Response:
        user = self.user_of(person)
        if target.operation == "U":
            return roll_up(request, self.truth, person, data_type)
        if target.operation == "D":
            return daily_roll_up(request, self.truth, person, data_type)
        if target.record_id is not None:
            return self.listing.one(person, data_type, target.record_id, user)
        question = question_of(request, person, data_type, merged=target.operation == "R")
        return self.listing.answer(request, question, user)

    def _account(self, request: Request, access: Access, target: Target) -> Response:
        person, truth = access.consent.person, self.truth
        if target.endpoint == "identity":
            legacy = None if self.faults.no_legacy_ids else self.legacy_of(person)
            return account.identity(self.user_of(person), legacy)
        refused = self._scope(access, _ACCOUNT_SCOPES[target.endpoint])
        if refused:
            return refused
        answers: dict[str, Callable[[], Response]] = {
            "profile": lambda: account.profile(truth, person),
            "settings": lambda: account.settings(truth, person),
            "irnProfile": account.irn_profile,
            "pairedDevices": lambda: account.devices(request, truth, person, target.record_id),
        }
        return answers[target.endpoint]()

    def _scope(self, access: Access, scope: str) -> Response | None:
        """Return the refusal in words, or raise the one in an envelope, if a scope was not granted."""
        if scope in access.consent.scopes:
            return None
        if not self.faults.text_scope_errors:
            raise scope_missing()
        text = {"error": "insufficient_scope", "error_description": "Insufficient Scope"}
        return json_reply(text, 403)


_ACCOUNT_SCOPES = {
    "profile": PROFILE,
    "settings": SETTINGS,
    "irnProfile": IRN,
    "pairedDevices": SETTINGS,
}


def _target(method: str, rest: list[str]) -> Target | None:
    """Return what the parts of a path name; None for a wrong path or verb, which is a plain 404."""
    if rest[:1] == ["dataTypes"] and len(rest) in (3, 4):
        return _data_target(method, rest[1:])
    if method != "GET" or not rest or len(rest) > 2:
        return None
    name, *device = rest
    if name != "identity" and (name not in _ACCOUNT_SCOPES or (device and name != "pairedDevices")):
        return None
    return Target(name, "A", record_id=device[0] if device else None)


def _data_target(method: str, rest: list[str]) -> Target | None:
    data_type, collection, *record = rest
    if not record:
        known = _OPERATIONS.get((method, collection))
        return known and Target(f"{data_type}/{known[1]}", known[0], data_type)
    if collection != _POINTS or method not in ("GET", "PATCH"):
        return None
    operation, word = ("G", "get") if method == "GET" else ("W", "patch")
    return Target(f"{data_type}/{word}", operation, data_type, record[0])
