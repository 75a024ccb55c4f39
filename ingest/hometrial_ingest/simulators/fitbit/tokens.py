"""Codes, access tokens and single-use refresh tokens of the old Fitbit OAuth."""

import base64
import hashlib
import hmac
import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hometrial_ingest.simulators.fitbit.replies import RefusedError

LIFETIME = timedelta(seconds=28_800)
CODE_LIFETIME = timedelta(minutes=10)
GRACE = timedelta(seconds=120)
"""How long a refresh may be repeated with the same answer."""

_VISIT = (
    "Visit https://dev.fitbit.com/docs/oauth2 for more information on the authorization process."
)

Answer = dict[str, object]


@dataclass(frozen=True)
class Application:
    """A registered application: a Server has a secret, a Client or Personal one has none."""

    client_id: str
    client_secret: str | None


@dataclass(frozen=True)
class Consent:
    """What a person lets an application see; `scopes` in the order of asking."""

    person: int
    user_id: str
    client_id: str
    scopes: tuple[str, ...]


@dataclass(frozen=True)
class Code:
    """An authorisation code's other half: whose it is and what the exchange must repeat."""

    consent: Consent
    redirect_uri: str
    challenge: str | None
    issued_at: datetime


@dataclass
class Pair:
    """An access token and the refresh token that came with it, with what became of them."""

    consent: Consent
    access_token: str
    refresh_token: str
    issued_at: datetime
    revoked: bool = False
    replaced: bool = False
    used_at: datetime | None = None
    successor: "Pair | None" = None

    @property
    def expires_at(self) -> datetime:
        """When the access token stops working."""
        return self.issued_at + LIFETIME

    def answer(self) -> Answer:
        """Return the token endpoint's answer."""
        return {
            "access_token": self.access_token,
            "expires_in": int(LIFETIME.total_seconds()),
            "refresh_token": self.refresh_token,
            "scope": " ".join(self.consent.scopes),
            "token_type": "Bearer",
            "user_id": self.consent.user_id,
        }


@dataclass
class Mint:
    """Strings nobody can guess without the seed, and the same ones for the same seed."""

    seed: int
    made: int = 0

    def hex(self, length: int) -> str:
        """Return so many hexadecimal digits, at most 64, different each time."""
        self.made += 1
        key = f"fitbit-{self.seed}".encode()
        return hmac.new(key, str(self.made).encode(), hashlib.sha256).hexdigest()[:length]

    def access_token(self, consent: Consent, now: datetime) -> str:
        """Return a token that looks like the vendor's: three dotted parts, of which nobody reads any."""
        issued = int(now.timestamp())
        claims = {
            "aud": consent.client_id, "sub": consent.user_id, "iss": "Fitbit",
            "typ": "access_token", "scopes": " ".join(consent.scopes),
            "exp": issued + int(LIFETIME.total_seconds()), "iat": issued,
        }  # fmt: skip
        parts = (b'{"alg":"HS256"}', json.dumps(claims).encode(), bytes.fromhex(self.hex(64)))
        return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


