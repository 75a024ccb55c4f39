"""What the name of a source says about its rows: whether they are one stream, and who timed them."""

import pandas as pd

_MERGED = ("fitabase", "fitbit", "takeout/fitbit", "google-health/reconciled")
"""Providers that merge a person's devices into one stream before they hand it over."""

_MANY_APPS = ("apple-health",)
"""Providers whose sources are kinds of device: two phones, and all apps on them, share one name and may
share a model, so that even rows of one model need not be of one device."""

_NOT_TIMED = ("takeout",)
"""Providers that say when an amount began and not for how long; the reader takes a minute."""


def merged(source: pd.Series) -> pd.Series:
    """Return which rows are of a source that speaks with one voice."""
    return _of(source, _MERGED)


def many_apps(source: pd.Series) -> pd.Series:
    """Return which rows are of a source that several devices and apps may share."""
    return _of(source, _MANY_APPS)


def timed(source: pd.Series) -> pd.Series:
    """Return which rows have a length that the source itself gave."""
    return ~_of(source, _NOT_TIMED) | merged(source)


def _of(source: pd.Series, names: tuple[str, ...]) -> pd.Series:
    wanted = {
        each
        for each in source.cat.categories
        if any(str(each) == name or str(each).startswith(f"{name}/") for name in names)
    }
    return source.isin(wanted)
