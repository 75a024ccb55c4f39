"""The four protocols from screening to end in simulated time; `run.py protocols` plays all their people.

Here some of each come, and the file is compared with on the days around events; the whole calendar at the end.
"""

import pytest
from played_cast import Manner
from played_trial import play

pytestmark = pytest.mark.long

CASTS = {
    # Over the date line and away for good; run out and stopped; an opioid of who failed the questions twice.
    "ldn-mecfs": frozenset({1, 4, 5}),
    "ldn-crohns": frozenset({2, 4, 6, 7}),
    "ldn-ms": frozenset({4, 5, 7}),
    "ldn-case-series": frozenset({0}),
}


@pytest.mark.parametrize("protocol", CASTS)
def test_every_visit_diary_and_dose_is_due_as_the_file_says_from_screening_to_end(
    study, tmp_path, protocol
):
    manner = Manner(only=CASTS[protocol], share=0.15)
    sums, faults = play(study.database, tmp_path / "played.clock", protocol, manner, years=1)
    assert faults == []
    assert sums.visits_held > 5
    assert sums.handed_in > 3
    assert sums.doses_taken > 3
    assert sums.looks > 8
