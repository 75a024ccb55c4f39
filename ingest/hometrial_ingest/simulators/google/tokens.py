"""Codes, access tokens and refresh tokens: who granted what, until when."""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import RLock

ACCESS_SECONDS = 3_599
_TESTING_SECONDS = 7 * 86_400
_CODE_SECONDS = 600


@dataclass
class Consent:
    """What one person granted at one time; `dies_at` (seconds UTC): the end of a limited grant."""

    person: int
    scopes: tuple[str, ...]
    given_at: int
    offline: bool
    dies_at: int | None = None
    revoked_at: int | None = None


@dataclass(frozen=True)
class Code:
    """An authorisation code and what it is bound to."""

    consent: Consent
    redirect_uri: str
    challenge: str | None
    expires_at: int
    with_refresh: bool


@dataclass(frozen=True)
class Access:
    """An access token's right."""

    consent: Consent
    expires_at: int


class TokenError(Exception):
    """A refusal of the token endpoint: HTTP code, error and description."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(description)
        self.status, self.error, self.description = status, error, description


@dataclass
class Tokens:
    """The store of one client's tokens. Thread-safe."""

    seed: int
    seconds: Callable[[], int]
    revoked_at_once: bool = False
    _made: int = 0
    _codes: dict[str, Code] = field(default_factory=dict)
    _access: dict[str, Access] = field(default_factory=dict)
    _refresh: dict[str, Consent] = field(default_factory=dict)
    _latest: dict[int, Consent] = field(default_factory=dict)
    _lock: RLock = field(default_factory=RLock)

    def consent(
        self, person: int, scopes: tuple[str, ...], *, offline: bool, testing: bool
    ) -> Consent:
        """Note that a person grants scopes now."""
        now = self.seconds()
        dies_at = now + _TESTING_SECONDS if testing else None
        consent = Consent(person, scopes, now, offline, dies_at)
        with self._lock:
            self._latest[person] = consent
        return consent

    def latest(self, person: int) -> Consent | None:
        """Return a person's last consent, None if there is none or it was taken back."""
        found = self._latest.get(person)
        return None if found is None or found.revoked_at is not None else found

    def code(
        self, consent: Consent, redirect_uri: str, challenge: str | None, *, with_refresh: bool
    ) -> str:
        """Return a code that trades once for tokens."""
        with self._lock:
            code = f"4/0{self._fresh('code')}"
            until = self.seconds() + _CODE_SECONDS
            self._codes[code] = Code(consent, redirect_uri, challenge, until, with_refresh)
        return code

    def exchange(
        self, code: str, redirect_uri: str, verifier: str | None
    ) -> tuple[Consent, dict[str, object]]:
        """Trade a code for tokens. Raises TokenError; a code that was tried is gone."""
        with self._lock:
            known = self._codes.pop(code, None)
            if known is None or known.expires_at <= self.seconds():
                raise TokenError(400, "invalid_grant", "Malformed auth code.")
            if known.redirect_uri != redirect_uri:
                raise TokenError(400, "redirect_uri_mismatch", "Bad Request")
            if known.challenge is not None and known.challenge != challenge_of(verifier or ""):
                raise TokenError(400, "invalid_grant", "Invalid code verifier.")
            return known.consent, self.issue(known.consent, with_refresh=known.with_refresh)

    def issue(self, consent: Consent, *, with_refresh: bool) -> dict[str, object]:
        """Return the token endpoint's answer for a consent."""
        with self._lock:
            access = f"ya29.a0{self._fresh('access')}"
            self._access[access] = Access(consent, self.seconds() + ACCESS_SECONDS)
            answer: dict[str, object] = {
                "access_token": access,
                "expires_in": ACCESS_SECONDS,
                "scope": " ".join(consent.scopes),
                "token_type": "Bearer",
            }
            if with_refresh:
                refresh = f"1//0{self._fresh('refresh')}"
                self._refresh[refresh] = consent
                answer["refresh_token"] = refresh
                if consent.dies_at is not None:
                    answer["refresh_token_expires_in"] = max(
                        consent.dies_at - self.seconds() - 1, 0
                    )
        return answer

    def refresh(self, token: str, *, rotate: bool) -> tuple[Consent, dict[str, object]]:
        """Return fresh tokens. Raises TokenError if the grant is gone; rotation uses the old one up."""
        with self._lock:
            consent = self._refresh.get(token)
            if consent is None or not self._lives(consent):
                raise TokenError(400, "invalid_grant", "Token has been expired or revoked.")
            if rotate:
                del self._refresh[token]
            return consent, self.issue(consent, with_refresh=rotate)

    def owner(self, refresh_token: str) -> int | None:
        """Return whose refresh token it is, None if it is nobody's."""
        known = self._refresh.get(refresh_token)
        return known.person if known else None

    def access(self, token: str) -> Access | None:
        """Return the right of an access token, None if it is unknown, expired or cut off."""
        known = self._access.get(token)
        if known is None or known.expires_at <= self.seconds():
            return None
        if self.revoked_at_once and known.consent.revoked_at is not None:
            return None
        return known

    def revoke(self, token: str) -> int | None:
        """Take back all that the owner of a token granted; return who that is, None if it is unknown."""
        with self._lock:
            held = self._access.get(token)
            consent = self._refresh.get(token) or (held.consent if held else None)
            if consent is None or consent.revoked_at is not None:
                return None
            self.revoke_person(consent.person)
        return consent.person

    def revoke_person(self, person: int) -> bool:
        """Take back everything that a person granted; say whether there was anything."""
        with self._lock:
            held = [each for each in self._consents() if each.person == person]
            for consent in held:
                consent.revoked_at = self.seconds()
        return bool(held)

    def forget_refresh(self, person: int) -> None:
        """Let a person's refresh tokens die while the consent stays: idle too long, or 100 newer ones."""
        with self._lock:
            dead = [token for token, consent in self._refresh.items() if consent.person == person]
            for token in dead:
                del self._refresh[token]

    def people(self) -> list[int]:
        """Return who has granted anything that still holds."""
        return sorted({each.person for each in self._consents() if self._lives(each)})

    def _consents(self) -> list[Consent]:
        return [each for each in self._latest.values() if each.revoked_at is None] + [
            each for each in self._refresh.values() if each.revoked_at is None
        ]

    def _lives(self, consent: Consent) -> bool:
        if consent.revoked_at is not None:
            return False
        return consent.dies_at is None or self.seconds() < consent.dies_at

    def _fresh(self, kind: str) -> str:
        self._made += 1
        text = f"{self.seed}/{kind}/{self._made}".encode()
        return base64.urlsafe_b64encode(hashlib.sha256(text).digest()).decode().rstrip("=")


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge of a verifier."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
