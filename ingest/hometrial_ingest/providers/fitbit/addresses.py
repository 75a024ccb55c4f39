"""Where Fitbit is: the vendor's address, dead since November 2026, or that of a Fitbit-shaped server."""

from dataclasses import dataclass, field
from datetime import date
from typing import Self

VENDOR = "https://api.fitbit.com"
_SIGN_IN = "https://www.fitbit.com/oauth2/authorize"
_SHUT_ON = date(2026, 11, 2)


@dataclass(frozen=True)
class FitbitConfig:
    """An OAuth client and the base address of the server that knows it."""

    base_url: str = VENDOR
    client_id: str = field(kw_only=True)
    client_secret: str = field(kw_only=True, repr=False)

    @classmethod
    def simulated(cls, base_url: str, *, client_id: str, client_secret: str) -> Self:
        """Return the address of the double that runs at `base_url`."""
        root = f"{base_url.rstrip('/')}/fitbit"
        return cls(root, client_id=client_id, client_secret=client_secret)

    @property
    def api(self) -> str:
        """What stands in front of /1/user/-/..."""
        return self.base_url.rstrip("/")

    @property
    def authorise(self) -> str:
        """Where a person signs in; the vendor had a server of its own for that."""
        return _SIGN_IN if self.api == VENDOR else f"{self.api}/oauth2/authorize"

    @property
    def token(self) -> str:
        """Where codes and refresh tokens become access tokens."""
        return f"{self.api}/oauth2/token"

    @property
    def revoke(self) -> str:
        """Where a grant is taken back."""
        return f"{self.api}/oauth2/revoke"

    @property
    def ends_on(self) -> date | None:
        """The day on which the vendor shut its own server; no other has announced an end."""
        return _SHUT_ON if self.api == VENDOR else None
