import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hometrial_ingest import text
from hometrial_ingest.archive import MemoryFile
from hometrial_ingest.errors import UnreadableFileError
from hometrial_ingest.text import WHOLE_LINE, columns, csv_rows, header, read_text


def file_of(data):
    return MemoryFile("x.csv", data)


def read(data, wanted=("a", "b"), block_bytes=text.BLOCK_BYTES):
    """Return the readable lines with their row numbers, the unreadable ones, and how many there are."""
    kept, lost, rows = [], [], 0
    for some in csv_rows(file_of(data), wanted, block_bytes):
        assert some.first == rows + 1
        assert some.rows == len(some.numbers) + len(some.unreadable)
        rows += some.rows
        cells = zip(*(some.column(name).to_pylist() for name in wanted), strict=True)
        kept += zip(some.numbers.to_pylist(), cells, strict=True)
        lost += some.unreadable
    return kept, lost, rows


def refusal(data, wanted=("a", "b"), block_bytes=text.BLOCK_BYTES):
    with pytest.raises(UnreadableFileError) as caught:
        read(data, wanted, block_bytes)
    return str(caught.value)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_lines_are_the_same_whatever_ends_them(end):
    assert read(end.join([b"a,b", b"1,2", b"3,4"])) == ([(1, ("1", "2")), (2, ("3", "4"))], [], 2)


def test_a_byte_order_mark_is_no_part_of_the_header():
    assert header(file_of(b"\xef\xbb\xbfa,b\n1,2\n")) == ["a", "b"]
    assert read_text(file_of(b"\xef\xbb\xbf[1]")) == b"[1]"


def test_the_order_of_the_columns_does_not_matter():
    assert read(b"c,b,a\n3,2,1\n") == ([(1, ("1", "2"))], [], 1)


def test_cells_stay_as_they_are_written():
    kept, _, _ = read(b'a,b\n 07 ,NaN\n"x, ""y""",\n')
    assert kept == [(1, (" 07 ", "NaN")), (2, ('x, "y"', ""))]


def test_blank_lines_are_no_rows():
    assert read(b"\n\na,b\n\n1,2\n\n\n3,4\n\n")[0] == [(1, ("1", "2")), (2, ("3", "4"))]


def test_a_line_with_too_few_or_too_many_cells_is_unreadable_and_keeps_its_row():
    kept, lost, rows = read(b"a,b\n1,2\n3\n4,5,6\n7,8")
    assert kept == [(1, ("1", "2")), (4, ("7", "8"))]
    assert [(line.row, line.field, line.value) for line in lost] == [
        (2, WHOLE_LINE, "3"),
        (3, WHOLE_LINE, "4,5,6"),
    ]
    assert lost[0].reason.startswith("1 cells where the header has 2: ")
    assert rows == 4


def test_a_file_of_nothing_but_uneven_lines_loses_none():
    kept, lost, rows = read(b"a,b\n1\n2\n")
    assert (kept, [line.row for line in lost], rows) == ([], [1, 2], 2)


def test_a_header_alone_is_a_file_of_no_rows():
    assert read(b"a,b") == read(b"a,b\r\n") == ([], [], 0)


@pytest.mark.parametrize("data", [b"", b"\n", b" \r\n\t\n", b"\xef\xbb\xbf"])
def test_a_file_of_white_space_is_empty(data):
    assert "x.csv: the file is empty" in refusal(data)
    with pytest.raises(UnreadableFileError, match="empty"):
        read_text(file_of(data))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-16-le", "utf-32"])
def test_wide_characters_are_refused_with_the_way_out(encoding):
    message = refusal("a,b\n1,2\n".encode(encoding))
    assert message.startswith("x.csv, line 1")
    assert "save it as UTF-8" in message


def test_a_byte_of_another_encoding_is_refused_with_its_line_and_field():
    message = refusal(b"a,b\r\n1,2\r\n\r\n3,M\xfcller\r\n")
    assert message.startswith(r"x.csv, line 4, field 'b': a byte that is not UTF-8 (found b'\xfc')")


