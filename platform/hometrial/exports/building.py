"""A study's source tables become one folder of data sets with everything that vouches for and explains them.

The folder depends on its arguments alone: no clock, no locale, no database. So a lock is rebuilt from the source
tables that it keeps, byte for byte (exports.md 5.3).
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from hometrial.exports import dictionary, folder, papers, provenance
from hometrial.exports.adam import checking
from hometrial.exports.adam.data_sets import analyse
from hometrial.exports.dictionary import Variable
from hometrial.exports.formats import described_files, loaders, reading_back, writing
from hometrial.exports.formats.dataset_json import Origin
from hometrial.exports.formats.define import Told
from hometrial.exports.formats.frames import Frame, described
from hometrial.exports.formats.writing import Framed
from hometrial.exports.forms import filing
from hometrial.exports.provenance import Before
from hometrial.exports.sdtm import subjects
from hometrial.exports.sdtm.assembling import Made
from hometrial.exports.sdtm.domains import tabulate
from hometrial.exports.sdtm.foreseen import Foreseen, foreseen
from hometrial.exports.source.reading import Source
from hometrial.exports.tidy.tables import TIDY

SDTM, ADAM, TIDY_FOLDER = "sdtm", "adam", "tidy"
Samples = Callable[[Path], Mapping[Path, int]]
"""Writes the samples into the folder it is given; returns its files with their rows."""


@dataclass(frozen=True)
class Delivery:
    """What is to be written. `facts` go into the manifest as they are; `at` stands for every time in the files."""

    source: Source
    formats: frozenset[str]
    facts: Mapping[str, Any]
    at: datetime
    samples: Samples | None = None
    streams: Mapping[str, Sequence[Variable]] = field(default_factory=dict)
    """The columns of the samples, by stream."""
    before: Before | None = None
    """The lock before, to tell what has changed since."""
    progress: Callable[[str], None] = lambda _step: None


@dataclass
class Built:
    """What was written: each file with its rows, the data sets with theirs, what the checks found and will find."""

    files: dict[Path, int] = field(default_factory=dict)
    data_sets: dict[str, int] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)
    foreseen: list[Foreseen] | None = None
    """What CDISC's rules will say of the tabulations; None without a protocol to tabulate by."""
    samples: int = 0


STEPS = (
    "tabulations",
    "analysis data sets",
    "forms",
    "tidy tables",
    "reading back",
    "samples",
    "manifest",
)
_REMARKS = Told(
    crf="../forms/acrf.pdf",
    comments={
        "AE.AEDECOD": "No MedDRA is shipped: unless an event was coded under a licence, the reported term in capitals."
    },
)
"""What stands in every Define-XML; remarks on what a delivery has not are left out."""


def build(place: Path, delivery: Delivery) -> Built:
    """Write everything into an empty folder, the manifest last.

    Without a protocol in force there is nothing that tabulations and analysis data sets could be made by: then the
    tidy tables and the samples are written, and the manifest names no protocol. Raises ValueRefusedError for a value
    that a data set or a format cannot hold, OSError if the disk fails.
    """
    built = Built()
    source = delivery.source
    standards = _standards(built, place, delivery) if source.has_protocol else {}
    if source.has_protocol:
        delivery.progress(STEPS[2])
        built.files |= filing.write(place, source, delivery.at)
    made: dict[str, Sequence[Framed]] = {**standards, TIDY_FOLDER: _tidy(built, place, delivery)}
    built.files |= described_files.write(place, {**made, **_streams(delivery)}, source)
    built.files |= loaders.write(place, made, delivery.formats)
    delivery.progress(STEPS[4])
    built.files |= reading_back.write(place, made, delivery.formats)
    if delivery.samples:
        delivery.progress(STEPS[5])
        written = delivery.samples(place)
        built.samples = sum(written.values())
        built.files |= written
    delivery.progress(STEPS[6])
    code = delivery.facts["code"]
    built.files |= provenance.write(place, source, code, standards, TIDY.values())
    if delivery.before:
        built.files |= provenance.write_changes(place, source, delivery.before)
    built.files |= papers.write(place, source, delivery.facts, built.findings, built.foreseen)
    facts = {
        **delivery.facts,
        "data_sets": built.data_sets,
        "samples": built.samples,
        "not_tabulated": dict(sorted(Counter(subjects.left_out(source).values()).items())),
    }
    folder.write_manifest(place, built.files, facts)
    return built


def _standards(built: Built, place: Path, delivery: Delivery) -> dict[str, list[Made]]:
    """Write tabulations and analysis data sets, and check the latter."""
    delivery.progress(STEPS[0])
    tabulations = tabulate(delivery.source)
    _write(built, place, SDTM, tabulations, delivery)
    delivery.progress(STEPS[1])
    analyses = analyse(delivery.source, tabulations)
    _write(built, place, ADAM, analyses, delivery)
    built.findings += [str(each) for each in checking.check(analyses, tabulations)]
    built.foreseen = foreseen(tabulations)
    return {SDTM: list(tabulations.values()), ADAM: list(analyses.values())}


def _tidy(built: Built, place: Path, delivery: Delivery) -> list[Frame]:
    delivery.progress(STEPS[3])
    frames = [
        described(each.name, each.label, each.variables, each.rows(delivery.source), each.keys)
        for each in TIDY.values()
    ]
    built.files |= writing.write_all(
        place, TIDY_FOLDER, frames, delivery.formats, _origin(delivery)
    )
    built.data_sets |= {
        f"{TIDY_FOLDER}.{each.data_set.name}": each.table.num_rows for each in frames
    }
    return frames


def _streams(delivery: Delivery) -> dict[str, Sequence[Framed]]:
    """Return each stream as a table without rows: what it is called and what its columns are."""
    return {
        described_files.SAMPLES: [
            described(
                name, f"Samples of {name}", variables, dictionary.schema(variables).empty_table()
            )
            for name, variables in delivery.streams.items()
        ]
    }


def _origin(delivery: Delivery) -> Origin:
    source = delivery.source
    version = str(delivery.facts["code"]["version"])
    for protocol in source.protocols:
        return Origin(protocol.id.upper(), delivery.at, version=version, title=protocol.title)
    return Origin("STUDY", delivery.at, version=version)


def _write(
    built: Built, place: Path, name: str, made: Mapping[str, Made], delivery: Delivery
) -> None:
    """Write one delivery's data sets in every format, their Define-XML and their lineage."""
    framed = list(made.values())
    built.files |= writing.write_all(
        place, name, framed, delivery.formats, _origin(delivery), _REMARKS
    )
    built.files |= provenance.write_lineage(place, framed)
    built.data_sets |= {f"{name}.{each}": found.table.num_rows for each, found in made.items()}
