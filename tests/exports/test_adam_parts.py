"""Analysis data sets are made of some subjects after others: how many at a time changes nothing in them."""

from functools import partialmethod

import pytest
from twins import twin

from hometrial.exports.adam.data_sets import analyse
from hometrial.exports.adam.trial import Trial
from hometrial.exports.sdtm.domains import tabulate


def test_data_sets_are_the_same_however_many_subjects_are_looked_at_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = twin("ldn-crohns")
    tabulations = tabulate(source)
    together = analyse(source, tabulations)
    two_by_two = partialmethod(Trial.some_at_a_time, 2)
    monkeypatch.setattr(Trial, "some_at_a_time", two_by_two)
    apart = analyse(source, tabulations)
    assert list(apart) == list(together)
    for name, made in together.items():
        assert apart[name].data_set == made.data_set, name
        assert apart[name].table.equals(made.table, check_metadata=True), name
        assert apart[name].lineage.equals(made.lineage), name


def test_subjects_are_looked_at_in_their_order_each_once() -> None:
    source = twin("ldn-crohns")
    tabulations = tabulate(source)
    parts = list(Trial(source.protocol, tabulations).some_at_a_time(4))
    subjects = [list(each.subjects.index) for each in parts]
    assert [len(each) for each in subjects] == [4, 2]
    assert [who for each in subjects for who in each] == sorted(
        tabulations["DM"].table["USUBJID"].to_pylist()
    )
