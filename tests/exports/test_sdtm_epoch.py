"""The epoch of a day: of who never signed there is none but that of the screening."""

from datetime import date

import pytest
from twins import twin

from hometrial.exports.sdtm.study import Study
from hometrial.exports.source.reading import Source

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
