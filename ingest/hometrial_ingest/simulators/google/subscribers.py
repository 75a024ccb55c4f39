"""The project's subscribers and subscriptions, and the pair of calls that verifies an endpoint."""

import json
import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from werkzeug import Request, Response

from hometrial_ingest.simulators.clock import Clock
from hometrial_ingest.simulators.google.errors import (
    PROJECT,
    RefusedError,
    bad_credentials,
    invalid,
    json_reply,
    not_permitted,
    point_not_found,
)
from hometrial_ingest.simulators.google.notices import post
from hometrial_ingest.simulators.google.stamps import stamp

_ID = re.compile(r"[a-z][a-z0-9-]{2,34}[a-z0-9]", re.ASCII)
_VERIFICATION = b'{"type":"verification"}'
_VERIFIER = "Google-Health-API-Webhooks-Verifier"
_PAGE = 50
Body = dict[str, object]


@dataclass
class Subscriber:
    """An endpoint that wants notifications; `configs`: data types with AUTOMATIC or MANUAL."""

    id: str
    url: str
    secret: str
    configs: list[Body]
    created: int
    updated: int
    subscriptions: dict[str, Body] = field(default_factory=dict)

    def data_types(self) -> list[str]:
        """Return the types that it is told of."""
        return [name for config in self.configs for name in _strings(config, "dataTypes")]

    def told(self) -> Body:
        """Return it as read back: the secret is never shown."""
        return {
            "name": f"projects/{PROJECT}/subscribers/{self.id}",
            "endpointUri": self.url,
            "subscriberConfigs": self.configs,
            "state": "ACTIVE",
            "endpointAuthorization": {"secretSet": True},
            "createTime": stamp(self.created),
            "updateTime": stamp(self.updated),
        }

    def wants(self, data_type: str, user: str) -> bool:
        """Say whether a change of this type and person is to be told."""
        for config in self.configs:
            automatic = config.get("subscriptionCreatePolicy") == "AUTOMATIC"
            if automatic and data_type in _strings(config, "dataTypes"):
                return True
        wanted = f"users/{user}/dataTypes/{data_type}"
        return any(wanted in _strings(each, "dataTypes") for each in self.subscriptions.values())


