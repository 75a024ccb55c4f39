"""The OAuth of both vendors: sign-in address, tokens for a code, refresh, revocation."""

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated
from urllib.parse import urlencode

import msgspec
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from msgspec import Meta, Raw, Struct
from msgspec.json import Decoder

from hometrial_ingest.provider import Grant, ReconnectNeededError, TryLaterError
from hometrial_ingest.providers.wire import Call, Reply, Wire, our_fault, plain_fault, read_json

_OK = 200
_HOUR = 3600
_GONE_AT_THE_VENDOR = frozenset({"invalid_token", "invalid_grant"})
_PASSING = frozenset({"temporarily_unavailable", "server_error", "slow_down", "system"})
_WORD = re.compile(r"[A-Za-z0-9_.-]{1,60}")


class _Tokens(Struct):
    """{"access_token", "expires_in": 3599, "scope": "a b", "token_type": "Bearer", "refresh_token"}."""

    access_token: Annotated[str, Meta(min_length=1)]
    expires_in: Annotated[int, Meta(ge=0)] = _HOUR
    scope: str | list[str] = ""
    refresh_token: str | None = None
    refresh_token_expires_in: int | None = None
    user_id: str | None = None


class _Error(Struct, rename="camel"):
    """One of {"errors": [{"errorType": "invalid_grant", "message": "..."}]}."""

    error_type: str = ""


class _Refusal(Struct):
    """{"error": "invalid_grant", "error_description": "..."}, or Fitbit's list of `errors`."""

    error: Raw = Raw(b"null")
    errors: list[_Error] = []


_tokens = Decoder(_Tokens, strict=False)
_refusal = Decoder(_Refusal)


@dataclass(frozen=True)
class TokenDesk:
    """A vendor's OAuth server. `basic`: the client's secret goes into a header, not into the form."""

    wire: Wire
    vendor: str
    client_id: str
    client_secret: str = field(repr=False)
    authorise: str
    token: str
    revocation: str
    basic: bool = False

    def authorisation_url(
        self, *, state: str, challenge: str, redirect_uri: str, scopes: Iterable[str],
        extra: Mapping[str, str],
    ) -> str:  # fmt: skip
        """Return where a person signs in; `challenge` is that of PKCE with S256."""
        proof = {"code_challenge": challenge, "code_challenge_method": "S256"}
        return str(
            prepare_grant_uri(
                self.authorise, self.client_id, "code", redirect_uri, " ".join(sorted(scopes)),
                state, **proof, **extra,
            )
        )  # fmt: skip

    def exchange(self, *, code: str, verifier: str, redirect_uri: str) -> Grant:
        """Trade a code for tokens. A code that is refused means: begin again (ReconnectNeededError)."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        return self._tokens("exchange of a code", form | {"code_verifier": verifier})

    def refresh(self, refresh_token: str) -> Grant:
        """Get a new access token. Raises ReconnectNeededError only for a JSON invalid_grant."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return self._tokens("refresh of a token", form)

    def revoke(self, token: str) -> None:
        """Take a grant back; a token that the vendor does not know is revoked already."""
        call = self._call(self.revocation, "revocation", {"token": token})
        self.wire.send(call, lambda reply: _judge_revocation(reply, call.words))

    def _tokens(self, what: str, form: dict[str, str]) -> Grant:
        call = self._call(self.token, what, form)
        return self.wire.send(call, lambda reply: _judge_tokens(reply, call.words))

    def _call(self, url: str, what: str, form: dict[str, str]) -> Call:
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        if self.basic:
            pair = f"{self.client_id}:{self.client_secret}".encode()
            headers["Authorization"] = f"Basic {b64encode(pair).decode()}"
        elif url == self.token:
            form = form | {"client_id": self.client_id, "client_secret": self.client_secret}
        return Call("POST", url, f"{self.vendor}, {what}", headers, urlencode(form).encode())


class ByTokenDesk:
    """The part of a provider that its OAuth server answers; satisfies that part of `Provider`."""

    _desk: TokenDesk

    def exchange(self, *, code: str, verifier: str, redirect_uri: str) -> Grant:
        """Trade an authorisation code for tokens; a refused code is ReconnectNeededError."""
        return self._desk.exchange(code=code, verifier=verifier, redirect_uri=redirect_uri)

    def refresh(self, refresh_token: str) -> Grant:
        """Get a new access token, with a new refresh token where the vendor gives one."""
        return self._desk.refresh(refresh_token)

    def revoke(self, token: str) -> None:
        """Take the grant back; a token that the vendor does not know is revoked already."""
        self._desk.revoke(token)


def _judge_tokens(reply: Reply, words: str) -> Grant:
    if reply.status != _OK:
        raise _fault(reply, words)
    tokens = read_json(reply, _tokens, words)
    scopes = tokens.scope.split() if isinstance(tokens.scope, str) else tokens.scope
    return Grant(
        access_token=tokens.access_token,
        expires_in=tokens.expires_in,
        scopes=frozenset(scopes),
        refresh_token=tokens.refresh_token or None,
        refresh_expires_in=tokens.refresh_token_expires_in,
        external_id=tokens.user_id or None,
    )


def _judge_revocation(reply: Reply, words: str) -> None:
    if reply.status == _OK:
        return
    fault = _fault(reply, words)
    if not (plain_fault(reply, words) is None and _word(reply) in _GONE_AT_THE_VENDOR):
        raise fault


def _fault(reply: Reply, words: str) -> Exception:
    """Return what a refusal means. Only the vendor's own invalid_grant says that a grant is gone."""
    plain = plain_fault(reply, words)
    if plain is not None:
        return plain
    word, by = _word(reply), reply.request_id
    if word == "invalid_grant":
        return ReconnectNeededError(f"{words}: the vendor says invalid_grant.", request_id=by)
    if word is None or word in _PASSING:
        text = f"{words}: the vendor answered {reply.status} and no word of OAuth."
        return TryLaterError(text, request_id=by)
    return our_fault(reply, words, f"{word}: check the OAuth client's settings")


def _word(reply: Reply) -> str | None:
    """Return the one word of OAuth that a refusal holds, None if it holds none."""
    try:
        refusal = _refusal.decode(reply.body)
        said = (
            refusal.errors[0].error_type if refusal.errors else msgspec.json.decode(refusal.error)
        )
    except (msgspec.MsgspecError, RecursionError):
        return None
    return said if isinstance(said, str) and _WORD.fullmatch(said) else None
