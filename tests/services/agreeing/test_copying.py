"""The copy for the person holds the whole text, the signatures and their checksums, and is the same each time."""

import hashlib
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from agreed import ACT, INVESTIGATOR, NOON
from paper_read import read
from sqlalchemy import text

from hometrial.models import WITHDRAWAL_CHOICES
from hometrial.services.agreeing import copying, leaving, signing, wording
from hometrial.services.agreeing.leaving import Said
from hometrial.services.agreeing.paper import Paper, Sheet
from hometrial.services.agreeing.signing import SignatureRefusedError
from hometrial_ingest.data_types import DataType

pytestmark = pytest.mark.long

SHEET = Sheet("Títle", "de", datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC), "ab" * 32, "P-0001")


def plain(trial, signature):
    return read(copying.copy(trial.session, trial.keys, signature, compressed=False).body)


def said(block):
    return re.sub(r"\*\*(.+?)\*\*", r"\1", " ".join(block.lines))


def test_a_copy_holds_text_signatures_and_checksums(trial, at_clock):
    act = replace(ACT, granted=(DataType.STEPS, DataType.SLEEP), name="Zoë <Müller>")
    person, signature = trial.signed(trial.publish(), act)
    assert "Not countersigned yet." in plain(trial, signature).text
    at_clock(NOON + timedelta(hours=1))
    beside = signing.countersign(trial.session, trial.keys, signature, INVESTIGATOR, by="dr-ada")
    page = plain(trial, signature)
    offer = trial.offer(person)
    assert page.tagged("H1") == [offer.words.title]
    assert page.tagged("H2") == [
        *(each.heading for each in offer.words.sections),
        "Signature of the participant",
        "Signature of the investigator",
    ]
    for section in offer.words.sections:
        for block in section.blocks:
            for line in block.lines if block.is_list else [said(block)]:
                assert line in page.text
    for fact in (
        "Zoë <Müller>", "2026-03-02 00:30:00 +0100", "Europe/Berlin", "I agree to take part", "passkey",
        "passport shown by video", "dr-ada", "Switched on: sleep, steps", "Not switched on: heart rate",
        signature.sha256, signature.seal, offer.text.sha256, "EK 17/2026", "Ada Byron",
        "2026-03-02 00:30:00 +0000", beside.sha256, "main, version 1.0.0",
    ):  # fmt: skip
        assert fact in page.text, fact


def test_the_same_copy_has_the_same_bytes_and_says_their_checksum(trial, at_clock):
    person, signature = trial.signed(trial.publish())
    made = copying.copy(trial.session, trial.keys, signature)
    assert made.sha256 == hashlib.sha256(made.body).hexdigest()
    assert made.name == f"consent-{person.code}-main-1.0.0.en.pdf"
    at_clock(NOON + timedelta(days=400))
    assert copying.copy(trial.session, trial.keys, signature) == made
    assert b"D:20260301233000Z" in made.body


def test_another_process_on_another_day_makes_the_same_bytes():
    program = (
        "import sys, datetime; from hometrial.services.agreeing.paper import Paper, Sheet\n"
        "sheet = Sheet('T', 'en', datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC), 'ab' * 32, 'P')\n"
        "paper = Paper(sheet); paper.heading('T', level=1); paper.paragraph([('Łukasz', True)])\n"
        "sys.stdout.buffer.write(paper.file())"
    )
    first, second = (
        subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "TZ": zone},
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo"))
    )
    assert first.startswith(b"%PDF-")
    assert first == second


def test_a_paper_is_tagged_in_its_language_with_its_title_and_needs_nothing_else():
    paper = Paper(SHEET, compressed=False)
    paper.heading("Über uns", level=1)
    paper.paragraph([("Eins", False)])
    raw = paper.file()
    for needed in (b"/Lang (de)", b"/Marked true", b"/DisplayDocTitle true", b"/StructTreeRoot"):
        assert needed in raw
    assert b"/S /H1" in raw
    assert b"/FontFile2" in raw
    assert b"/Title <" + "\ufeffTítle".encode("utf-16-be").hex().encode() + b">" in raw
    assert b"/URI" not in raw
    assert b"/JavaScript" not in raw


@pytest.mark.parametrize(
    "name", ["Łukasz Żółć", "Ελένη Παπαδοπούλου", "Zoë Müller-Groß", "Анна Ким", "Nguyễn Thị Ánh"]
)
def test_names_stand_as_they_are_written(name):
    paper = Paper(SHEET, compressed=False)
    paper.facts({"Name": name})
    assert f"Name: {name}" in read(paper.file()).text
    assert paper.lacked == []


def test_what_the_font_lacks_is_shown_by_its_number_and_never_left_out(trial):
    _, signature = trial.signed(trial.publish(), replace(ACT, name="山田 \u200fשרה"))
    page = plain(trial, signature).text
    assert "Printed name: [U+5C71][U+7530] [U+200F][U+05E9][U+05E8][U+05D4]" in page
    assert "lacks stand as their number in Unicode" in page


def test_a_long_paper_breaks_over_pages_and_loses_no_word():
    paper = Paper(replace(SHEET, warning="Only a rehearsal"), compressed=False)
    words = [f"w{number}" for number in range(4000)]
    paper.paragraph([(" ".join(words[:2000]), False), (" ", False), (" ".join(words[2000:]), True)])
    made = read(paper.file())
    assert len(made.pages) > 3
    assert made.text.split() == words
    for number, page in enumerate(made.pages, 1):
        (warned, foot) = (words for tag, words in page if tag == "Artifact")
        assert warned == "Only a rehearsal"
        assert foot == f"P-0001   {number} / "  # the number of pages is filled in at the end


def test_a_copy_is_in_the_language_that_was_signed(trial):
    person = trial.person(trial.publish())
    offer = trial.offer(person, "de")
    trial.understand(person, offer)
    page = plain(trial, trial.sign(person, offer))
    assert b"/Lang (de)" in page.raw
    assert "Unterschrift der teilnehmenden Person" in page.tagged("H2")


def test_a_rehearsal_says_so_on_each_page(trial):
    _, signature = trial.signed(trial.publish(is_test=True))
    for page in plain(trial, signature).pages:
        assert page[0] == ("Artifact", "Rehearsal: this is no real consent")


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
