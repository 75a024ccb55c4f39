"""A protocol comes into force by steps, one version at a time, and people follow the one they entered."""

from datetime import date

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from hometrial.declarations import DeclarationError
from hometrial.errors import TrialError
from hometrial.protocol import loading
from hometrial.services import enrolling
from hometrial.services.trial import following, publishing
from hometrial.services.trial.publishing import ProtocolRefusedError

BODY = loading.shipped_text("ldn-crohns")
NEXT = BODY.replace("version: 1.0.0", "version: 1.1.0", 1).replace('phase: "', 'phase: "later ', 1)


@pytest.fixture
def session(study):
    with study.database.transaction("test", "protocol") as session:
        yield session


def published(session, body=BODY, **how):
    version = publishing.load(session, body, "trial.yaml", by="ann", **how)
    publishing.approve(session, version, by="bob", because="reviewed")
    publishing.publish(session, version)
    return version


def test_a_protocol_is_loaded_approved_by_another_and_published(session):
    version = publishing.load(session, BODY, "trial.yaml", by="ann")
    assert publishing.in_force(session, version.protocol) is None
    with pytest.raises(ProtocolRefusedError, match="approve"):
        publishing.publish(session, version)
    with pytest.raises(ProtocolRefusedError, match="somebody else"):
        publishing.approve(session, version, by="ann", because="mine")
    with pytest.raises(ProtocolRefusedError, match="say why"):
        publishing.approve(session, version, by="bob", because=" ")
    publishing.approve(session, version, by="bob", because="reviewed")
    assert publishing.publish(session, version) == ()
    assert publishing.in_force(session, version.protocol).id == version.id
    assert publishing.of(version).id == version.protocol
    assert publishing.of(version).version == "1.0.0"


def test_the_text_is_kept_as_it_was_written(session):
    assert publishing.load(session, BODY, "trial.yaml", by="ann").body == BODY


def test_a_file_with_faults_is_refused_with_all_of_them(session):
    broken = BODY.replace("version: 1.0.0", "version: one", 1).replace("phase:", "fase:", 1)
    with pytest.raises(DeclarationError) as caught:
        publishing.load(session, broken, "trial.yaml", by="ann")
    assert any("version" in fault for fault in caught.value.faults)
    assert any("fase" in fault for fault in caught.value.faults)
    assert publishing.versions(session) == []


def test_a_draft_is_replaced_by_its_correction_and_kept(session):
    first = publishing.load(session, BODY, "trial.yaml", by="ann")
    second = publishing.load(session, BODY + "\n# corrected\n", "trial.yaml", by="ann")
    session.refresh(first)
    assert (first.state, second.state) == ("discarded", "draft")


def test_a_number_that_was_approved_is_never_used_for_another_text(session):
    published(session)
    with pytest.raises(ProtocolRefusedError, match="published already; raise the version"):
        publishing.load(session, BODY, "trial.yaml", by="ann")


def test_the_next_version_says_what_changed_and_supersedes(session):
    first = published(session)
    version = publishing.load(session, NEXT, "trial.yaml", by="ann")
    assert [change.path for change in publishing.changes(session, version)] == ["phase"]
    publishing.approve(session, version, by="bob", because="phase corrected")
    assert [change.path for change in publishing.publish(session, version)] == ["phase"]
    session.refresh(first)
    assert first.state == "superseded"
    assert publishing.in_force(session, first.protocol).version == "1.1.0"


def test_a_version_that_does_not_follow_the_one_in_force_is_refused(session):
    published(session, NEXT)
    with pytest.raises(ProtocolRefusedError, match=r"1\.0\.0 does not follow 1\.1\.0"):
        publishing.load(session, BODY, "trial.yaml", by="ann")


def test_a_version_approved_before_another_was_published_is_looked_at_again(session):
    waiting = publishing.load(session, BODY, "trial.yaml", by="ann")
    publishing.approve(session, waiting, by="bob", because="reviewed")
    published(session, NEXT)
    with pytest.raises(ProtocolRefusedError, match="does not follow"):
        publishing.publish(session, waiting)


def test_a_rehearsal_stands_beside_the_trial(session):
    real = published(session)
    rehearsed = publishing.load(session, BODY, "trial.yaml", by="ann", is_test=True)
    publishing.approve(session, rehearsed, by="ann", because="rehearsal")
    publishing.publish(session, rehearsed)
    assert publishing.in_force(session, real.protocol).id == real.id
    assert publishing.in_force(session, real.protocol, is_test=True).id == rehearsed.id


def test_a_version_that_is_not_there_is_named_with_those_that_are(session):
    published(session)
    with pytest.raises(ProtocolRefusedError, match=r"no version 9\.9\.9 .*1\.0\.0"):
        publishing.find(session, publishing.read(BODY, "trial.yaml").id, "9.9.9")


def test_people_stay_on_the_version_that_they_follow_until_they_are_moved(session):
    first = published(session)
    person = enrolling.add_participant(session)
    with pytest.raises(following.NotInTrialError, match="follows no protocol"):
        following.protocol_of(session, person)
    following.move(session, person, first)
    second = published(session, NEXT)
    assert following.version_of(session, person).id == first.id
    with pytest.raises(following.NotInTrialError, match="superseded"):
        following.move(session, person, first)
    following.move(session, person, second)
    assert following.protocol_of(session, person).version == "1.1.0"


def test_the_newest_word_on_an_anchor_holds(session):
    person = enrolling.add_participant(session)
    following.anchor(session, person, "consent", date(2026, 3, 1), because="signed")
    following.anchor(session, person, "first_dose", date(2026, 3, 9), because="told")
    following.anchor(session, person, "first_dose", date(2026, 3, 10), because="corrected")
    assert following.anchors(session, person) == {
        "consent": date(2026, 3, 1),
        "first_dose": date(2026, 3, 10),
    }
    following.anchor(session, person, "first_dose", None, because="never taken")
    assert following.anchors(session, person) == {"consent": date(2026, 3, 1)}


def delete_all(study, table):
    with study.database.transaction("test", "tamper") as session:
        session.execute(text(f"DELETE FROM {table}"))  # noqa: S608


@pytest.mark.parametrize("table", ["participation", "anchor_day"])
def test_what_happened_is_never_rewritten(study, table):
    with study.database.transaction("test", "protocol") as session:
        person = enrolling.add_participant(session)
        following.move(session, person, published(session))
        following.anchor(session, person, "consent", date(2026, 3, 1), because="signed")
    with pytest.raises(DBAPIError, match="append-only"):
        delete_all(study, table)
    assert study.verify().problems == ()


def test_what_a_protocol_may_name_is_what_is_installed():
    assert "phq9" in publishing.known().instruments
    assert "wear_minutes" in publishing.known().metrics
    assert isinstance(ProtocolRefusedError("x"), TrialError)
