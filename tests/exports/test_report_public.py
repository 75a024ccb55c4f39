"""A public report tells of no count of one to four people, of nobody alone, and of no number from which either follows."""

import dataclasses
import json
import re
from functools import cache

import pytest
from reported import STANDING, of_twin

from hometrial.exports import publishing
from hometrial.exports.report import making, pages, record, small_cells
from hometrial.exports.report.blocks import Figure, Section, Table
from hometrial.exports.report.drawing import Drawing
from hometrial.services.locking import report_paper


@cache
def public():
    whole = of_twin("ldn-crohns")
    standing = dataclasses.replace(STANDING, is_public=True)
    return making.report(dataclasses.replace(whole, standing=standing))


@cache
def page():
    return pages.html(public()).decode()


def test_no_share_of_so_few_people_stands_in_the_page_nor_in_the_record():
    for text in (page(), record.record(public()).decode()):
        for k, n in re.findall(r"(\d+)/(\d+) \(\d", text):
            assert not small_cells.is_small(int(k), int(n)), f"{k}/{n}"
    assert small_cells.HIDDEN in page()
    assert small_cells.SAID in page()


def test_of_its_time_it_tells_the_quarter_alone():
    cut = STANDING.cut
    for text in (page(), record.record(public()).decode()):
        assert f"{cut:%H:%M} UTC" not in text
        assert f"{cut:%Y-%m-%d}" not in text
    assert f"the quarter of the year that begins on {publishing.quarter(cut):%Y-%m-%d}" in page()
    standing = dataclasses.replace(STANDING, is_public=True)
    paper = report_paper.pdf(public(), standing, compressed=False)
    assert f"{cut:%Y%m%d%H%M}".encode() not in paper
    assert f"{cut:%Y%m%d%H%M}".encode() in report_paper.pdf(public(), STANDING, compressed=False)


def test_nobody_stands_alone():
    assert not re.search(r"P-\d{5}", page())
    assert "one by one: fewer than 5" in page() or "one by one: none" in page()
    captions = [
        each.caption for part in public().sections for each in part.blocks if isinstance(each, Figure)
    ]  # fmt: skip
    assert captions == [
        "Flow of participants. Each box is the next box and those beside the arrow; the report refuses to be made otherwise."
    ]


def test_the_record_has_no_number_of_few_people():
    body = json.loads(record.record(public()))
    numbers = [
        each
        for part in body["sections"]
        if part["id"] not in ("header", "checklist")
        for each in part["numbers"]
    ]
    assert all(each["n"] == 0 or each["n"] >= small_cells.FEWEST for each in numbers)
    assert all(
        not small_cells.is_small(each["values"]["k"], each["n"])
        for each in numbers
        if isinstance(each["values"].get("k"), int)
    )


@pytest.mark.parametrize(
    ("title", "cell", "said"),
    [
        ("n", "4", "fewer than 5"),
        ("n", "5", "5"),
        ("n", "0", "0"),
        ("n of N", "3 of 12", "fewer than 5"),
        ("Day", "4", "4"),
        ("k/n", "4/20 (20.0 %; 5.7 to 43.7)", "fewer than 5, or all but so few, of 20"),
        ("k/n", "18/20 (90.0 %; 68.3 to 98.8)", "fewer than 5, or all but so few, of 20"),
        ("k/n", "0/20 (0.0 %; 0.0 to 16.8)", "0/20 (0.0 %; 0.0 to 16.8)"),
        ("k/n", "9/20 (45.0 %; 23.1 to 68.5)", "9/20 (45.0 %; 23.1 to 68.5)"),
    ],
)
def test_small_is_one_to_four_of_those_counted_or_of_the_rest(title, cell, said):
    made = Section("safety", "")
    made.table("x", ("", title, "Median"), [("row", cell, "7.5")])
    table = small_cells.hidden((Section("header", ""), made))[1].blocks[0]
    assert isinstance(table, Table)
    assert table.rows[0][1] == said
    assert table.rows[0][2] == ("–" if said == "fewer than 5" else "7.5")


def test_boxes_of_the_flow_hide_small_counts_too():
    drawing = Drawing(10, 10, "x")
    for text in ("n = 3", "n = 24", "Lost to follow-up: 2", "Week 4"):
        drawing.words(1, 1, text)
    made = Section("flow", "")
    made.figure("Flow", drawing)
    figure = small_cells.hidden((Section("header", ""), made))[1].blocks[0]
    assert [each.text for each in figure.drawing.shapes] == [
        "n = fewer than 5", "n = 24", "Lost to follow-up: fewer than 5", "Week 4",
    ]  # fmt: skip


def test_the_report_of_no_public_lock_tells_everything():
    assert "one by one" in pages.html(making.report(of_twin("ldn-crohns"))).decode()
