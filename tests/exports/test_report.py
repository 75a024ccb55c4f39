"""The pilot report of every shipped protocol, read as a sceptic reads it."""

import dataclasses
import json
import re

import paper_read
import pytest
from reported import PROTOCOLS, STANDING, html, of_twin, report
from scipy import stats

from hometrial.exports.report import flow, making, pages, record
from hometrial.exports.report.blocks import Table
from hometrial.exports.report.material import Material
from hometrial.services.locking.report_paper import pdf

pytestmark = pytest.mark.long

CASES = [(protocol, people) for protocol in PROTOCOLS for people in (0, 6)] + [("ldn-crohns", 24)]
_INTERVAL = re.compile(r"(\d+)/(\d+) \((\d+\.\d) %; (\d+\.\d) to (\d+\.\d)\)")
_SHARE = re.compile(r"(\d+)/(\d+) \((\d+\.\d) %")


def tables(made):
    return [
        block for section in made.sections for block in section.blocks if isinstance(block, Table)
    ]


@pytest.mark.parametrize(("protocol", "people"), CASES)
def test_every_share_in_the_page_adds_up(protocol, people):
    page = html(protocol, people)
    found = _INTERVAL.findall(page)
    for k, n, percent, low, high in found:
        exact = stats.binomtest(int(k), int(n)).proportion_ci(0.95, method="exact")
        assert f"{100 * int(k) / int(n):.1f}" == percent
        assert (f"{100 * exact.low:.1f}", f"{100 * exact.high:.1f}") == (low, high)
    for k, n, percent in _SHARE.findall(page):
        assert int(k) <= int(n)
        assert f"{100 * int(k) / int(n):.1f}" == percent
    assert bool(found) == bool(people)


@pytest.mark.parametrize(("protocol", "people"), CASES)
def test_no_percentage_stands_without_its_count(protocol, people):
    bare = [
        cell
        for table in tables(report(protocol, people))
        for row in table.rows
        for cell in row[1:]
        if re.search(r"\d %", cell) and not _SHARE.search(cell)
    ]
    allowed = re.compile(r"^\d+(\.\d+)? % or more$|of doses or more|of three|mg$|^–$")
    assert [cell for cell in bare if not allowed.search(cell)] == []


@pytest.mark.parametrize(("protocol", "people"), CASES)
def test_the_states_of_people_sum_up_to_everybody(protocol, people):
    found = flow.flow(of_twin(protocol, people))
    assert len(found.stages[0].people) == people
    assert sum(map(len, found.ends.values())) == people
    for before, after in zip(found.stages, found.stages[1:], strict=False):
        assert len(before.people) == len(after.people) + sum(count for _, count in before.reasons)


@pytest.mark.parametrize(("protocol", "people"), CASES)
def test_there_are_no_stars_no_zero_p_values_and_no_trends(protocol, people):
    page = html(protocol, people)
    assert "0.000" not in page
    assert "trend toward" not in page
    assert not re.search(r"p [=<] [\d.]+\s*\*", page)
    assert "nan" not in re.sub(r"[a-z]*nan[a-z]+|[a-z]+nan", "", page.lower())


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_page_loads_nothing_runs_nothing_and_warns(protocol):
    page = html(protocol)
    assert "<script" not in page
    assert not re.search(r'(src|href)="(?!#)', page)
    assert "url(" not in page
    assert "@import" not in page
    said = "Open-label, no placebo: change may be drug, expectation, regression to the mean or natural course."
    assert (
        page.count(said) >= 3
    )  # on top, at the end, and at the foot of every sheet that is printed
    assert page.count("TWIN: NOBODY IN IT IS REAL") >= 3
    assert "FINAL (2024)" in page


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_sections_come_in_the_order_of_the_specification(protocol):
    assert [each.id for each in report(protocol).sections] == [
        "header", "flow", "baseline", "feasibility", "exposure", "wear", "primary", "secondary", "wearable",
        "responders", "after", "safety", "missing", "profiles", "deviations", "checklist",
    ]  # fmt: skip


def test_the_contrast_between_arms_stands_before_every_change_within_people():
    page = html("ldn-mecfs")
    assert (
        0 < page.index("Between arms, before any change within people") < page.index("P1 FUNCAP27")
    )
    assert "Between arms, before" not in html("ldn-crohns")


