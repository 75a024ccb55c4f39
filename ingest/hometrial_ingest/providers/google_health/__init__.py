"""Google Health API v4: see the README beside this file."""

from collections.abc import Iterator, Mapping
from datetime import date

from hometrial_ingest.provider import (
    Account,
    Caller,
    Hint,
    Limits,
    Page,
    PairedDevice,
    Stream,
    Window,
)
from hometrial_ingest.providers.google_health import accounts, notices
from hometrial_ingest.providers.google_health.addresses import GoogleHealthConfig
from hometrial_ingest.providers.google_health.calls import Api
from hometrial_ingest.providers.google_health.catalogue import COLLECTIONS, SETTINGS_SCOPE, STREAMS
from hometrial_ingest.providers.google_health.reading import read
from hometrial_ingest.providers.google_health.signatures import Keyring
from hometrial_ingest.providers.oauth import ByTokenDesk, TokenDesk
from hometrial_ingest.providers.wire import Wire
from hometrial_ingest.reader import Reader
from hometrial_ingest.readers.google_health import reader as _reader

__all__ = ["GoogleHealth", "GoogleHealthConfig"]


class GoogleHealth(ByTokenDesk):
    """Google's cloud behind Fitbit and Pixel watches. Satisfies `Provider`; threads may share it."""

    name = "google-health"
    reader: Reader = _reader
    streams: Mapping[str, Stream] = STREAMS
    limits = Limits(account=300, account_seconds=60, project=120_000, project_seconds=60)
    ends_on: date | None = None

    def __init__(self, config: GoogleHealthConfig, wire: Wire | None = None) -> None:
        wire = wire or Wire()
        self._api = Api(wire, config.api)
        self._keys = Keyring(wire, config.keyset)
        self._desk = TokenDesk(
            wire, "Google", config.client_id, config.client_secret,
            authorise=config.authorise, token=config.token, revocation=config.revoke,
        )  # fmt: skip

    def authorisation_url(
        self, *, state: str, challenge: str, redirect_uri: str, streams: frozenset[str]
    ) -> str:
        """Return Google's sign-in; it also asks for the settings: time zone and devices.

        include_granted_scopes is left out: it can drag scopes of the old Google Fit into the token,
        which the API then refuses.
        """
        return self._desk.authorisation_url(
            state=state,
            challenge=challenge,
            redirect_uri=redirect_uri,
            scopes={SETTINGS_SCOPE, *(self.streams[name].scope for name in streams)},
            extra={"access_type": "offline", "prompt": "consent"},
        )

    def account(self, caller: Caller) -> Account:
        """Return the healthUserId, the former Fitbit id and the zone of the settings."""
        return accounts.account(self._api, caller)

    def devices(self, caller: Caller) -> list[PairedDevice]:
        """Return the account's trackers and scales, without their addresses."""
        return accounts.devices(self._api, caller)

    def pages(self, caller: Caller, stream: Stream, window: Window) -> Iterator[Page]:
        """Yield list pages, then the merged stream if sources compete, then daily totals."""
        return read(self._api, caller, COLLECTIONS[stream.name], window)

    def hints(self, headers: Mapping[str, str], body: bytes, secret: str) -> list[Hint]:
        """Check signature and secret and return a hint for each stretch of time that is named."""
        return notices.hints(self._keys, headers, body, secret)
