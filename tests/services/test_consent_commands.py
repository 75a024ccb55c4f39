"""The data types that the commands of consent take are the words that README and their help say."""

import click
import pytest

from hometrial.cli.consent import consent
from hometrial_ingest.data_types import DataType


@pytest.mark.parametrize("name", ["grant", "withdraw"])
def test_a_data_type_is_typed_as_its_word(name):
    (kinds,) = [each for each in consent.commands[name].params if each.name == "data_types"]
    chosen = ("heart_rate", "steps", "sleep", "all")
    assert kinds.type_cast_value(click.Context(consent), chosen) == chosen
    assert {*kinds.type.choices} == {*(each.value for each in DataType), "all"}
    assert {type(each) for each in kinds.type.choices} == {str}