def test_below_ten_people_there_are_lines_medians_and_ranges_and_no_interval_of_a_mean():
    primary = next(each for each in report("ldn-mecfs").sections if each.id == "primary")
    said = " ".join(
        cell
        for each in primary.blocks
        if isinstance(each, Table)
        for row in each.rows
        for cell in row
    )
    assert "Mean change" not in said
    assert "Change, median (range)" in said
    assert not [
        each
        for each in primary.numbers
        if each.name in ("P1 mean change", "P1 shift", "P1 bootstrap")
    ]


@pytest.mark.parametrize("protocol", ["ldn-mecfs", "ldn-ms"])
def test_every_sheet_of_paper_carries_the_caution_and_the_same_bytes_come_out(protocol):
    made = report(protocol)
    body = pdf(made, STANDING, compressed=False)
    assert body == pdf(made, STANDING, compressed=False)
    read = paper_read.read(body)
    assert len(read.pages) > 5
    for page in read.pages:
        said = re.sub(r"\s+", " ", " ".join(words for _, words in page))
        assert "Open-label, no placebo: change may be drug" in said
        assert "TWIN" in said
    assert "Flow of participants" in read.text
    assert "Reporting checklist" in read.text


def test_the_same_material_gives_the_same_bytes():
    old = of_twin("ldn-crohns")
    again = Material(old.source, old.tabulations, old.analyses, old.standing)
    made = making.report(again)
    assert pages.html(made).decode() == html("ldn-crohns")
    assert record.record(made) == record.record(report("ldn-crohns"))


@pytest.mark.parametrize(("protocol", "people"), CASES)
def test_the_record_holds_every_share_with_its_n_formula_and_call(protocol, people):
    body = json.loads(record.record(report(protocol, people)))
    numbers = [each for section in body["sections"] for each in section["numbers"]]
    assert all(each["formula"] and each["call"] and isinstance(each["n"], int) for each in numbers)
    printed = {each["printed"] for each in numbers}
    for k, n, percent, low, high in _INTERVAL.findall(html(protocol, people)):
        said = f"{k}/{n} ({percent} %; {low} to {high})"
        assert any(said in each for each in printed), said


def test_what_is_no_final_lock_that_two_signed_never_says_final():
    lock = dataclasses.replace(STANDING, kind="lock", lock_kind="final", name="END")
    assert lock.mark == "FINAL, NOT SIGNED"
    assert dataclasses.replace(lock, signers=("one",)).mark == "FINAL, NOT SIGNED"
    assert dataclasses.replace(lock, signers=("one", "two")).mark == "FINAL"
    assert dataclasses.replace(lock, lock_kind="interim", signers=("one", "two")).mark == "INTERIM"
    assert dataclasses.replace(STANDING, kind="draft").mark == "DRAFT"


def broken(found, **changes):
    return dataclasses.replace(found, **changes)


def test_a_flow_that_does_not_add_up_is_refused():
    found = flow.flow(of_twin("ldn-mecfs"))
    flow.check(found)
    first, second, *rest = found.stages
    lost = dataclasses.replace(second, people=second.people - {min(second.people)})
    with pytest.raises(flow.FlowError, match="Registered has 6 people, but"):
        flow.check(broken(found, stages=(first, lost, *rest)))
    stranger = dataclasses.replace(second, people=second.people | {"P-00000"})
    with pytest.raises(flow.FlowError, match="people who are not in Registered"):
        flow.check(broken(found, stages=(first, stranger, *rest)))
    name, people = next(iter(found.ends.items()))
    with pytest.raises(flow.FlowError, match="end states"):
        flow.check(broken(found, ends={**found.ends, "Twice": people}))
    with pytest.raises(flow.FlowError, match="end states"):
        flow.check(
            broken(found, ends={each: who for each, who in found.ends.items() if each != name})
        )
    some = found.assessed[0]
    fewer = dataclasses.replace(some, states=dict(list(some.states.items())[1:]))
    with pytest.raises(flow.FlowError, match="does not tell of everybody"):
        flow.check(broken(found, assessed=(fewer,)))
