"""A new version of a document asks of people what it says itself, and withdraws nothing."""

from dataclasses import replace
from datetime import timedelta

import pytest
from agreed import ACT, NOON, dizzy, filled, revised

from hometrial import clock
from hometrial.protocol import consent_text
from hometrial.services import consenting
from hometrial.services.agreeing import leaving, reading, reconsenting, standing, texts
from hometrial.services.agreeing.leaving import Said
from hometrial.services.agreeing.texts import TextRefusedError
from hometrial.services.trial import following, publishing
from hometrial_ingest.data_types import DataType

LATER = NOON + timedelta(days=30)


def publish_revised(trial, body):
    """Put a revision into force; the words of the older documents are there already."""
    version = publishing.load(trial.session, body, "trial.yaml", by="ann")
    publishing.approve(trial.session, version, by="bob", because="reviewed")
    publishing.publish(trial.session, version)
    keep_texts(trial, version)
    return version


def keep_texts(trial, version):
    for document in publishing.of(version).consent.documents:
        words, quiz = consent_text.shipped(document)
        edit = filled if document.version == "1.0.0" else dizzy
        texts.keep(trial.session, version, document, body=edit(words), quiz=quiz, by="ann")


@pytest.fixture
def anna(trial, at_clock):
    person, _ = trial.signed(trial.publish(), replace(ACT, granted=(DataType.STEPS,)))
    at_clock(LATER)
    return person


def due(trial, person, *, is_on_drug=False):
    return reconsenting.due(trial.session, person, is_on_drug=is_on_drug)


def test_nothing_is_due_while_nothing_changed(trial, anna):
    assert due(trial, anna) == ()


def test_a_new_version_is_signed_anew_by_those_it_concerns(trial, anna, at_clock):
    version = publish_revised(trial, revised("reconsent", "all"))
    (asked,) = due(trial, anna)
    assert (asked.asks, asked.signed, asked.offer.document.version) == (
        "reconsent",
        "1.0.0",
        "1.1.0",
    )
    assert (asked.since, asked.due_by) == (LATER, LATER + timedelta(days=14))
    assert asked.news == {"risks": (0,)}
    assert len(asked.sections) == 11
    assert not asked.is_overdue
    at_clock(LATER + timedelta(days=15))
    assert due(trial, anna)[0].is_overdue
    assert reconsenting.is_overdue(trial.session, anna, is_on_drug=False)
    offer = asked.offer
    trial.read(anna, offer)
    assert following.version_of(trial.session, anna).version == "1.0.0"
    again = trial.sign(anna, offer)
    assert (again.version, again.protocol_version_id) == ("1.1.0", version.id)
    assert following.version_of(trial.session, anna).id == version.id
    assert due(trial, anna) == ()
    assert not reconsenting.is_overdue(trial.session, anna, is_on_drug=False)


def test_nobody_is_late_with_words_that_are_not_there_or_came_later(trial, anna, at_clock):
    version = publishing.load(trial.session, revised("reconsent", "all"), "trial.yaml", by="ann")
    publishing.approve(trial.session, version, by="bob", because="reviewed")
    publishing.publish(trial.session, version)
    at_clock(LATER + timedelta(days=20))
    with pytest.raises(TextRefusedError, match="words were not taken in yet"):
        due(trial, anna)
    assert not reconsenting.is_overdue(trial.session, anna, is_on_drug=True)
    keep_texts(trial, version)
    (asked,) = due(trial, anna)
    assert (asked.since, asked.is_overdue) == (LATER + timedelta(days=20), False)


def test_signing_anew_moves_neither_the_day_of_consent_nor_a_switch(trial, anna):
    publish_revised(trial, revised("reconsent", "all"))
    before = following.anchors(trial.session, anna)
    (asked,) = due(trial, anna)
    trial.read(anna, asked.offer)
    trial.sign(anna, asked.offer)  # no switch is turned on this time
    assert following.anchors(trial.session, anna) == before
    assert standing.consented_at(trial.session, anna) == NOON
    assert consenting.spells(trial.session, anna.id).in_force(DataType.STEPS, clock.now())


def test_what_only_new_people_are_asked_asks_nothing_of_others(trial, anna):
    publish_revised(trial, revised("reconsent", "new"))
    assert due(trial, anna, is_on_drug=True) == ()


def test_what_concerns_the_drug_asks_those_on_it(trial, anna):
    publish_revised(trial, revised("reconsent", "on_drug"))
    assert due(trial, anna) == ()
    assert len(due(trial, anna, is_on_drug=True)) == 1


def test_who_is_only_told_has_read_what_is_new_and_is_done(trial, anna):
    publish_revised(trial, revised("inform", "all"))
    (asked,) = due(trial, anna)
    assert (asked.asks, asked.sections) == ("inform", ("risks",))
    reading.read(trial.session, anna, asked.offer, "risks")
    assert due(trial, anna) == ()


def test_a_version_that_was_skipped_still_asks_what_it_asked(trial, anna):
    publish_revised(trial, revised("reconsent", "all"))
    second = revised(
        "none", "new", number="1.2.0", protocol="1.2.0", base=revised("reconsent", "all")
    )
    publish_revised(trial, second)
    (asked,) = due(trial, anna)
    assert (asked.asks, asked.offer.document.version) == ("reconsent", "1.2.0")


def test_who_has_left_is_asked_nothing(trial, anna):
    publish_revised(trial, revised("reconsent", "all"))
    leaving.choose(trial.session, {}, anna, "withdraw_completely", said=Said(anna.code))
    assert due(trial, anna, is_on_drug=True) == ()


def test_everybody_who_is_due_is_listed_and_nobody_else(trial, anna):
    ben, _ = trial.signed(following.version_of(trial.session, anna))
    version = publish_revised(trial, revised("reconsent", "on_drug"))
    new, _ = trial.signed(version)
    on_drug = {anna.id, new.id}
    listed = reconsenting.everyone_due(trial.session, "ldn-mecfs", on_drug=on_drug)
    assert [each.person.id for each in listed] == [anna.id]
    assert (
        reconsenting.everyone_due(trial.session, "ldn-mecfs", on_drug={ben.id})[0].person.id
        == ben.id
    )
