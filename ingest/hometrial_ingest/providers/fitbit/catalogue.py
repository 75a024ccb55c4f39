"""What is read of the Fitbit Web API."""

from types import MappingProxyType

from hometrial_ingest.data_types import DATA_TYPE_OF
from hometrial_ingest.provider import Stream
from hometrial_ingest.signals import Signal

PROFILE, SETTINGS = "profile", "settings"
"""Scopes of the account's time zone and of its devices."""

# Name, scope, days a read (of detail a day is a call; of sleep the API takes 100 a call, of weight 31).
_ROWS: tuple[tuple[str, str, int, tuple[Signal, ...]], ...] = (
    ("heart_rate", "heartrate", 14, (Signal.HEART_RATE, Signal.RESTING_HEART_RATE)),
    ("steps", "activity", 14, (Signal.STEPS, Signal.STEPS_DAILY)),
    ("sleep", "sleep", 100, (Signal.SLEEP_SESSION, Signal.SLEEP_STAGE)),
    ("weight", "weight", 31, (Signal.WEIGHT,)),
)

STREAMS = MappingProxyType(
    {
        name: Stream(name, frozenset(signals), DATA_TYPE_OF[signals[0]], scope, longest_days=days)
        for name, scope, days, signals in _ROWS
    }
)
"""The streams by name. The resting heart rate of a day stands on its page of heart rate."""

STREAMS_OF = MappingProxyType(
    {"activities": ("steps", "heart_rate"), "sleep": ("sleep",), "body": ("weight",)}
)
"""The streams that a collection of the notifications is about; heart rate rides on activities."""
