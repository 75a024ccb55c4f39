"""Define-XML says what the files hold: valid by CDISC's schema, read back by odmlib, without a clock."""

from dataclasses import replace
from datetime import date, datetime

import odmlib.define_loader as define_loader
import odmlib.loader
import pytest
from odmlib.odm_parser import ODMSchemaValidator

from hometrial.errors import ExportRefusedError
from hometrial.exports import metadata
from hometrial.exports.formats import define
from hometrial.exports.formats.dataset_json import Origin
from hometrial.exports.formats.define_types import type_of, type_of_text
from hometrial.exports.formats.frames import Frame, identified, is_unique
from hometrial.exports.metadata import Column, DataSet, ValueRefusedError
from hometrial.exports.sdtm import standard

AT = datetime(2026, 11, 23, 14, 5)  # noqa: DTZ001 - the delivery's own wall clock
ORIGIN = Origin("LDN-1", AT, "Hometrial", "Hometrial", "0.1", "Low-dose naltrexone at home")
TOLD = define.Told(
    {"AE": "MedDRA is not licensed.", "AE.AEDECOD": "The words as told."}, "../forms/acrf.pdf"
)


def tabulated(name, rows):
    used = {each for row in rows for each in row}
    domain = standard.domain(name)
    columns = tuple(each for each in domain.columns if each.name in used or each.core == "Req")
    kept = replace(domain, columns=columns, keys=())
    return Frame(replace(domain, columns=columns), metadata.frame(kept, rows))


def pulse(person, code, test, value, unit):
    number = float(value) if value else None
    return {
        "STUDYID": "LDN-1", "DOMAIN": "VS", "USUBJID": f"LDN-1-{person}", "VSSEQ": 1, "VSTESTCD": code, "VSTEST": test,
        "VSORRES": value, "VSORRESU": unit, "VSSTRESC": value, "VSSTRESN": number, "VSSTRESU": unit, "VSDTC": "2026-03-05",
        "VSLOBXFL": "Y", "VSDY": 1,
    }  # fmt: skip


@pytest.fixture(scope="module")
def frames():
    dm = {
        "STUDYID": "LDN-1", "DOMAIN": "DM", "USUBJID": "LDN-1-001", "SUBJID": "001", "SITEID": "S-01", "SEX": "F",
        "AGE": 41, "AGEU": "YEARS", "COUNTRY": "DEU", "RFSTDTC": "2026-03-05",
    }  # fmt: skip
    ae = {
        "STUDYID": "LDN-1", "DOMAIN": "AE", "USUBJID": "LDN-1-001", "AESEQ": 1, "AETERM": "Übelkeit & <Schwindel>",
        "AEDECOD": "NAUSEA", "AESTDTC": "2026-03", "AESER": "N",
    }  # fmt: skip
    vs = [
        pulse("001", "HR", "Heart Rate", "61.5", "beats/min"),
        pulse("002", "HR", "Heart Rate", "70", "beats/min"),
        pulse("003", "HRREST", "Heart Rate, Resting", "58", "beats/min"),
    ]
    return [tabulated("DM", [dm]), tabulated("AE", [ae]), tabulated("VS", vs)]


@pytest.fixture(scope="module")
def path(frames, tmp_path_factory):
    made = tmp_path_factory.mktemp("sdtm") / "define.xml"
    define.write(made, frames, "xpt", ORIGIN, TOLD)
    return made


@pytest.fixture(scope="module")
def version(path):
    """The metadata as odmlib reads it back."""
    loader = odmlib.loader.ODMLoader(define_loader.XMLDefineLoader(model_package="define_2_1"))
    loader.open_odm_document(str(path))
    return loader.root().Study.MetaDataVersion


def faults(path):
    return [each.reason for each in ODMSchemaValidator(standard="define", version="2.1").xsd.iter_errors(str(path))]  # fmt: skip


def by_oid(listed):
    return {each.OID: each for each in listed}


def test_the_schema_has_nothing_against_it(path):
    assert faults(path) == []


def test_every_data_set_and_variable_is_described_in_order(version, frames):
    assert [group.Name for group in version.ItemGroupDef] == ["DM", "AE", "VS"]
    items = by_oid(version.ItemDef)
    for group, frame in zip(version.ItemGroupDef, frames, strict=True):
        refs = [items[ref.ItemOID] for ref in group.ItemRef]
        assert [item.Name for item in refs] == frame.table.column_names
        assert [item.Description.TranslatedText[0]._content for item in refs] == [
            column.label for column in frame.data_set.columns
        ]
        assert group.leaf.href == f"{group.Name.lower()}.xpt"
        keys = {ref.KeySequence: ref.ItemOID for ref in group.ItemRef if ref.KeySequence}
        assert [keys[place].rpartition(".")[2] for place in sorted(keys)] == [
            key for key in frame.data_set.keys if key in frame.table.column_names
        ]
    assert [group.Class.Name for group in version.ItemGroupDef] == [
        "SPECIAL PURPOSE",
        "EVENTS",
        "FINDINGS",
    ]
    assert [group.Repeating for group in version.ItemGroupDef] == ["No", "Yes", "Yes"]