@dataclass
class Grants:
    """All that was ever issued. Not locked: the face lets one request in at a time."""

    mint: Mint
    codes: dict[str, Code] = field(default_factory=dict)
    by_access: dict[str, Pair] = field(default_factory=dict)
    by_refresh: dict[str, Pair] = field(default_factory=dict)
    refreshes: Counter[int] = field(default_factory=Counter)
    """Refreshes on the wire by person, the repeated and the refused ones included."""

    def new_code(
        self, consent: Consent, redirect_uri: str, challenge: str | None, now: datetime
    ) -> str:
        """Return a code that can be exchanged once within ten minutes."""
        code = self.mint.hex(40)
        self.codes[code] = Code(consent, redirect_uri, challenge, now)
        return code

    def exchange(self, form: dict[str, str], client_id: str, now: datetime) -> Answer:
        """Trade a code for tokens. Raises RefusedError unless all is as it was at the authorisation."""
        text = form.get("code", "")
        code = self.codes.get(text)
        if code is None or code.consent.client_id != client_id:
            raise _invalid_grant(f"Authorization code invalid: {text} {_VISIT}")
        if code.redirect_uri != form.get("redirect_uri", code.redirect_uri):
            raise _invalid_grant(f"Redirect_uri mismatch: {form['redirect_uri']} {_VISIT}")
        # Used up by the attempt, so that nobody can try verifiers.
        del self.codes[text]
        if now > code.issued_at + CODE_LIFETIME:
            raise _invalid_grant(f"Authorization code expired: {text} {_VISIT}")
        if code.challenge is not None and code.challenge != _s256(form.get("code_verifier", "")):
            raise _invalid_grant(f"Code verifier invalid: {_VISIT}")
        return self.issue(code.consent, now).answer()

    def issue(self, consent: Consent, now: datetime) -> Pair:
        """Issue a pair for a consent; the earlier refresh token of the same application dies."""
        for pair in self._of(consent.person, consent.client_id):
            pair.replaced = True
        return self._new_pair(consent, now)

    def refresh(self, token: str, client_id: str, now: datetime) -> Answer:
        """Trade a refresh token for a new pair, once; within two minutes the same pair again.

        Raises RefusedError (invalid_grant) afterwards, and for what was revoked or replaced.
        """
        pair = self.by_refresh.get(token)
        if pair is None or pair.consent.client_id != client_id:
            raise _invalid_grant(f"Refresh token invalid: {token}. {_VISIT}")
        self.refreshes[pair.consent.person] += 1
        gone = [one for one in (pair, pair.successor) if one and (one.revoked or one.replaced)]
        if gone:
            raise _invalid_grant(f"Refresh token invalid: {token}. {_VISIT}")
        if pair.successor is None or pair.used_at is None:
            pair.used_at, pair.successor = now, self._new_pair(pair.consent, now)
        elif now > pair.used_at + GRACE:
            raise _invalid_grant(f"Refresh token invalid: {token}. {_VISIT}")
        return pair.successor.answer()

    def holder(self, token: str, now: datetime) -> Consent:
        """Return whose a live access token is. Raises RefusedError (401) if it is none."""
        pair = self.by_access.get(token)
        # The vendor repeats the token in its message, which must therefore never reach a log.
        if pair is None or pair.revoked:
            raise RefusedError(401, "invalid_token", f"Access token invalid: {token}. {_VISIT}")
        if now >= pair.expires_at:
            raise RefusedError(401, "expired_token", f"Access token expired: {token}. {_VISIT}")
        return pair.consent

    def revoke(self, token: str, client_id: str) -> Consent | None:
        """Take back all that an application has of the person; return what it was, None if unknown."""
        found = self.by_access.get(token) or self.by_refresh.get(token)
        if found is None or found.revoked or found.consent.client_id != client_id:
            return None
        self.revoke_person(found.consent.person, client_id)
        return found.consent

    def revoke_person(self, person: int, client_id: str | None = None) -> None:
        """Take back all that one application has of a person, or that all have of them."""
        for pair in self.by_access.values():
            if pair.consent.person == person and client_id in (None, pair.consent.client_id):
                pair.revoked = True

    def expire(self, person: int, now: datetime) -> None:
        """Let the person's access tokens end now; the refresh tokens stay as they are."""
        for pair in self.by_access.values():
            if pair.consent.person == person:
                pair.issued_at = min(pair.issued_at, now - LIFETIME)

    def live(self, person: int, client_id: str) -> Consent | None:
        """Return the consent that stands between a person and an application, None if there is none."""
        return next((p.consent for p in reversed(self._of(person, client_id))), None)

    def introspect(self, token: str, client_id: str, now: datetime) -> Answer:
        """Return what the vendor tells an application about a token."""
        pair = self.by_access.get(token)
        if pair is None or pair.revoked or now >= pair.expires_at:
            return {"active": False}
        if pair.consent.client_id != client_id:
            return {"active": False}
        scopes = ", ".join(f"{scope.upper()}=READ_WRITE" for scope in pair.consent.scopes)
        return {
            "active": True,
            "scope": "{" + scopes + "}",
            "client_id": client_id,
            "user_id": pair.consent.user_id,
            "token_type": "access_token",
            "exp": int(pair.expires_at.timestamp() * 1000),
            "iat": int(pair.issued_at.timestamp() * 1000),
        }

    def _of(self, person: int, client_id: str) -> list[Pair]:
        return [
            pair
            for pair in self.by_access.values()
            if (pair.consent.person, pair.consent.client_id) == (person, client_id)
            and not (pair.revoked or pair.replaced)
        ]

    def _new_pair(self, consent: Consent, now: datetime) -> Pair:
        access, refresh = self.mint.access_token(consent, now), self.mint.hex(64)
        pair = Pair(consent, access, refresh, now)
        self.by_access[access], self.by_refresh[refresh] = pair, pair
        return pair


def _invalid_grant(message: str) -> RefusedError:
    return RefusedError(400, "invalid_grant", message)


def _s256(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
