"""The shipped instruments: each loads, says its licence, and has words exactly where it may."""

import re

import pytest

from hometrial.declarations import DeclarationError
from hometrial.questionnaires import loading
from hometrial.questionnaires.loading import (
    UnknownInstrumentError,
    definition_hash,
    named,
    shipped,
)
from hometrial.questionnaires.rendering import WordingAbsentError, render
from hometrial.questionnaires.slots import slots

SHIPPED = shipped()
EMBEDDED = {
    *("rand36", "rand36_pf", "phq9", "phq8", "phq2", "phq15", "gad7", "gad2", "cdai", "cdai_diary"),
    *("hbi", "ldn_me_diary", "ldn_me_weekly", "pgi_c", "pgi_s", "expectancy", "pain_nrs"),
    *("spasticity_nrs", "me_severity", "side_effects"),
}
OWN = {name for name, each in SHIPPED.items() if each.licence.status == "public-domain"}


def test_what_may_be_shipped_with_its_wording_is_shipped():
    assert set(SHIPPED) >= EMBEDDED
    assert all(SHIPPED[name].licence.text_shipped for name in EMBEDDED)


def test_no_instrument_is_shipped_that_needs_a_trained_rater():
    assert not [name for name in SHIPPED if "ssrs" in name]


@pytest.mark.parametrize("name", SHIPPED)
def test_every_instrument_says_its_licence_and_is_shown_exactly_if_that_allows(name):
    instrument = SHIPPED[name]
    assert len(instrument.licence.notice) > 20
    if instrument.licence.text_shipped:
        for language in instrument.languages:
            form = render(instrument, language)
            assert all(question.text for question in form.questions)
    else:
        assert not [slot.key for slot in slots(instrument) if slot.text is not None]
        with pytest.raises(WordingAbsentError):
            render(instrument, instrument.languages[0])


@pytest.mark.parametrize("name", sorted(EMBEDDED))
def test_every_scored_instrument_of_ours_has_a_worked_example(name):
    assert bool(SHIPPED[name].tests) == bool(SHIPPED[name].scores)


@pytest.mark.parametrize("name", sorted(OWN))
def test_what_we_worded_ourselves_speaks_two_languages_that_differ(name):
    english, german = (render(SHIPPED[name], language) for language in ("en", "de"))
    for ours, theirs in zip(english.questions, german.questions, strict=True):
        if len(ours.text.split()) > 2:
            assert ours.text != theirs.text


@pytest.mark.parametrize("name", SHIPPED)
def test_what_scores_worse_or_better_says_so_or_is_a_part_of_something(name):
    for score in SHIPPED[name].scores:
        assert score.direction is not None or not score.mcid


def test_the_rand36_never_calls_itself_by_a_trade_mark():
    form = render(named("rand36"), "en")
    assert "SF-36" not in form.title + form.notice
    assert "developed at RAND as part of the Medical Outcomes Study" in form.notice


def test_an_instrument_that_is_not_shipped_is_refused_with_those_that_are():
    with pytest.raises(UnknownInstrumentError, match=r"no instrument is named 'cssrs'.*phq9"):
        named("cssrs")


def test_a_file_must_be_named_as_its_instrument(tmp_path, monkeypatch):
    source = loading._FOLDER / "pgi_s.yaml"
    (tmp_path / "global.yaml").write_text(source.read_text("utf-8"), "utf-8")
    monkeypatch.setattr(loading, "_FOLDER", tmp_path)
    with pytest.raises(DeclarationError, match=r"global\.yaml, line 1: .*named pgi_s\.yaml"):
        shipped()


def test_a_definition_has_a_hash_that_any_change_of_words_or_scores_changes(small):
    first = definition_hash(small())
    assert re.fullmatch("[0-9a-f]{64}", first)
    assert definition_hash(small()) == first
    changes = [
        ("{en: B, de: B}", "{en: B!, de: B}"),
        ("{name: high}", "{name: top}"),
        ("minutes: 1", "minutes: 2"),
        ("sla_hours: 24", "sla_hours: 25"),
    ]
    assert len({first, *(definition_hash(small(change)) for change in changes)}) == 5


def test_a_hash_knows_neither_comments_nor_the_order_of_fields_nor_what_is_said_by_default(small):
    first = definition_hash(small())
    same = [
        ("minutes: 1", "minutes: 1.0  # about"),
        ("{id: b, type: choice, options: how_much,", "{type: choice, options: how_much, id: b,"),
        ("{id: b, type", "{id: b, in_crash: false, stem: null, type"),
        ("{en: B, de: B}", "{de: B, en: B}"),
    ]
    assert {definition_hash(small(change)) for change in same} == {first}


def test_a_hash_stored_with_a_response_stays_the_hash_of_its_definition(small):
    pinned = "c582aa0a0eb8d68f6314412f8185e49d1ff6f6ff52633626605374684f4b13a4"
    assert definition_hash(small()) == pinned
