"""Studies at their edges: nobody consented, one person, nobody dosed, everybody gone; data sets and report come out and say why."""

from functools import cache

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from reported import STANDING, of_twin

from hometrial.exports.adam.checking import check
from hometrial.exports.report import making, pages, record
from hometrial.exports.report.blocks import Paragraph, Table
from hometrial.exports.report.material import material
from hometrial.exports.source.reading import Source
from hometrial.exports.source.tables import TABLES

pytestmark = pytest.mark.long

EDGES = ("nobody asked", "nobody consented", "one", "nobody dosed", "everybody gone")
_REGISTERED = ("protocol_version", "instrument", "site", "participant")


@cache
def edge(protocol, name):
    """Return the material and the report of a study at an edge."""
    whole = of_twin(protocol)
    adsl = whole.people
    kept = {
        "nobody asked": [],
        "nobody consented": whole.source.people,
        "one": [whole.population("SAF")[0]],
        "nobody dosed": [
            each for each in whole.source.people if each not in whole.population("SAF")
        ],
        "everybody gone": [str(each) for each in adsl.index[adsl["EOSSTT"] == "DISCONTINUED"]],
    }[name]
    who = pa.array(kept, pa.string())
    tables = {
        each.name: table.filter(pc.is_in(table["participant"], who))
        if "participant" in table.column_names
        else table
        for each in TABLES
        if name != "nobody consented" or each.name in _REGISTERED
        for table in (whole.source.table(each.name),)
    }
    made = material(Source(tables), STANDING)
    return made, making.report(made), len(kept)


def said(report, section):
    found = next(each for each in report.sections if each.id == section)
    words = [each.text for each in found.blocks if isinstance(each, Paragraph)]
    words += [each.note for each in found.blocks if isinstance(each, Table)]
    return " ".join(words)


@pytest.mark.parametrize(
    ("protocol", "name"), [*(("ldn-crohns", each) for each in EDGES), ("ldn-ms", "one")]
)
def test_data_sets_keep_their_rules_and_the_report_comes_out(protocol, name):
    made, report, people = edge(protocol, name)
    assert [str(each) for each in check(made.analyses, made.tabulations)] == []
    page = pages.html(report).decode()
    assert "Traceback" not in page
    assert ">nan<" not in page
    record.record(report)
    assert people or name == "nobody asked"


@pytest.mark.parametrize("name", ["nobody asked", "nobody consented", "nobody dosed"])
def test_without_a_dose_the_report_says_what_cannot_be_estimated_and_why(name):
    made, report, _ = edge("ldn-crohns", name)
    assert made.population("SAF") == []
    assert "Not estimable: nobody is in FAS." in said(report, "primary")
    assert "S5: Not estimable: nobody is in FAS." in said(report, "secondary")
    assert "Nobody has taken a dose." in said(report, "exposure")
    assert "no tipping point below 10 people" in said(report, "missing")
    assert "no multiple imputation; 0 of 0 people" in said(report, "missing")


def test_where_everybody_left_before_the_time_that_is_the_reason():
    made, report, _ = edge("ldn-crohns", "everybody gone")
    people = len(made.population("FAS"))
    assert people
    assert f"of {people} people in FAS {people} have a baseline and none of them a value" in said(
        report, "primary"
    )
    assert f"for {people} the time is over, for 0 it is still to come" in said(report, "primary")


def test_of_one_person_there_is_the_own_line_and_no_interval():
    made, report, _ = edge("ldn-crohns", "one")
    assert made.population("SAF")
    primary = next(each for each in report.sections if each.id == "primary")
    assert not [each for each in primary.numbers if each.name in ("P1 mean change", "P1 shift")]
    assert "Fewer than 10 people" in said(report, "primary")
