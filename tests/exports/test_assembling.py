"""Rows of a domain become its data set alike: numbers, study days, epochs, baseline flags, supplements."""

from datetime import date

import pytest

from hometrial.exports.metadata import ValueRefusedError
from hometrial.exports.sdtm.assembling import PERSON, SOURCE, assemble, pieces
from hometrial.exports.sdtm.planned import study_day
from hometrial.exports.sdtm.standard import domain
from hometrial.exports.sdtm.study import Study
from hometrial.exports.source.reading import Source, kept, read
from hometrial.exports.source.tables import BY_NAME
from hometrial.protocol import loading

_TABLES = {
    "protocol_version": [
        {
            "id": "P",
            "protocol": "ldn-mecfs",
            "in_force": True,
            "body": loading.shipped_text("ldn-mecfs"),
        }
    ],
    "participant": [{"id": "A-1", "participant": "A-1", "site": "S-01"}],
    "epoch": [
        {
            "id": "A-1/1",
            "participant": "A-1",
            "epoch": "screen",
            "first": date(2026, 1, 1),
            "last": date(2026, 1, 9),
        },
        {
            "id": "A-1/2",
            "participant": "A-1",
            "epoch": "titrate",
            "first": date(2026, 1, 10),
            "last": None,
        },
    ],
    "dose_day": [
        {"id": f"A-1/{day}", "participant": "A-1", "day": date(2026, 1, day), "mg_least": 0.5}
        for day in (10, 11, 12)
    ],
}


@pytest.fixture
def study() -> Study:
    return Study(Source({name: BY_NAME[name].table(rows) for name, rows in _TABLES.items()}))


def _pulse(day: str, value: str, source: str) -> dict[str, object]:
    return {
        PERSON: "A-1", SOURCE: (source,), "VSTESTCD": "HR", "VSTEST": "Heart Rate", "VSORRES": value,
        "VSSTRESC": value, "VSSTRESN": float(value), "VSDTC": day,
    }  # fmt: skip


def test_there_is_no_day_zero() -> None:
    first = date(2026, 1, 10)
    assert [study_day(date(2026, 1, day), first) for day in (8, 9, 10, 11)] == [-2, -1, 1, 2]


def test_numbers_days_and_epochs_come_of_the_dates(study: Study) -> None:
    rows = [
        _pulse("2026-01-11", "70", "x/2"),
        _pulse("2026-01-09", "60", "x/1"),
        _pulse("2026-02", "65", "x/3"),
        _pulse("2026", "66", "x/0"),
    ]
    [made] = assemble("VS", rows, study)
    assert made.table["VSDTC"].to_pylist() == ["2026", "2026-01-09", "2026-01-11", "2026-02"]
    assert made.table["VSSEQ"].to_pylist() == [1, 2, 3, 4]
    assert made.table["VSDY"].to_pylist() == [None, -1, 2, None], (
        "a date that is not whole has no study day"
    )
    treated = "OPEN LABEL TREATMENT"
    assert made.table["EPOCH"].to_pylist() == ["", "SCREENING", treated, treated], (
        "a month that lies in one epoch has it, a year that lies in two has none"
    )
    assert made.table["USUBJID"].to_pylist() == ["LDN-MECFS-A-1"] * 4
    assert made.lineage.to_pylist() == [{"row": n, "source": f"x/{n - 1}"} for n in (1, 2, 3, 4)]


def test_the_baseline_is_the_last_result_before_the_drug(study: Study) -> None:
    rows = [_pulse(f"2026-01-{day:02}", "60", f"x/{day}") for day in (8, 10, 11)]
    [made] = assemble("VS", rows, study)
    assert made.table["VSLOBXFL"].to_pylist() == ["", "Y", ""]


def test_a_long_text_goes_on_in_the_supplement_at_a_word_s_end(study: Study) -> None:
    words = " ".join(f"größer{number}" for number in range(60))
    row = {PERSON: "A-1", SOURCE: ("medication/1",), "CMTRT": words, "CMSTDTC": "2026"}
    main, supplement = assemble("CM", [row], study)
    assert main.table["CMTRT"].to_pylist() == [pieces(words)[0]]
    assert supplement.table["RDOMAIN"].to_pylist() == ["CM"] * 3
    assert supplement.table["IDVARVAL"].to_pylist() == ["1"] * 3
    assert (
        " ".join([main.table["CMTRT"][0].as_py(), *supplement.table["QVAL"].to_pylist()]) == words
    )
    assert all(len(piece.encode()) <= 200 for piece in pieces(words))


def test_a_long_text_of_the_trial_s_design_is_refused(study: Study) -> None:
    long = "word " * 50
    with pytest.raises(ValueRefusedError, match=r"TE\.TESTRL: .* has more than 200 bytes"):
        assemble("TE", [{"ETCD": "A", "ELEMENT": "A", "TESTRL": long}], study)


def test_every_piece_of_a_very_long_text_has_a_name_that_fits(study: Study) -> None:
    row = {PERSON: "A-1", SOURCE: ("medication/1",), "CMINDC": "words " * 600, "CMTRT": "x"}
    _, supplement = assemble("CM", [row], study)
    names = supplement.table["QNAM"].to_pylist()
    assert len(set(names)) == len(names) > 10
    assert max(map(len, names)) <= 8


def test_a_missing_required_value_is_refused_and_named(study: Study) -> None:
    with pytest.raises(ValueRefusedError, match=r"CM\.CMTRT, row 1, is empty.*medication/1"):
        assemble("CM", [{PERSON: "A-1", SOURCE: ("medication/1",), "CMSTDTC": "2026"}], study)


def test_an_unknown_variable_is_refused(study: Study) -> None:
    with pytest.raises(ValueRefusedError, match="CM has no variable CMWHAT"):
        assemble("CM", [{PERSON: "A-1", "CMTRT": "x", "CMWHAT": "y"}], study)


def test_every_domain_holds_what_a_transport_file_takes() -> None:
    for name in ("DM", "AE", "SUPPAE", "DI", "TS", "RELREC"):
        assert domain(name).columns


def test_source_tables_are_the_same_bytes_and_come_back_equal(study: Study) -> None:
    files = dict(kept(study.source))
    assert files == dict(kept(study.source))
    back = read(files)
    assert all(back.table(name).equals(study.source.table(name)) for name in BY_NAME)
