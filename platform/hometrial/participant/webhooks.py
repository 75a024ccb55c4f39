"""Notifications of the wearable clouds: checked, stored, answered; the reading is done in the background."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import cast

import msgspec
from flask import Blueprint, Response, current_app, request
from pydantic import SecretStr
from werkzeug.exceptions import NotFound

from hometrial.db import PARTICIPANT_ROLE
from hometrial.participant import doors
from hometrial.services.syncing import clouds, hinting
from hometrial.settings import Settings
from hometrial_ingest.provider import NotificationRefusedError, Provider, ProviderError

LARGEST = 1 << 20
"""Bytes of one notification."""
DOUBLE = "Bearer simulated-webhook-secret-0123456789abcdef"
"""The secret of the notifications of `hometrial simulate`."""
_TRY_AGAIN = "60"

pages = Blueprint("webhooks", __name__)


@dataclass(frozen=True)
class Hook:
    """A provider that may notify us, and what proves that a notification is its own.

    `secret` is what the provider signs or authorises with; `code` is what it is proved by that the
    address is ours: Google Health sends it as Authorization, Fitbit as `?verify=`.
    """

    provider: Provider
    secret: str = field(repr=False)
    code: str = field(repr=False)


class _Verification(msgspec.Struct):
    """{"type": "verification"}: Google asks whether we know the secret, and whether we insist on it."""

    type: str


def hooks_of(settings: Settings, providers: Mapping[str, Provider]) -> dict[str, Hook]:
    """Return the providers whose notifications can be checked with the secrets that are set.

    Beside a simulator those that are not set are its own.
    """
    agreed = _plain(settings, settings.webhook_secret, DOUBLE)
    client = _plain(settings, settings.fitbit_client_secret, clouds.DOUBLES["fitbit"][1])
    secrets = {"google-health": agreed, "fitbit": client}
    return {
        name: Hook(provider, secrets[name], agreed)
        for name, provider in providers.items()
        if secrets.get(name)
    }


def _plain(settings: Settings, secret: SecretStr | None, of_double: str) -> str:
    if secret is not None:
        return secret.get_secret_value()
    return of_double if settings.simulators else ""


def _hook(name: str) -> Hook:
    hooks = cast(Mapping[str, Hook], current_app.extensions["hometrial_hooks"])
    if name not in hooks:
        raise NotFound
    return hooks[name]


@pages.get("/hooks/<name>")
def verify(name: str) -> Response:
    """Answer a provider that asks whether this address is ours: 204 to the right code, else 404."""
    hook = _hook(name)
    if not _same(request.args.get("verify", ""), hook.code):
        raise NotFound
    return Response(status=204)


@pages.post("/hooks/<name>")
def take(name: str) -> Response:
    """Take a notification in: 204 once it is stored, 401 to one that is not the provider's."""
    hook = _hook(name)
    body = doors.body(LARGEST)
    if _is_verification(body):
        knows = _same(request.headers.get("Authorization", ""), hook.code)
        return Response(status=201) if knows else _refuse(name)
    try:
        hints = hook.provider.hints(dict(request.headers), body, hook.secret)
    except NotificationRefusedError:
        return _refuse(name)
    except (
        ProviderError
    ):  # the keys to check it with cannot be had now; the provider sends it again
        return Response(status=503, headers={"Retry-After": _TRY_AGAIN})
    with doors.database().transaction(
        f"provider:{name}", "a notification", role=PARTICIPANT_ROLE
    ) as session:
        noted = hinting.note(session, name, hints, partial(doors.tasks().read, session))
        hinting.keep(session, name, body, noted)
    return Response(status=204)


def _refuse(name: str) -> Response:
    with doors.database().transaction(
        f"provider:{name}", "a notification that was refused", role=PARTICIPANT_ROLE
    ) as session:
        hinting.count_refused(session, name)
    return Response(status=401)


def _is_verification(body: bytes) -> bool:
    try:
        return msgspec.json.decode(body, type=_Verification).type == "verification"
    except (msgspec.MsgspecError, RecursionError):
        return False


def _same(sent: str, agreed: str) -> bool:
    """Compare in constant time; nothing equals a secret that is not set."""
    return bool(agreed) and hmac.compare_digest(sent.encode(), agreed.encode())