def test_a_nul_byte_is_refused_with_its_line_and_field():
    assert "x.csv, line 3, field 'a': a NUL byte" in refusal(b"a,b\n1,2\n\0,2\n")


def test_the_line_of_a_bad_byte_is_counted_over_all_blocks():
    data = b"a,b\n" + b"1,2\r\n" * 500 + b"1,\xff\n"
    assert "line 502, field 'b'" in refusal(data, block_bytes=64)


def test_a_document_in_another_encoding_is_refused_with_its_line():
    with pytest.raises(UnreadableFileError, match=r"x\.csv, line 2: a byte that is not UTF-8"):
        read_text(file_of(b'{\n"name": "M\xfcller"}'))


def test_a_document_that_is_too_large_is_refused(monkeypatch):
    monkeypatch.setattr(text, "LARGEST_TEXT", 10)
    with pytest.raises(UnreadableFileError, match="in one document"):
        read_text(file_of(b"[1,2,3,4,5,6]"))


@pytest.mark.parametrize("block_bytes", [1, 9, text.BLOCK_BYTES])
@pytest.mark.parametrize("lines", [b'1,"2\n3,4\n5,6\n', b'1,"2\n', b'1,"2\n3"\n4,5\n'])
def test_an_open_quotation_mark_swallows_no_lines(lines, block_bytes):
    message = refusal(b"a,b\n" + lines, block_bytes=block_bytes)
    assert "x.csv, line 2: a quotation mark is not closed on its line" in message


def test_a_line_without_end_is_refused(monkeypatch):
    monkeypatch.setattr(text, "LONGEST_LINE", 1_000)
    assert "a line of more than" in refusal(b"a,b\n1," + b"2" * 5_000, block_bytes=100)


def test_a_missing_column_is_named_with_what_was_found():
    with pytest.raises(UnreadableFileError) as caught:
        columns(file_of(b"a,value\n1,2\n"), ["a", "Value"])
    message = str(caught.value)
    assert message.startswith("x.csv, line 1: the header lacks 'Value' (found 'a,value')")


def test_a_column_that_stands_there_twice_is_refused():
    with pytest.raises(UnreadableFileError, match="'a' more than once"):
        columns(file_of(b"a,b,a\n1,2,3\n"), ["a"])


def test_optional_columns_are_those_that_are_there():
    assert columns(file_of(b"c,a\n"), ["a"], optional=["b", "c"]) == ["a", "c"]


CELLS = st.text(st.sampled_from("ab1é\"', "), max_size=4)
LINES = st.lists(st.lists(CELLS, min_size=1, max_size=3).filter(any), max_size=12)


@given(LINES, st.sampled_from(["\n", "\r\n", "\r"]), st.integers(1, 60))
def test_every_line_is_kept_or_unreadable_in_any_block_size(lines, end, block_bytes):
    written = io.StringIO()
    csv.writer(written, lineterminator=end).writerows([["a", "b"], *lines])
    kept, lost, rows = read(written.getvalue().encode(), block_bytes=block_bytes)
    assert rows == len(lines)
    assert kept == [(row, tuple(line)) for row, line in enumerate(lines, 1) if len(line) == 2]
    assert [line.row for line in lost] == [
        row for row, line in enumerate(lines, 1) if len(line) != 2
    ]


@given(st.binary(max_size=40))
def test_text_is_taken_exactly_if_it_is_utf8_and_holds_no_nul(data):
    file = MemoryFile("page.json", b"\xc3\xa9" + data)
    try:
        sound = "\0" not in (b"\xc3\xa9" + data).decode()
    except UnicodeDecodeError:
        sound = False
    if sound:
        assert read_text(file) == b"\xc3\xa9" + data
    else:
        with pytest.raises(UnreadableFileError, match=r"not UTF-8|NUL"):
            read_text(file)
