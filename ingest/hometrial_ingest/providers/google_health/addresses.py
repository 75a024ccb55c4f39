"""Where Google Health is: the vendor's own addresses, or those of its double."""

from dataclasses import dataclass, field
from typing import Self


@dataclass(frozen=True)
class GoogleHealthConfig:
    """A project's OAuth client and the addresses of the service."""

    client_id: str
    client_secret: str = field(repr=False)
    api: str = "https://health.googleapis.com/v4"
    authorise: str = "https://accounts.google.com/o/oauth2/v2/auth"
    token: str = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
    revoke: str = "https://oauth2.googleapis.com/revoke"
    keyset: str = "https://www.gstatic.com/googlehealthapi/webhooks/webhooks_public_keyset.json"

    @classmethod
    def simulated(cls, base_url: str, *, client_id: str, client_secret: str) -> Self:
        """Return the addresses of the double that runs at `base_url`."""
        root = f"{base_url.rstrip('/')}/google"
        return cls(
            client_id,
            client_secret,
            api=f"{root}/v4",
            authorise=f"{root}/o/oauth2/v2/auth",
            token=f"{root}/token",
            revoke=f"{root}/revoke",
            keyset=f"{root}/keyset.json",
        )
