"""Rows of a domain become its data set alike: numbers, study days, epochs, baseline flags, supplements."""

from datetime import date

import pyarrow as pa
import pytest
from protocols import shipped

from hometrial.exports.metadata import ValueRefusedError
from hometrial.exports.sdtm import planned
from hometrial.exports.sdtm.assembling import PERSON, SOURCE, assemble, pieces
from hometrial.exports.sdtm.columnar import Columns, assemble_columns
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


def _at(day: str, at: str | None, **more: object) -> dict[str, object]:
    return {
        "id": f"i{day}{at}", "participant": "A-1", "number": 1, "day": date.fromisoformat(day), "at": at, "mg": 0.5,
        "taken": True, **more,
    }  # fmt: skip


def _dosed(*intakes: dict[str, object]) -> Study:
    rows = {**_TABLES, "intake": list(intakes)}
    return Study(Source({name: BY_NAME[name].table(each) for name, each in rows.items()}))


def _flags(study: Study, *rows: dict[str, object]) -> list[str]:
    """Return the flags by the result's date, alike as rows and as columns."""
    [made] = assemble("VS", list(rows), study)
    found = made.table["VSLOBXFL"].to_pylist()
    visits = pa.array([row.get("VISITNUM") for row in rows], pa.float64())
    plain = [
        {name: each for name, each in row.items() if name != "VISITNUM"}
        | {SOURCE: row[SOURCE][0]}
        for row in rows
    ]  # fmt: skip
    columns = Columns(pa.Table.from_pylist(plain).append_column("VISITNUM", visits))
    assert assemble_columns("VS", columns, study)[0].table["VSLOBXFL"].to_pylist() == found
    return list(found)


def test_the_baseline_is_the_last_result_before_the_drug_and_no_mere_date_of_its_day(
    study: Study,
) -> None:
    rows = [_pulse(f"2026-01-{day:02}", "60", f"x/{day}") for day in (8, 10, 11)]
    assert _flags(study, *rows) == ["Y", "", ""]


@pytest.mark.parametrize(
    ("intakes", "flags"),
    [
        ([_at("2026-01-10", "2026-01-10T21:00:00+01:00")], ["", "", "Y", ""]),
        ([_at("2026-01-10", "2026-01-10T20:30:00+01:00")], ["", "Y", "", ""]),  # not at once
        ([_at("2026-01-10", "2026-01-11T00:40:00+01:00")], ["", "", "", "Y"]),  # after midnight
        ([_at("2026-01-10", None)], ["Y", "", "", ""]),
        ([_at("2026-01-10", "2026-01-10T21:00:00+01:00"), _at("2026-01-10", None)], ["Y", "", "", ""]),
        ([_at("2026-01-10", "2026-01-10T07:00:00+01:00", taken=False, mg=0.0),
          _at("2026-01-10", "2026-01-10T21:00:00+01:00")], ["", "", "Y", ""]),
    ],
)  # fmt: skip
def test_a_result_of_the_first_dose_s_day_is_before_it_by_the_clock(
    intakes: list[dict[str, object]], flags: list[str]
) -> None:
    times = ("2026-01-08T23:00", "2026-01-10T08:00", "2026-01-10T20:30", "2026-01-11T00:20")
    rows = [_pulse(at, "60", f"x/{at}") for at in times]
    assert _flags(_dosed(*intakes), *rows) == flags


def test_a_visit_before_the_drug_is_before_it_on_its_day_unless_the_clock_says_otherwise() -> None:
    first = _at("2026-01-10", "2026-01-10T09:00:00+01:00")
    before, on_drug = 2.0, 5.0  # V1, the baseline, and T1, the call after the first dose
    day = [_pulse("2026-01-08", "60", "x/1"), _pulse("2026-01-10", "61", "x/2")]
    late = [day[0], _pulse("2026-01-10T10:00", "61", "x/2")]
    assert _flags(_dosed(first), day[0], day[1] | {"VISITNUM": before}) == ["", "Y"]
    assert _flags(_dosed(first), day[0], day[1] | {"VISITNUM": on_drug}) == ["Y", ""]
    assert _flags(_dosed(first), late[0], late[1] | {"VISITNUM": before}) == ["Y", ""]


def test_visits_before_the_drug_are_those_that_every_arm_has_before_it() -> None:
    names = {each.number: each.visit.id for each in planned.visits(shipped("ldn-mecfs"))}
    found = [names[each] for each in sorted(planned.before_drug(shipped("ldn-mecfs")))]
    assert found == ["V0", "V1", "R", "V1b"]


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
