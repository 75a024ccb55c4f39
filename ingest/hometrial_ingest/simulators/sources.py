"""What hands records over: wearables, phones, echoes through Health Connect, hands on a keyboard."""

from dataclasses import dataclass, replace

PROVIDER = "google-health"


@dataclass(frozen=True)
class Source:
    """One origin of records as Google Health describes it, and its `key` as our reader words it.

    A smaller `rank` wins where the merged stream must choose. `device` is what is shown as its name.
    """

    platform: str
    method: str | None
    rank: int
    device: str | None = None
    form_factor: str | None = None
    package: str | None = None

    @property
    def key(self) -> str:
        """The source of a sample as `readers.google_health` words it."""
        kind = self.form_factor or self.device or "unknown-device"
        manual = "/manual" if self.method == "MANUAL" else ""
        return f"{PROVIDER}/{self.platform}/{kind}{manual}"

    @property
    def is_wearable(self) -> bool:
        """Whether it is worn, so that its records wait for a sync."""
        return self.rank < PHONE.rank

    def derived(self) -> "Source":
        """Return the origin of what the cloud makes of this source's records."""
        return replace(self, method="DERIVED")


PHONE = Source("FITBIT", "PASSIVELY_MEASURED", 50, "MobileTrack", "PHONE")
ECHO = Source("HEALTH_CONNECT", None, 60, package="com.google.android.apps.fitness")
TYPED = Source("FITBIT", "MANUAL", 70)
MERGED_KEY = f"{PROVIDER}/reconciled"


def wearable(name: str, form_factor: str, rank: int, *, bare: bool = False) -> Source:
    """Return a wearable; a bare one is sent as `{}`, without name and form."""
    if bare:
        return Source("FITBIT", "PASSIVELY_MEASURED", rank)
    return Source("FITBIT", "PASSIVELY_MEASURED", rank, name, form_factor)
