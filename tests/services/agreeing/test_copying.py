"""The copy for the person holds the whole text, the signatures and their checksums, and is the same each time."""

import hashlib
import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from agreed import ACT, INVESTIGATOR, NOON
from sqlalchemy import text

from hometrial.models import WITHDRAWAL_CHOICES
from hometrial.services.agreeing import copying, leaving, signing, wording
from hometrial.services.agreeing.leaving import Said
from hometrial.services.agreeing.signing import SignatureRefusedError
from hometrial_ingest.data_types import DataType


class Page(HTMLParser):
    def __init__(self, body):
        super().__init__()
        self.tags, self.said = [], []
        self.feed(body.decode())

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.said.append(data)


def test_a_copy_holds_text_signatures_and_checksums(trial, at_clock):
    act = replace(ACT, granted=(DataType.STEPS, DataType.SLEEP), name="Zoë <Müller>")
    person, signature = trial.signed(trial.publish(), act)
    early = copying.copy(trial.session, trial.keys, signature)
    assert b"Not countersigned yet." in early.body
    at_clock(NOON + timedelta(hours=1))
    beside = signing.countersign(trial.session, trial.keys, signature, INVESTIGATOR, by="dr-ada")
    made = copying.copy(trial.session, trial.keys, signature)
    page = Page(made.body)
    said = " ".join(page.said)
    for section in trial.offer(person).words.sections:
        assert section.heading in said
    for fact in (
        "Zoë <Müller>", "2026-03-02 00:30:00 +0100", "Europe/Berlin", "I agree to take part", "passkey",
        "passport shown by video", "dr-ada", "sleep, steps", signature.sha256, signature.seal, "EK 17/2026",
        "Ada Byron", "2026-03-02 00:30:00 +0000", beside.sha256,
    ):  # fmt: skip
        assert fact in said, fact
    assert made.sha256 == hashlib.sha256(made.body).hexdigest()
    assert made.name == f"consent-{person.code}-main-1.0.0.en.html"
    assert copying.copy(trial.session, trial.keys, signature) == made


def test_a_copy_needs_nothing_else_and_reads_in_order(trial):
    _, signature = trial.signed(trial.publish())
    page = Page(copying.copy(trial.session, trial.keys, signature).body)
    assert not [tag for tag, _ in page.tags if tag in ("script", "link", "img", "iframe")]
    assert [attrs["lang"] for tag, attrs in page.tags if tag == "html"] == ["en"]
    assert [tag for tag, _ in page.tags].count("h1") == 1
    ids = {attrs["id"] for _, attrs in page.tags if "id" in attrs}
    linked = {attrs["href"].removeprefix("#") for tag, attrs in page.tags if tag == "a"}
    assert linked == ids
    assert "**" not in " ".join(page.said)


def test_a_copy_is_in_the_language_that_was_signed(trial):
    person = trial.person(trial.publish())
    offer = trial.offer(person, "de")
    trial.understand(person, offer)
    page = Page(copying.copy(trial.session, trial.keys, trial.sign(person, offer)).body)
    assert [attrs["lang"] for tag, attrs in page.tags if tag == "html"] == ["de"]
    assert "Unterschrift der teilnehmenden Person" in " ".join(page.said)


def test_a_rehearsal_says_that_it_is_one(trial):
    _, signature = trial.signed(trial.publish(is_test=True))
    assert (
        b"Rehearsal: this is no real consent"
        in copying.copy(trial.session, trial.keys, signature).body
    )


def test_there_is_no_copy_of_a_broken_signature(trial):
    _, signature = trial.signed(trial.publish())
    trial.session.execute(text("RESET ROLE"))
    trial.session.execute(text("SET LOCAL session_replication_role = replica"))
    trial.session.execute(text("UPDATE consent_signature SET meaning = 'other'"))
    trial.session.expire_all()
    with pytest.raises(SignatureRefusedError, match="broken: meaning"):
        copying.copy(trial.session, trial.keys, signature)


def test_each_language_has_the_same_words_for_everything():
    english = wording.words("en")
    assert wording.languages() == ("de", "en")
    for language in wording.languages():
        words = wording.words(language)
        assert set(words.data_types) == set(DataType)
        assert set(words.choices) == set(WITHDRAWAL_CHOICES)
        for field, value in words:
            assert value
            if isinstance(value, dict):
                assert set(value) == set(getattr(english, field))
                assert all(value.values())
    with pytest.raises(wording.UnknownLanguageError, match="in fr; there are de, en"):
        wording.words("fr")


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_receipt_reads_what_stopped_and_when_in_the_persons_own_time(trial, language):
    person, _ = trial.signed(trial.publish(), replace(ACT, granted=(DataType.STEPS,)))
    for choice in WITHDRAWAL_CHOICES:
        said = Said(person.code)
        made = leaving.choose(trial.session, {}, person, choice, said=said).choice
        first, *lines = copying.receipt(made, language, "Europe/Berlin")
        assert first == wording.words(language).choices[choice]
        assert lines
        assert all(re.search(r"2026-03-02 00:30:00 \+0100$", line) for line in lines)
        if choice == "stop_wearable" and language == "en":
            assert lines[1].startswith("Reading of steps: since")
