"""The shapes of data points and bodies, and what kind of measure each is."""

import msgspec

from hometrial_ingest.readers.omh.quantity import UnitValue
from hometrial_ingest.readers.omh.time_frame import TimeFrame

UNKNOWN_SOURCE = "unknown-source"
"""Stands for `source_name` in a point that does not say where it comes from."""


class SchemaId(msgspec.Struct, gc=False):
    """`schema-id`; only the name decides how a body is read."""

    # for example {"namespace": "omh", "name": "heart-rate", "version": "2.0"}
    name: str


class Provenance(msgspec.Struct, gc=False):
    """`acquisition_provenance` of an Open mHealth header."""

    source_name: str | None = None
    source_data_point_id: str | None = None
    modality: str | None = None


class Header(msgspec.Struct, gc=False):
    """Header of Open mHealth (`id`, `acquisition_provenance`) or of IEEE 1752.1 (`uuid`, `modality`)."""

    schema_id: SchemaId | None = None
    id: str | None = None
    uuid: str | None = None
    user_id: str | None = None
    acquisition_provenance: Provenance | None = None
    modality: str | None = None


class Body(msgspec.Struct, gc=False):
    """The fields of all bodies that are kept; a body has those of its schema."""

    # for example {"heart_rate": {"value": 50.0, "unit": "beats/min"}, "effective_time_frame": {"date_time": "..."},
    #  "descriptive_statistic": "average"}
    effective_time_frame: TimeFrame | None = None
    descriptive_statistic: str | None = None
    step_count: UnitValue | None = None
    base_movement_quantity: UnitValue | None = None
    heart_rate: UnitValue | None = None
    oxygen_saturation: UnitValue | None = None
    respiratory_rate: UnitValue | None = None
    body_weight: UnitValue | None = None
    total_sleep_time: UnitValue | None = None
    latency_to_sleep_onset: UnitValue | None = None
    latency_to_arising: UnitValue | None = None
    wake_after_sleep_onset: UnitValue | None = None
    is_main_sleep: bool | None = None


class Entry(Body):
    """A data point, `{"header": ..., "body": ...}`, or a body by itself."""

    header: Header | None = None
    body: Body | None = None


class SchemaOnly(msgspec.Struct, gc=False):
    """A data point of which nothing but the schema is of interest."""

    header: Header | None = None


SLEEP_EPISODE, TOTAL_SLEEP_TIME = "sleep-episode", "total-sleep-time"
PHYSICAL_ACTIVITY = "physical-activity"

# The field that tells a body without a header. A sleep episode must come first: it may hold a
# total sleep time, too. One of nothing but a time frame cannot be told and needs its header.
BODY_FIELDS = {
    "latency_to_sleep_onset": SLEEP_EPISODE,
    "latency_to_arising": SLEEP_EPISODE,
    "wake_after_sleep_onset": SLEEP_EPISODE,
    "is_main_sleep": SLEEP_EPISODE,
    "total_sleep_time": TOTAL_SLEEP_TIME,
    "step_count": "step-count",
    "base_movement_quantity": PHYSICAL_ACTIVITY,
    "heart_rate": "heart-rate",
    "oxygen_saturation": "oxygen-saturation",
    "respiratory_rate": "respiratory-rate",
    "body_weight": "body-weight",
}
KEPT = frozenset(BODY_FIELDS.values())


def schema_of(entry: Entry) -> str | None:
    """Return the name of an entry's schema: as its header says, else as its body shows, else None."""
    if entry.header is not None and entry.header.schema_id is not None:
        return entry.header.schema_id.name
    body = body_of(entry)
    return next(
        (name for field, name in BODY_FIELDS.items() if getattr(body, field) is not None), None
    )


def is_kept(entry: Entry, schema: str) -> bool:
    """Say whether points of this schema are kept; of a physical activity, only one that counts steps."""
    if schema == PHYSICAL_ACTIVITY:
        return body_of(entry).base_movement_quantity is not None
    return schema in KEPT


def body_of(entry: Entry) -> Body:
    """Return the body, which is the entry itself if it has no envelope."""
    return entry if entry.body is None else entry.body


def source_of(header: Header | None) -> str:
    """Return the `source`: the app's declared name, marked if a person typed the value in."""
    provenance = header and header.acquisition_provenance
    name = (provenance and provenance.source_name) or UNKNOWN_SOURCE
    modality = (provenance and provenance.modality) or (header and header.modality)
    return f"omh/{name}/manual" if modality == "self-reported" else f"omh/{name}"
