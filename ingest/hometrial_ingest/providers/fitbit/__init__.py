"""The Fitbit Web API, as Fitbit-shaped servers still speak it: see the README beside this file."""

from collections.abc import Iterator, Mapping

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
from hometrial_ingest.providers.fitbit import accounts, notices
from hometrial_ingest.providers.fitbit.addresses import FitbitConfig
from hometrial_ingest.providers.fitbit.catalogue import PROFILE, SETTINGS, STREAMS
from hometrial_ingest.providers.fitbit.client import Client
from hometrial_ingest.providers.fitbit.reading import read
from hometrial_ingest.providers.oauth import ByTokenDesk, TokenDesk
from hometrial_ingest.providers.wire import Wire
from hometrial_ingest.reader import Reader
from hometrial_ingest.readers.fitbit import reader as _reader

__all__ = ["Fitbit", "FitbitConfig"]


class Fitbit(ByTokenDesk):
    """A server that speaks the Fitbit Web API. Satisfies `Provider`; threads may share it.

    A refresh spends the old refresh token, whoever reads the answer. An answer that was lost on its way is
    asked for again at once: within two minutes the vendor repeated it.
    """

    name = "fitbit"
    reader: Reader = _reader
    streams: Mapping[str, Stream] = STREAMS
    limits = Limits(account=150, account_seconds=3600)

    def __init__(self, config: FitbitConfig, wire: Wire | None = None) -> None:
        wire = wire or Wire()
        self.ends_on = config.ends_on
        self._config = config
        self._client = Client(wire, config)
        self._desk = TokenDesk(
            wire, "Fitbit", config.client_id, config.client_secret,
            authorise=config.authorise, token=config.token, revocation=config.revoke, basic=True,
        )  # fmt: skip

    def authorisation_url(
        self, *, state: str, challenge: str, redirect_uri: str, streams: frozenset[str]
    ) -> str:
        """Return the sign-in; it also asks for the profile (time zone) and the settings (devices)."""
        return self._desk.authorisation_url(
            state=state,
            challenge=challenge,
            redirect_uri=redirect_uri,
            scopes={PROFILE, SETTINGS, *(self.streams[name].scope for name in streams)},
            extra={"prompt": "consent"},
        )

    def account(self, caller: Caller) -> Account:
        """Return the account's id and its present zone."""
        return accounts.account(self._client, caller)

    def devices(self, caller: Caller) -> list[PairedDevice]:
        """Return the account's trackers and scales, without their addresses."""
        return accounts.devices(self._client, caller)

    def pages(self, caller: Caller, stream: Stream, window: Window) -> Iterator[Page]:
        """Yield a page a local day of heart rate and steps, a page a range of sleep and weight."""
        return read(self._client, caller, stream, window)

    def hints(
        self,
        headers: Mapping[str, str],
        body: bytes,
        secret: str,  # noqa: ARG002 - Fitbit signs with the client's secret, there is no other
    ) -> list[Hint]:
        """Check the signature and return a hint for each stream of each collection that is named."""
        return notices.hints(headers, body, self._config.client_secret)
