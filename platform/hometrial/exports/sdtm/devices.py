"""The devices (SDTMIG-MD 1.1): what they are (DI), whose they are (DR), and when they were worn (DX)."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from hometrial.exports.sdtm.assembling import PERSON, SOURCE, Row
from hometrial.exports.sdtm.study import Study

TRACKER = "ACTIVITY TRACKER"
_PARAMETERS = (
    ("MODEL", "Model", "model"),
    ("FIRMWARE", "Firmware Version", "firmware"),
    ("PROVIDER", "Provider of the Data", "provider"),
    ("DATASRC", "Source of the Data", "source"),
)
_A_DAY = timedelta(days=1)


def di(study: Study) -> list[Row]:
    """Return the rows of DI: the type of each device, and what is known of model, firmware and source."""
    return [row for device in study.source.rows("device") for row in _described(device)]


def _described(device: dict[str, Any]) -> Iterator[Row]:
    known = {"SPDEVID": device["id"], SOURCE: (f"device/{device['id']}",)}
    yield known | {"DIPARMCD": "DEVTYPE", "DIPARM": "Device Type", "DIVAL": TRACKER}
    for code, name, column in _PARAMETERS:
        if device[column]:
            yield known | {"DIPARMCD": code, "DIPARM": name, "DIVAL": device[column]}


def dr(study: Study) -> list[Row]:
    """Return the rows of DR: which device is whose."""
    return [
        {PERSON: row["participant"], SOURCE: (f"device/{row['id']}",), "SPDEVID": row["id"]}
        for row in study.source.rows("device")
    ]


def dx(study: Study) -> list[Row]:
    """Return the rows of DX: stretches of days, none left out, on which a device sent data."""
    made = []
    for person, days in study.source.by_person("data_day").items():
        sent = [row for row in days if row["device"] and row["status"] != "none"]
        for stretch in _stretches(sorted(sent, key=lambda row: (row["device"], row["day"]))):
            first, last = stretch[0], stretch[-1]
            made.append(
                {
                    PERSON: person,
                    SOURCE: tuple(f"data_day/{row['id']}" for row in stretch),
                    "SPDEVID": first["device"],
                    "DXTRT": TRACKER,
                    "DXSTDTC": first["day"].isoformat(),
                    "DXENDTC": last["day"].isoformat(),
                }
            )
    return made


def _stretches(days: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Yield days of a device that follow each other."""

    def start(numbered: tuple[int, dict[str, Any]]) -> tuple[str, date]:
        number, row = numbered
        return row["device"], row["day"] - number * _A_DAY

    for _, stretch in groupby(enumerate(days), key=start):
        yield [row for _, row in stretch]
