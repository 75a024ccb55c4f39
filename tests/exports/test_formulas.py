"""No text of a CSV runs as a formula, and no number is touched."""

import re

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hometrial.exports.formulas import is_formula, neutralised
from hometrial.exports.writing import csv_table

STARTERS = "=+-@|"
PLAIN = re.compile(r"-[0-9]{1,15}(\.[0-9]{1,15})?|-P(?=[0-9T])([0-9]+[YMWD])*(T([0-9]+[HMS])+)?")
CONTROLS = "\t\r\n"
IN_FRONT = ["", " ", "\t", "'", '"', "\ufeff", "\u00a0", ' "', "\u200b ", "“", "\u202e", "´ "]


@given(st.sampled_from(IN_FRONT), st.sampled_from(STARTERS), st.text())
def test_whatever_stands_before_or_after_it_a_formula_is_found(front, starter, rest):
    text = front + starter + rest
    assert is_formula(text) != bool(PLAIN.fullmatch(text))


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "=\u0338",
        "＝1+1",
        "+49 30",
        "＋1",
        "-1+1",
        "-1 ",
        "-P7D!A1",
        "-PI()",
        "-P",
        "+1",
        "-\u0661",
        "@SUM(A1)",
        "＠a",
        "|calc",
        "\t=1",
        "\r=1",
        "\n=1",
    ],
)
def test_a_formula_gets_an_apostrophe_in_front(text):
    assert neutralised(pa.chunked_array([[text]])).to_pylist() == ["'" + text]


@given(st.lists(st.none() | st.text()))
def test_every_other_text_and_every_empty_cell_stays_as_it_is(texts):
    cells = neutralised(pa.chunked_array([pa.array(texts, pa.string())])).to_pylist()

    for text, cell in zip(texts, cells, strict=True):
        if text is None or not is_formula(text):
            assert cell == text
        else:
            assert cell == "'" + text


@given(st.lists(st.none() | st.text(STARTERS + CONTROLS + " 'a1", max_size=4)))
def test_no_cell_of_a_csv_begins_as_a_formula(texts):
    table = csv_table(pa.table({"text": pa.array(texts, pa.string())}))

    shown = [cell for cell in table["text"].to_pylist() if cell]
    assert not [
        cell for cell in shown if cell[0] in STARTERS + CONTROLS and not PLAIN.fullmatch(cell)
    ]


def test_a_negative_number_stays_a_number():
    table = csv_table(pa.table({"kelvin": [-0.5, None], "steps": [-7, 3]}))

    assert table.to_pydict() == {"kelvin": [-0.5, None], "steps": [-7, 3]}


@pytest.mark.parametrize(
    "text",
    [
        "fitbit/watch",
        "P-0001",
        "Anna's Watch",
        "2016-04-12",
        "a=b",
        "",
        "-2.1",
        "-7",
        "-P6M",
        "-PT9H30M",
        "-P1DT2H",
    ],
)
def test_plain_words_stay_as_they_are(text):
    assert neutralised(pa.chunked_array([[text]])).to_pylist() == [text]
