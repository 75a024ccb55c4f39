"""How points of one answer begin: with their name and their source, where they have one."""

import json
from dataclasses import dataclass

from hometrial_ingest.simulate.timeline import Zones
from hometrial_ingest.simulators.records import Records
from hometrial_ingest.simulators.sources import Source


@dataclass(frozen=True)
class Wording:
    """How the points of one answer are worded."""

    user: str
    merged: bool
    zones: Zones
    unknown_fields: bool = False
    no_third_party_offsets: bool = False
    preview_names: bool = False


def data_source(source: Source, wording: Wording) -> str:
    """Return the `dataSource` of a source as JSON."""
    device = {"displayName": source.device, "formFactor": source.form_factor}
    told: dict[str, object] = {"platform": source.platform}
    if source.method:
        told["recordingMethod"] = "FUTURE_METHOD" if wording.unknown_fields else source.method
    if source.package:
        told["application"] = {"packageName": source.package}
    elif source.method != "MANUAL":
        told["device"] = {key: value for key, value in device.items() if value}
    return json.dumps(told, separators=(",", ":"))


def heads(found: Records, places: range, wording: Wording) -> list[str]:
    """Return how each point begins: with its source, or with nothing in the merged stream."""
    extra = '"futureField":{"shape":"UNHEARD_OF"},' if wording.unknown_fields else ""
    if wording.merged:
        return [extra] * len(places)
    begins = [f'{extra}"dataSource":{data_source(s, wording)},' for s in found.sources]
    return [begins[place] for place in found.origin[list(places)].tolist()]


def name(found: Records, place: int, wording: Wording) -> str:
    """Return a point's name as JSON; only identifiable types have one."""
    if not found.ids:
        return ""
    kind = "dataPointName" if wording.merged else "name"
    told = f"users/{wording.user}/dataTypes/{found.data_type}/dataPoints/{found.ids[place]}"
    return f'"{kind}":"{told}",'