def test_every_reference_leads_somewhere(version):
    items, lists, methods = (by_oid(each) for each in (version.ItemDef, version.CodeList, version.MethodDef))  # fmt: skip
    values, clauses = by_oid(version.ValueListDef), by_oid(version.WhereClauseDef)
    refs = [ref for each in (*version.ItemGroupDef, *version.ValueListDef) for ref in each.ItemRef]
    assert {ref.ItemOID for ref in refs} == items.keys()
    assert {ref.MethodOID for ref in refs if ref.MethodOID} == methods.keys()
    assert {item.CodeListRef.CodeListOID for item in items.values() if item.CodeListRef} == lists.keys()  # fmt: skip
    assert {item.ValueListRef.ValueListOID for item in items.values() if item.ValueListRef} == values.keys()  # fmt: skip
    assert {where.WhereClauseOID for each in values.values() for ref in each.ItemRef for where in ref.WhereClauseRef} == clauses.keys()  # fmt: skip
    assert {each.OID for each in version.CommentDef} == {"COM.AE", "COM.AE.AEDECOD"}


def test_a_closed_list_stands_whole_and_an_open_one_with_what_occurs(version):
    lists = by_oid(version.CodeList)
    sex = lists["CL.SEX"]
    assert [(each.CodedValue, each.Alias[0].Name) for each in sex.EnumeratedItem] == [
        ("F", "C16576"),
        ("INTERSEX", "C45908"),
        ("M", "C20197"),
        ("U", "C17998"),
    ]
    assert sex.Alias[0].Name == "C66731"
    tests = {each.CodedValue: each for each in lists["CL.VSTESTCD"].CodeListItem}
    assert tests.keys() == {"HR", "HRREST"}
    assert (tests["HR"].Alias[0].Name, tests["HR"].ExtendedValue) == ("C49677", None)
    assert tests["HRREST"].ExtendedValue == "Yes"
    assert tests["HRREST"].Decode.TranslatedText[0]._content == "Heart Rate, Resting"


def test_results_are_described_test_by_test(version):
    items, clauses = by_oid(version.ItemDef), by_oid(version.WhereClauseDef)
    listed = by_oid(version.ValueListDef)["VL.VS.VSORRES"]
    told = {
        clauses[ref.WhereClauseRef[0].WhereClauseOID].RangeCheck[0].CheckValue[0]._content: items[ref.ItemOID]
        for ref in listed.ItemRef
    }  # fmt: skip
    assert told.keys() == {"HR", "HRREST"}
    heart = told["HR"]
    assert (heart.DataType, heart.Length, heart.SignificantDigits) == ("float", 4, 1)
    assert (told["HRREST"].DataType, told["HRREST"].Length) == ("integer", 2)


def test_the_same_frames_make_the_same_bytes_after_another_document(path, frames, tmp_path):
    other = tmp_path / "define.xml"
    define.write(other, frames[:1], "json", ORIGIN, define.Told())
    assert faults(other) == []
    define.write(other, frames, "xpt", ORIGIN, TOLD)
    assert other.read_bytes() == path.read_bytes()
    assert b'CreationDateTime="2026-11-23T14:05:00"' in path.read_bytes()


def test_a_value_that_a_closed_list_has_not_is_named(frames, tmp_path):
    [dm] = frames[0].table.to_pylist()
    wrong = tabulated("DM", [{**dm, "SEX": "Female"}])
    with pytest.raises(
        ValueRefusedError, match=r"DM\.SEX: 'Female' is no term of CDISC's closed list SEX"
    ):
        define.write(tmp_path / "define.xml", [wrong], "xpt", ORIGIN, TOLD)
    assert not (tmp_path / "define.xml").exists()


def test_a_codelist_whose_terms_are_unknown_is_named(tmp_path):
    data_set = DataSet("XX", "Extra", "Findings", "One", (), (Column("XXLOC", "Place", "text", codelist="NOWHERE"),))  # fmt: skip
    frame = Frame(data_set, metadata.frame(data_set, [{"XXLOC": "ARM"}]))
    with pytest.raises(ExportRefusedError, match=r"XX\.XXLOC has the codelist NOWHERE.*ARM"):
        define.write(tmp_path / "define.xml", [frame], "xpt", ORIGIN, TOLD)


