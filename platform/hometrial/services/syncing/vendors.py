"""What people call each provider, and where they go for what only they can do there."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Vendor:
    """What people call a provider, where they set it up, and where they take a permission back."""

    label: str
    account: str
    watches: str
    set_up: str
    take_back: str


_GOOGLE_PERMISSIONS = "https://myaccount.google.com/connections"
_VENDORS = {
    "google-health": Vendor(
        label="Google Health",
        account="Google account",
        watches="Fitbit and Pixel watches",
        set_up="https://fitbit.google.com/auth/signup",
        take_back=_GOOGLE_PERMISSIONS,
    ),
    "fitbit": Vendor(
        label="Fitbit",
        account="Fitbit account",
        watches="watches that still use the older Fitbit service",
        set_up="https://fitbit.google.com/auth/signup",
        take_back=_GOOGLE_PERMISSIONS,
    ),
}


def vendor(name: str) -> Vendor:
    """Return what people call a provider; one that is not known is called by its name."""
    plain = name.replace("-", " ").capitalize()
    return _VENDORS.get(name) or Vendor(plain, f"{plain} account", "its devices", "", "")
