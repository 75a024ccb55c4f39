"""The wearable clouds that a study is set up for."""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from pydantic import SecretStr

from hometrial.settings import Settings
from hometrial_ingest.provider import Provider
from hometrial_ingest.providers.fitbit import Fitbit, FitbitConfig
from hometrial_ingest.providers.google_health import GoogleHealth, GoogleHealthConfig

DOUBLES = {
    "google": ("hometrial-google", "hometrial-google-secret"),
    "fitbit": ("hometrial-fitbit", "hometrial-fitbit-secret"),
}
"""The credentials under which `hometrial simulate` knows us."""


@lru_cache(maxsize=8)
def clouds(settings: Settings) -> Mapping[str, Provider]:
    """Return the providers that can be linked and read in this study, by name.

    Beside a simulator all of them are its doubles: no rehearsal ever calls a real one.
    """
    found = (_google(settings), _fitbit(settings))
    return MappingProxyType({cloud.name: cloud for cloud in found if cloud is not None})


def _google(settings: Settings) -> Provider | None:
    pair = _credentials(
        "google", settings, settings.google_client_id, settings.google_client_secret
    )
    if pair is None:
        return None
    id_, secret = pair
    if settings.simulators:
        config = GoogleHealthConfig.simulated(
            settings.simulators, client_id=id_, client_secret=secret
        )
    else:
        config = GoogleHealthConfig(client_id=id_, client_secret=secret)
    return GoogleHealth(config)


def _fitbit(settings: Settings) -> Provider | None:
    pair = _credentials(
        "fitbit", settings, settings.fitbit_client_id, settings.fitbit_client_secret
    )
    if pair is None:
        return None
    id_, secret = pair
    if settings.simulators:
        return Fitbit(
            FitbitConfig.simulated(settings.simulators, client_id=id_, client_secret=secret)
        )
    if (
        settings.fitbit_url is None
    ):  # the vendor's own server is gone: there is no other to fall back on
        return None
    return Fitbit(FitbitConfig(settings.fitbit_url, client_id=id_, client_secret=secret))


def _credentials(
    name: str, settings: Settings, client_id: str | None, secret: SecretStr | None
) -> tuple[str, str] | None:
    if client_id and secret:
        return client_id, secret.get_secret_value()
    return DOUBLES[name] if settings.simulators else None
