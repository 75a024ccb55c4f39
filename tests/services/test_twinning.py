"""A twin of the study in force: the same folder each time, and nobody of the study in it."""

import json

import pytest
from enrolled import published

from hometrial.errors import ExportRefusedError
from hometrial.exports import vouching
from hometrial.exports.twin.making import twin
from hometrial.protocol.loading import UnknownProtocolError
from hometrial.services import enrolling, twinning
from hometrial.services.locking.wanted import wanted
from hometrial.services.twinning import Order

pytestmark = pytest.mark.long

CSV = wanted(("csv",), streams=())


@pytest.fixture(scope="module")
def trial(shared_study):
    with shared_study.database.transaction("test", "a trial with somebody in it") as session:
        published(session)
        somebody = enrolling.add_participant(session)
        enrolling.set_zone(session, somebody, "Europe/Berlin", source="test")
    return shared_study.database


def digests(out):
    manifest = json.loads((out / "MANIFEST.json").read_text(encoding="utf-8"))
    return {each["path"]: each["sha256"] for each in manifest["files"]}


def test_a_twin_is_of_the_protocol_in_force_and_its_questionnaires(trial):
    with trial.reading() as session:
        made_of = twinning.setting(session, Order(1, 7))
    assert made_of.protocol.id == "ldn-mecfs"
    assert set(made_of.instruments) == {
        each.instrument for each in made_of.protocol.forms if each.instrument
    }


def test_the_same_order_writes_the_same_folder_and_nobody_of_the_study_is_in_it(trial, tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    facts = twinning.write(trial, Order(3, 7), CSV, one)
    again = twinning.write(trial, Order(3, 7), CSV, other)
    assert digests(one) == digests(other)
    assert facts["root"] == again["root"] == vouching.verify(one).root
    assert vouching.verify(one).problems == ()
    assert facts["kind"] == "twin"
    assert facts["participants"] == ["P-90001", "P-90002", "P-90003"]
    assert "SYNTHETIC TWIN" in (one / "README.txt").read_text(encoding="utf-8")
    read = [path.read_text(encoding="utf-8") for path in one.rglob("*.csv")]
    assert read
    assert not any("P-0001" in each for each in read)


def test_another_protocol_may_be_named_and_an_unknown_one_is_refused(trial):
    with trial.reading() as session:
        assert twinning.setting(session, Order(1, 7, "ldn-ms")).protocol.id == "ldn-ms"
        with pytest.raises(UnknownProtocolError, match="ldn-none does not come with this"):
            twinning.setting(session, Order(1, 7, "ldn-none"))


def test_without_a_protocol_in_force_it_says_which_there_are(study):
    with (
        study.database.reading() as session,
        pytest.raises(ExportRefusedError, match=r"0 are in force here.*ldn-crohns"),
    ):
        twinning.setting(session, Order(1, 7))


@pytest.mark.parametrize("people", [0, -1, twinning.MOST_PEOPLE + 1])
def test_a_number_of_people_that_cannot_be_is_refused_before_anything_is_made(
    trial, tmp_path, people
):
    with pytest.raises(ExportRefusedError, match=f"people: {people}"):
        twinning.write(trial, Order(people, 7), CSV, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_samples_are_refused_for_a_twin_has_none(trial, tmp_path):
    asked = wanted(("csv",), streams=("heart_rate",))
    with pytest.raises(ExportRefusedError, match="heart_rate"):
        twinning.write(trial, Order(1, 7), asked, tmp_path / "out")


def test_its_state_counts_what_is_open(trial):
    with trial.reading() as session:
        source = twin(twinning.setting(session, Order(2, 7)), 2)
    state = twinning.state(source)
    assert state["open_queries"] == sum(row["status"] == "open" for row in source.rows("query"))
    assert state["provisional_days"] == 3
    assert state["suites"] == {"heart_rate": [5], "sleep": [5], "steps": [5]}
