"""What a manifest tells beside its files: code, protocol, rules, instruments, people, rows, what is left out and why."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from hometrial.exports.deidentifying import Released
from hometrial.exports.source.reading import Source
from hometrial.exports.source.tables import TABLES
from hometrial.services.locking.code import code
from hometrial.services.locking.wanted import Wanted

SCHEMA_VERSION = 2


def facts(
    released: Released, state: Mapping[str, Any], wanted: Wanted, cutoff: int
) -> dict[str, Any]:
    """Return the facts of a folder; the rows of source tables are those that may leave."""
    source = released.source
    return {
        "schema_version": SCHEMA_VERSION,
        "code": code(),
        "cutoff": {"audit_entry": cutoff},
        "profile": {
            "name": wanted.profile.name,
            "text": " ".join((wanted.profile.text, *released.remarks)),
            "done": dict(released.done),
        },
        "formats": list(wanted.formats),
        "streams": list(wanted.streams),
        "protocol": _protocol(source),
        "instruments": {row["id"]: row["sha256"] for row in source.rows("instrument")},
        "participants": source.people,
        "source_rows": {each.name: source.table(each.name).num_rows for each in TABLES},
        "state": {**state, "excluded_rows_by_reason": _left_out(source)},
    }


def _protocol(source: Source) -> dict[str, str] | None:
    for row in source.rows("protocol_version"):
        if row["in_force"]:
            return {"id": row["protocol"], "version": row["version"]}
    return None


def _left_out(source: Source) -> dict[str, int]:
    """Count samples in quarantine by rule and standing: none of them is in a data set but those released."""
    found = Counter(
        f"{row['rule']} ({row['status']})"
        for row in source.rows("quarantined")
        if row["status"] != "released"
    )
    return dict(sorted(found.items()))