def test_analysis_data_sets_name_what_came_before_them(tmp_path):
    columns = (
        Column("USUBJID", "Unique Subject Identifier", "text", core="Req", origin="Predecessor", method="DM.USUBJID"),
        Column("PARAMCD", "Parameter Code", "text"),
        Column("PARAM", "Parameter", "text"),
        Column("ADT", "Analysis Date", "date", origin="Derived", method="The day of QSDTC."),
        Column("AVAL", "Analysis Value", "float", origin="Derived", method="The score."),
    )  # fmt: skip
    data_set = DataSet("ADQS", "Questionnaires", "BASIC DATA STRUCTURE", "One record per parameter", ("USUBJID", "PARAMCD"), columns, purpose="Analysis")  # fmt: skip
    rows = [{"USUBJID": "LDN-1-001", "PARAMCD": "FSS", "PARAM": "Fatigue Severity Scale", "ADT": date(2026, 3, 5), "AVAL": 5.25}]  # fmt: skip
    path = tmp_path / "define.xml"
    define.write(
        path, [Frame(data_set, metadata.frame(data_set, rows))], "xpt", ORIGIN, define.Told()
    )
    assert faults(path) == []
    written = path.read_text(encoding="utf-8")
    assert 'Type="Predecessor"' in written
    assert "DM.USUBJID" in written
    assert 'DisplayFormat="DATE9."' in written
    assert 'Name="ADaMIG"' in written


def test_an_empty_delivery_and_an_empty_data_set_are_valid(frames, tmp_path):
    path = tmp_path / "define.xml"
    empty = Frame(frames[1].data_set, frames[1].table.slice(0, 0))
    define.write(path, [empty], "xpt", ORIGIN, define.Told())
    assert faults(path) == []
    written = path.read_text(encoding="utf-8")
    assert 'HasNoData="Yes"' in written
    assert "No record: nothing of the kind was collected." in written
    define.write(path, [], "xpt", ORIGIN, define.Told())
    assert "ItemGroupDef" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("values", "type_"),
    [
        (["2026-03-05", ""], "date"), (["2026-03-05", "2026"], "partialDate"), (["2026-03-05T10:00:00+01:00"], "datetime"),
        (["2026-03-05T10:15", "2026-03-05"], "partialDatetime"), (["2026---15"], "incompleteDatetime"),
    ],
)  # fmt: skip
def test_dates_are_as_narrow_as_all_of_them_allow(values, type_):
    data_set = DataSet(
        "AE", "Adverse Events", "Events", "", (), (Column("AESTDTC", "Start", "text"),)
    )
    table = metadata.frame(data_set, [{"AESTDTC": each} for each in values])
    assert type_of(data_set.columns[0], table["AESTDTC"]).name == type_


@pytest.mark.parametrize(
    ("values", "told"),
    [(["12", "-7"], ("integer", 2, None)), (["12", "7.25"], ("float", 4, 2)), (["12", "<7"], ("text", 2, None)), ([""], ("text", 1, None))],
)  # fmt: skip
def test_results_as_text_are_numbers_where_all_of_them_are(values, told):
    found = type_of_text(values)
    assert (found.name, found.length, found.decimals) == told


def test_a_criterion_of_two_versions_of_the_protocol_has_a_key():
    rows = [{"STUDYID": "LDN-1", "DOMAIN": "TI", "IETESTCD": "E1", "IETEST": "Opioids", "IECAT": "EXCLUSION", "TIVERS": each} for each in ("1.0.0", "1.1.0")]  # fmt: skip
    assert identified(tabulated("TI", rows)).data_set.keys == ("IETESTCD", "TIVERS")
    assert is_unique(tabulated("TI", rows))


@pytest.mark.parametrize("sign", ["\x0b", "\x1f", "\ufffe", "\r"])
def test_a_character_that_xml_has_not_is_refused_with_the_value(tmp_path, sign):
    rows = [pulse("001", "HR", f"Heart{sign}Rate & more", "61.5", "beats/min")]
    with pytest.raises(ValueRefusedError) as refused:
        define.write(tmp_path / "define.xml", [tabulated("VS", rows)], "xpt", ORIGIN, TOLD)
    assert str(refused.value) == f"define.xml: {f'Heart{sign}Rate & more'!r} has a character that XML cannot hold; correct the value"  # fmt: skip
    assert not (tmp_path / "define.xml").exists()
