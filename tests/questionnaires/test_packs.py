"""Text packs: complete, of the right instrument and version, unchanged since the upload."""

import pytest

from hometrial.declarations import DeclarationError
from hometrial.questionnaires.loading import load
from hometrial.questionnaires.packs import TextPack, TextPackError, check_pack, digest, read_pack
from hometrial.questionnaires.rendering import WordingAbsentError, render
from hometrial.questionnaires.scoring import score
from hometrial.questionnaires.slots import slots

LICENSED = """\
schema: instrument/1
id: owned
version: 1.0.0
title: {en: Owned}
languages: [en]
license: {status: permission-required, text_shipped: false, notice: Theirs, source: them, checked: 2026-11-23}
completed_by: participant
minutes: 1
recall: {period: P1W}
presentation: {one_per_screen: true, stem_on_every_screen: true, allow_skip: true, skip_reasons: []}
stems: {much: null}
option_sets:
  two: [{code: "0", value: 0}, {code: "1", value: 1}]
items:
  - {id: a, type: choice, options: two, stem: much}
  - {id: b, type: scale, low: 0, high: 10}
scores:
  - {id: raw, label: Raw, op: sum, items: [a, b], missing: {method: require_all}}
  - {id: t, label: T, op: lookup, of: raw, pack_table: norms}
"""
TEXTS = {
    "stem:much": "Wie sehr?",
    "a": "A?",
    "b": "B?",
    "b:low": "nie",
    "b:high": "immer",
    "option:two:0": "nein",
    "option:two:1": "ja",
}


@pytest.fixture
def owned():
    """Return an instrument whose wording may not be shipped."""
    return load(LICENSED, "owned.yaml")


def pack(**changes):
    """Return a complete pack with a right hash, changed before it is hashed."""
    content = {
        "schema": "textpack/1",
        "instrument": "owned",
        "version": "1.0.0",
        "language": "de",
        "uploaded_by": "site-1",
        "licence_reference": "Agreement 7",
        "sha256": "0" * 64,
        "texts": TEXTS,
        "tables": {"norms": {5: 48.6}},
    } | changes
    unsigned = TextPack.model_validate(content)
    return TextPack.model_validate({**content, "sha256": digest(unsigned)})


def test_an_instrument_without_its_pack_is_not_shown_and_says_which_file_is_missing(owned):
    with pytest.raises(WordingAbsentError, match=r"permission-required.*owned\.de\.yaml"):
        render(owned, "de")
    with pytest.raises(WordingAbsentError, match="no words in en"):
        render(owned, "en", pack())


def test_an_instrument_without_its_pack_is_scored_all_the_same(owned):
    scored = score(owned, {"a": 1, "b": 4})
    assert (scored.scores["raw"], scored.scores["t"]) == (5, None)
    assert scored.flags == ("t:no_table",)


def test_a_pack_brings_words_and_tables(owned):
    brought = pack()
    form = render(owned, "de", brought)
    first, second = form.questions
    assert (first.stem, first.text) == ("Wie sehr?", "A?")
    assert [choice.text for choice in first.choices] == ["nein", "ja"]
    assert (second.low_text, second.high_text) == ("nie", "immer")
    assert form.pack_digest == brought.sha256
    assert score(owned, {"a": 1, "b": 4}, brought.tables).scores["t"] == 48.6


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"instrument": "other"}, "it is for other 1.0.0, not for owned 1.0.0"),
        ({"version": "1.0.1"}, "it is for owned 1.0.1, not for owned 1.0.0"),
        ({"texts": {**TEXTS, "z": "Z"}}, "owned has no place for z"),
        ({"texts": {k: v for k, v in TEXTS.items() if k != "b:low"}}, "missing for b:low"),
    ],
)
def test_a_pack_that_does_not_fit_is_refused(owned, changes, said):
    with pytest.raises(TextPackError, match=said):
        check_pack(pack(**changes), owned)
    with pytest.raises(TextPackError, match=said):
        render(owned, "de", pack(**changes))


@pytest.mark.parametrize(
    "change",
    [{"texts": {**TEXTS, "a": "Ä?"}}, {"tables": {"norms": {5: 50.0}}}, {"language": "fr"}],
)
def test_a_pack_that_was_changed_after_it_was_hashed_is_refused(owned, change):
    changed = pack().model_copy(update=change)
    with pytest.raises(TextPackError, match="its content has the SHA-256"):
        check_pack(changed, owned)


def test_who_uploaded_it_may_change_without_another_hash(owned):
    check_pack(pack(uploaded_by="site-2"), owned)
    assert pack(uploaded_by="site-2").sha256 == pack().sha256


def test_a_pack_is_read_from_yaml(owned):
    good = pack()
    lines = [f"  {key!r}: {words!r}" for key, words in TEXTS.items()]
    text = "\n".join(
        [
            "schema: textpack/1",
            "instrument: owned\nversion: 1.0.0\nlanguage: de\nuploaded_by: site-1\nlicence_reference: Agreement 7",
            f"sha256: {good.sha256}\ntexts:",
            *lines,
            "tables: {norms: {5: 48.6}}",
        ]
    )
    assert read_pack(text, "owned.de.yaml", owned) == good
    with pytest.raises(DeclarationError, match=r"line 5: uploaded_by: .*\(it says 7\)"):
        read_pack(text.replace("uploaded_by: site-1", "uploaded_by: 7"), "owned.de.yaml", owned)


def test_a_pack_names_every_place_where_words_are_read(owned):
    assert {slot.key for slot in slots(owned) if slot.needed} == set(TEXTS)


def test_a_free_instrument_takes_another_language_from_a_pack(small):
    instrument = small()
    texts = {slot.key: f"[{slot.key}]" for slot in slots(instrument) if slot.text}
    french = pack(instrument="small", version="1.2.3", language="fr", texts=texts, tables={})
    assert render(instrument, "fr", french).questions[0].text == "[a]"
    assert render(instrument, "de", french).pack_digest is None
    with pytest.raises(WordingAbsentError, match="shipped in en, de only"):
        render(instrument, "fr")
