"""A study's source tables become one folder of data sets with everything that vouches for and explains them.

The folder depends on its arguments alone: no clock, no locale, no database. So a lock is rebuilt from the source
tables that it keeps, byte for byte (exports.md 5.3).
"""

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from hometrial.exports import dictionary, folder, papers, provenance
from hometrial.exports.adam import checking
from hometrial.exports.adam.data_sets import analysed
from hometrial.exports.dictionary import Variable
from hometrial.exports.formats import described_files, loaders, parking, reading_back
from hometrial.exports.formats.dataset_json import Origin
from hometrial.exports.formats.define import Told, standards
from hometrial.exports.formats.delivering import Deliveries
from hometrial.exports.formats.frames import Frame, described
from hometrial.exports.formats.writing import Framed
from hometrial.exports.forms import filing
from hometrial.exports.provenance import Before
from hometrial.exports.sdtm import subjects
from hometrial.exports.sdtm.assembling import Made
from hometrial.exports.sdtm.domains import tabulated
from hometrial.exports.sdtm.foreseen import Foreseen, foreseen
from hometrial.exports.source.reading import Source
from hometrial.exports.tidy.tables import TIDY

SDTM, ADAM, TIDY_FOLDER = "sdtm", "adam", "tidy"
_WAITING = ".waiting"
"""Of a folder that is being written: where data sets wait."""
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
    outgoing = Deliveries(place, delivery.formats, _origin(delivery), place / _WAITING)
    used = _standards(built, outgoing, delivery) if source.has_protocol else {}
    if source.has_protocol:
        delivery.progress(STEPS[2])
        built.files |= filing.write(place, _unread(source), delivery.at)
    delivery.progress(STEPS[3])
    outgoing.deliver(TIDY_FOLDER, _tidy(source))
    built.data_sets |= _rows(outgoing, TIDY_FOLDER)
    built.files |= outgoing.files
    built.files |= described_files.write(place, {**outgoing.made, **_streams(delivery)}, source)
    built.files |= loaders.write(place, outgoing.made, delivery.formats)
    delivery.progress(STEPS[4])
    built.files |= reading_back.write(place, outgoing.checked)
    shutil.rmtree(outgoing.waiting)
    if delivery.samples:
        delivery.progress(STEPS[5])
        written = delivery.samples(place)
        built.samples = sum(written.values())
        built.files |= written
    delivery.progress(STEPS[6])
    built.files |= provenance.write(place, source, delivery.facts["code"], used, TIDY.values())
    if delivery.before:
        built.files |= provenance.write_changes(place, source, delivery.before)
    facts = {
        **delivery.facts,
        "transformations": outgoing.changed,
        "data_sets": built.data_sets,
        "standards": standards() if source.has_protocol else {},
        "samples": built.samples,
        "not_tabulated": dict(sorted(Counter(subjects.left_out(source).values()).items())),
    }
    built.files |= papers.write(place, source, facts, built.findings, built.foreseen)
    folder.write_manifest(place, built.files, facts, outgoing.told)
    return built


def _standards(built: Built, outgoing: Deliveries, delivery: Delivery) -> dict[str, list[str]]:
    """Write tabulations and analysis data sets, and check the latter; return what source tables each came of."""
    delivery.progress(STEPS[0])
    tabulations = _write(built, outgoing, SDTM, tabulated(_unread(delivery.source)))
    delivery.progress(STEPS[1])
    wait = parking.Waiting(outgoing.waiting / "parts")
    made_of = analysed(_unread(delivery.source), tabulations, wait)
    analyses = _write(built, outgoing, ADAM, made_of)
    built.findings += [str(each) for each in checking.check(analyses, tabulations)]
    built.foreseen = foreseen(tabulations)
    return {
        f"{name}.{each}": provenance.tables_of(found)
        for name, made in ((SDTM, tabulations), (ADAM, analyses))
        for each, found in made.items()
    }


def _unread(source: Source) -> Source:
    """Return the source tables for one step: the rows that it reads of them are let go with it."""
    return Source(source.tables)


def _tidy(source: Source) -> Iterator[Frame]:
    """Make the tidy tables one after another."""
    of = _unread(source)
    for each in TIDY.values():
        yield described(each.name, each.label, each.variables, each.rows(of), each.keys)


def _rows(outgoing: Deliveries, name: str) -> dict[str, int]:
    return {f"{name}.{each.data_set.name}": each.table.num_rows for each in outgoing.made[name]}


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


def _write(built: Built, outgoing: Deliveries, name: str, made: Iterable[Made]) -> dict[str, Made]:
    """Write one delivery's data sets as they are made, in every format, their Define-XML and their lineage.

    Returns them as they wait on the disk, read back.
    """
    waiting: dict[str, Made] = {}
    outgoing.deliver(name, map(partial(_traced, built, outgoing, waiting), made), _REMARKS)
    built.data_sets |= _rows(outgoing, name)
    return {
        each.data_set.name: replace(waiting[each.data_set.name], table=each.table)
        for each in outgoing.made[name]
    }


def _traced(built: Built, outgoing: Deliveries, waiting: dict[str, Made], made: Made) -> Made:
    """Write where a data set's rows came from; what of it is not its rows goes to those that wait."""
    name = made.data_set.name
    built.files |= provenance.write_lineage(outgoing.place, [made])
    lineage = parking.kept(made.lineage, outgoing.waiting / f"{name}.lineage.arrow")
    waiting[name] = replace(made, table=made.table.schema.empty_table(), lineage=lineage)
    return made
