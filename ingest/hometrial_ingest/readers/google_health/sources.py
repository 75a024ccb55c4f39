"""Where a point came from: platform and kind of device, never a person."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
from msgspec import Raw, Struct, ValidationError
from msgspec.json import Decoder

PROVIDER = "google-health"
RECONCILED = f"{PROVIDER}/reconciled"
"""The merged stream, whose points carry no data source."""


class _Device(Struct, rename="camel"):
    """{"displayName": "Google Pixel Watch 4 (45mm)", "formFactor": "WATCH"}, or {}."""

    display_name: str | None = None
    form_factor: str | None = None


class _DataSource(Struct, rename="camel"):
    """{"platform": "FITBIT", "recordingMethod": "PASSIVELY_MEASURED", "device": {...}}."""

    platform: str | None = None
    recording_method: str | None = None
    device: _Device | None = None


@dataclass(frozen=True)
class Origin:
    """The `source` and `device` of a sample."""

    source: str
    device: str | None


_decoder = Decoder(_DataSource)


def origin(data_source: bytes) -> Origin | None:
    """Read one `dataSource` (empty bytes: there is none); None if it is not one."""
    if not data_source:
        return Origin(RECONCILED, None)
    try:
        found = _decoder.decode(data_source)
    except ValidationError:
        return None
    device = found.device or _Device()
    kind = device.form_factor or device.display_name or "unknown-device"
    manual = "/manual" if found.recording_method == "MANUAL" else ""
    platform = found.platform or "unknown-platform"
    return Origin(f"{PROVIDER}/{platform}/{kind}{manual}", device.display_name)


def origin_columns(data_sources: Sequence[Raw]) -> dict[str, pa.Array]:
    """Return `source` and `device` of many points; `source` is null where the data source is not one."""
    # A page has a handful of data sources, each worded alike in every point: each is read once.
    column = pa.array(list(map(bytes, data_sources)), pa.binary()).dictionary_encode()
    found = [origin(wording) for wording in column.dictionary.to_pylist()]
    sources = pa.array([known and known.source for known in found], pa.string())
    devices = pa.array([known and known.device for known in found], pa.string())
    return {"source": sources.take(column.indices), "device": devices.take(column.indices)}
