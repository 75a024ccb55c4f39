"""An archive of nobody, of somebody else or of nowhere: one sentence, and nothing half-imported."""

from dataclasses import dataclass

import pytest

pytestmark = pytest.mark.long

HEART_RATE = "heartrate_seconds_merged.csv"
ROWS = "Id,Time,Value\n7,4/12/2016 7:21:05 AM,60\n7,4/12/2016 7:21:10 AM,61\n"
BEAT_FILE = "Takeout/Fitbit/Global Export Data/heart_rate-2016-06-24.json"
BEATS = '[{"dateTime":"06/24/16 16:00:10","value":{"bpm":70,"confidence":1}}]'
OWN = ("--participant", "P-0001")
ENROL = ("--create-participants",)
BERLIN = ("--zone", "Europe/Berlin")


@dataclass(frozen=True)
class Refused:
    """A bad input, and what its one sentence must name, in that order."""

    id: str
    provider: str
    content: dict[str, str]
    words: tuple[str, ...]
    options: tuple[str, ...] = OWN


REFUSED = [
    Refused(
        "an unknown person",
        "fitabase",
        {HEART_RATE: ROWS},
        (HEART_RATE, "row 1", "'7'", "--account fitabase:7", "--create-participants"),
        options=BERLIN,
    ),
    Refused(
        "an unknown participant",
        "takeout",
        {BEAT_FILE: BEATS},
        ("'P-0099'", "participant list", "participant add"),
        options=("--participant", "P-0099"),
    ),
    Refused(
        "nobody's archive",
        "takeout",
        {BEAT_FILE: BEATS},
        ("takeout", "does not say whose it is", "--participant", "--create-participants"),
        options=(),
    ),
    Refused(
        "an unknown zone",
        "fitabase",
        {HEART_RATE: ROWS},
        ("Europe/Berln", "Europe/Berlin"),
        options=(*ENROL, "--zone", "Europe/Berln"),
    ),
    Refused(
        "no zone",
        "fitabase",
        {HEART_RATE: ROWS},
        (
            HEART_RATE,
            "P-0002 has no time zone on record",
            "--zone Europe/Berlin",
            "hometrial participant zone",
        ),
        options=ENROL,
    ),
    Refused(
        "a zone that contradicts the history",
        "fitabase",
        {HEART_RATE: ROWS},
        ("P-0001 lives in Europe/Berlin", "Asia/Tokyo", "--zone", "--from"),
        options=(*OWN, "--zone", "Asia/Tokyo"),
    ),
    Refused(
        "several people as one",
        "fitabase",
        {HEART_RATE: ROWS + "8,4/12/2016 7:21:15 AM,62\n"},
        (HEART_RATE, "several people (7, 8)", "leave --participant out"),
    ),
]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.id)
def test_an_archive_without_owner_or_zone_gets_one_sentence_and_changes_nothing(
    trial, typed, tmp_path, case, put, names
):
    path = put(tmp_path / "given", case.content)
    before = trial.contents()

    code, output, errors = typed(trial, "import", case.provider, path, *case.options)

    assert (code, output) == (2, "")
    assert errors.startswith("hometrial: ")
    assert errors.count("\n") == 1
    assert len(errors) < 600
    names(case.words, errors)
    assert trial.contents() == before


def test_the_same_bytes_as_a_second_persons_are_refused(study, typed, tmp_path, put, names):
    path = put(tmp_path / "given", {BEAT_FILE: BEATS})
    for _ in range(2):
        typed(study, "participant", "add", "--zone", "Europe/Berlin")
    typed(study, "import", "takeout", path, *OWN)
    before = study.contents()

    code, _, errors = typed(study, "import", "takeout", path, "--participant", "P-0002")

    assert (code, errors.count("\n")) == (2, 1)
    names(("heart_rate-2016-06-24.json", "P-0001's, not P-0002's", "check whose"), errors)
    assert study.contents() == before
