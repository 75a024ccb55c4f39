"""MANIFEST.json and MANIFEST.sha256: what is in a data set, to the byte, without a clock or a host."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from hometrial.exports.dataset import WrittenFile, sha256_of
from hometrial.exports.folder import MANIFEST, SUMS

SCHEMA_VERSION = 1
"""Raised whenever a file or a column is renamed, retyped or comes to mean something else."""


@dataclass(frozen=True)
class Contents:
    """What a draft says of itself: who and what is in it, and what is not.

    `participants` are all people of the study, `participants_without_samples` those of them whom no
    sample file tells of. `streams` counts samples, `suites` and `metric_rules` list the versions in use.
    `excluded_rows_by_rule` counts the samples in quarantine that were not released; the rows of files
    refused whole stand in `rows_of_rejected_files`.
    """

    participants: Sequence[str]
    participants_without_samples: Sequence[str]
    streams: Mapping[str, int]
    suites: Mapping[str, Sequence[int]]
    metric_rules: Mapping[str, Sequence[int]]
    open_queries: int
    quarantined_open: int
    provisional_days: int
    excluded_rows_by_rule: Mapping[str, int]
    rows_of_rejected_files: int
    unreadable_rows: int


def write(folder: Path, files: Sequence[WrittenFile], contents: Contents) -> str:
    """Write both files and return the SHA-256 of MANIFEST.json."""
    ordered = sorted(files, key=lambda each: each.path)
    manifest = {
        "study": None,  # no name of the study is on record yet
        "kind": "draft",
        "schema_version": SCHEMA_VERSION,
        **asdict(contents),
        "files": [asdict(file) for file in ordered],
    }
    path = folder / MANIFEST
    path.write_bytes((json.dumps(manifest, indent=1, ensure_ascii=False) + "\n").encode())
    sums = {file.path: file.sha256 for file in ordered} | {MANIFEST: sha256_of(path)}
    lines = [f"{digest}  {name}\n" for name, digest in sorted(sums.items())]
    (folder / SUMS).write_bytes("".join(lines).encode())
    return sums[MANIFEST]
