"""The epoch of a day: of who never signed there is none but that of the screening."""

from datetime import date

import pytest
from twins import twin

from hometrial.exports.sdtm import conduct
from hometrial.exports.sdtm.study import Study
from hometrial.exports.source.reading import Source
from hometrial.exports.source.tables import BY_NAME
from hometrial.protocol import loading

DAY = date(2026, 1, 1)


@pytest.fixture(scope="module")
def unsigned():
    """A study in which nobody has entered an epoch."""
    source = twin("ldn-crohns")
    none = source.table("epoch").slice(0, 0)
    return Source(dict(source.tables) | {"epoch": none})


def test_who_was_screened_and_never_signed_is_in_screening(unsigned):
    assert {Study(unsigned).epoch(person, DAY) for person in unsigned.people} == {"SCREENING"}


def test_who_was_neither_screened_nor_signed_is_in_no_epoch(unsigned):
    tables = dict(unsigned.tables)
    source = Source(tables | {"screening": tables["screening"].slice(0, 0)})
    assert {Study(source).epoch(person, DAY) for person in source.people} == {""}


def test_before_the_consent_of_who_signed_there_is_no_epoch():
    source = twin("ldn-crohns")
    person = source.rows("epoch")[0]["participant"]
    assert Study(source).epoch(person, DAY.replace(year=1990)) == ""


@pytest.mark.parametrize(
    ("drug", "term"), [(False, "RUN-IN"), (True, "")], ids=["the plan has its term", "it has not"]
)
def test_an_epoch_that_only_an_earlier_version_has_keeps_its_term_if_the_plan_has_it(drug, term):
    source = twin("ldn-crohns")
    body = loading.shipped_text("ldn-crohns")
    old = body.replace("id: run_in, days: 7, max_days: 14, drug: false", f"id: lead_in, days: 7, max_days: 14, drug: {str(drug).lower()}")  # fmt: skip
    old = old.replace("[run_in, treat", "[lead_in, treat")
    assert old.count("lead_in") > 1
    if drug:  # what follows is then a second treatment, of which the plan knows nothing
        old = old.replace("id: treat, days: 84, drug: true", "id: treat, days: 84, drug: false")
        old = old.replace("id: after, days: 28, max_days: 36, drug: false", "id: lead_in2, days: 28, drug: true")  # fmt: skip
    stayed = _versions(source, old, "lead_in2" if drug else "lead_in")
    [row] = [each for each in conduct.se(stayed) if each["ETCD"] == "UNPLAN"]
    assert row["EPOCH"] == term
    assert stayed.epoch(row["_person"], date.fromisoformat(row["SESTDTC"])) == term


def _versions(source, old, epoch):
    """Return the study with an earlier version, and one person in an epoch that only that one has."""
    rows = source.rows("epoch")
    moved = next(row for row in rows if row["epoch"] == "run_in")
    changed = [dict(row, epoch=epoch) if row is moved else row for row in rows]
    versions = [*source.rows("protocol_version"), {"id": "OLD", "in_force": False, "body": old}]
    tables = dict(source.tables)
    tables["epoch"] = BY_NAME["epoch"].table(changed)
    tables["protocol_version"] = BY_NAME["protocol_version"].table(versions)
    return Study(Source(tables))