@dataclass
class Subscribers:
    """The resources under `projects/{number}/subscribers`; `service_token` is the service account's."""

    service_token: str
    clock: Clock
    known: dict[str, Subscriber] = field(default_factory=dict)
    _operations: int = 0

    def answer(self, request: Request, parts: list[str]) -> Response:
        """Answer a call below `projects/`. Raises RefusedError."""
        if request.headers.get("Authorization") != f"Bearer {self.service_token}":
            raise bad_credentials()
        if parts[0] != PROJECT:
            raise not_permitted()
        rest = parts[2:]
        if not rest:
            return self._collection(request)
        subscriber = self.known.get(rest[0])
        if subscriber is None:
            raise point_not_found()
        if len(rest) > 1:
            return self._subscriptions(request, subscriber, rest[2:])
        return self._single(request, subscriber)

    def _collection(self, request: Request) -> Response:
        if request.method == "POST":
            return self._create(request)
        size = min(int(request.args.get("pageSize") or _PAGE), 1_000)
        start = int(request.args.get("pageToken") or 0)
        listed = [each.told() for each in self.known.values()]
        answer: Body = {"subscribers": listed[start : start + size], "totalSize": len(listed)}
        if start + size < len(listed):
            answer["nextPageToken"] = str(start + size)
        return json_reply(answer)

    def _create(self, request: Request) -> Response:
        body = _body(request)
        subscriber_id = request.args.get("subscriberId", "")
        if not _ID.fullmatch(subscriber_id):
            raise invalid("Invalid subscriber id.")
        if subscriber_id in self.known:
            raise RefusedError(409, "ALREADY_EXISTS", "Requested entity already exists.")
        now = self.clock.microseconds()
        made = Subscriber(
            subscriber_id, str(body.get("endpointUri", "")), _secret(body), _configs(body), now, now
        )
        verify(made.url, made.secret)
        self.known[subscriber_id] = made
        return self._operation(made.told())

    def _single(self, request: Request, subscriber: Subscriber) -> Response:
        if request.method == "DELETE":
            if subscriber.subscriptions and request.args.get("force") != "true":
                raise RefusedError(400, "FAILED_PRECONDITION", "The subscriber has subscriptions.")
            del self.known[subscriber.id]
            return self._operation({})
        if request.method != "PATCH":
            return json_reply(subscriber.told())
        body, mask = _body(request), request.args.get("updateMask", "").split(",")
        if "endpointUri" in mask:
            subscriber.url = str(body.get("endpointUri", ""))
        if "endpointAuthorization" in mask:
            subscriber.secret = _secret(body)
        if "subscriberConfigs" in mask:
            subscriber.configs = _configs(body)
        if {"endpointUri", "endpointAuthorization"} & set(mask):
            verify(subscriber.url, subscriber.secret)
        subscriber.updated = self.clock.microseconds()
        return self._operation(subscriber.told())

    def _subscriptions(self, request: Request, subscriber: Subscriber, rest: list[str]) -> Response:
        held = subscriber.subscriptions
        if not rest and request.method == "GET":
            return json_reply({"subscriptions": list(held.values())} if held else {})
        subscription_id = rest[0] if rest else request.args.get("subscriptionId", "")
        if not _ID.fullmatch(subscription_id):
            raise invalid("Invalid subscription id.")
        if rest and subscription_id not in held:
            raise point_not_found()
        if request.method == "DELETE":
            del held[subscription_id]
            return json_reply({})
        body = _body(request)
        name = f"projects/{PROJECT}/subscribers/{subscriber.id}/subscriptions/{subscription_id}"
        user = body.get("user") or held.get(subscription_id, {}).get("user")
        held[subscription_id] = {"name": name, "user": user, "dataTypes": body.get("dataTypes", [])}
        return json_reply(held[subscription_id])

    def _operation(self, response: Body) -> Response:
        self._operations += 1
        name = f"projects/{PROJECT}/operations/op-{self._operations}"
        return json_reply({"name": name, "done": True, "response": response})


def _strings(body: Body, name: str) -> list[str]:
    found = body.get(name)
    return [str(each) for each in found] if isinstance(found, list) else []


def verify(url: str, secret: str) -> None:
    """Ask an endpoint twice: with the secret it must answer 201 (or 200), without it 401 or 403.

    Raises RefusedError, FAILED_PRECONDITION, if it does not.
    """
    if urlsplit(url).scheme != "https" and urlsplit(url).hostname not in ("127.0.0.1", "localhost"):
        raise invalid("endpoint_uri must be https.")
    headers = {"Content-Type": "application/json", "User-Agent": _VERIFIER}
    known = post(url, _VERIFICATION, headers | {"Authorization": secret})
    unknown = post(url, _VERIFICATION, headers)
    if known not in (200, 201) or unknown not in (401, 403):
        text = f"Endpoint verification failed: {known} with the secret, {unknown} without it."
        raise RefusedError(400, "FAILED_PRECONDITION", text)


def _body(request: Request) -> Body:
    try:
        body = json.loads(request.get_data() or b"{}")
    except ValueError as error:
        raise invalid(f"Invalid JSON payload received. {error}") from error
    if not isinstance(body, dict):
        raise invalid("Invalid JSON payload received.")
    return body


def _secret(body: Body) -> str:
    told = body.get("endpointAuthorization")
    secret = told.get("secret") if isinstance(told, dict) else None
    if not secret:
        raise invalid("endpoint_authorization.secret is required.")
    return str(secret)


def _configs(body: Body) -> list[Body]:
    configs = body.get("subscriberConfigs")
    if not isinstance(configs, list) or not configs:
        raise invalid("subscriber_configs is required.")
    return configs
