"""Instruments are kept as they were asked, and optional ones are asked once the site has brought their words."""

import json

import pytest
from asked import MORNING

from hometrial.questionnaires import loading, packs
from hometrial.questionnaires.packs import TextPack, TextPackError
from hometrial.questionnaires.rendering import WordingAbsentError, render
from hometrial.questionnaires.slots import slots
from hometrial.services.asking import definitions, today


def pack_text(instrument="compass31", **changes):
    """Return a text pack (JSON is YAML) with a word for every place of an instrument."""
    declared = loading.named(instrument)
    content = {
        "schema": "textpack/1",
        "instrument": instrument,
        "version": declared.version,
        "language": "en",
        "uploaded_by": "site",
        "licence_reference": "Agreement 7",
        "sha256": "0" * 64,
        "texts": {slot.key: f"Words of {slot.key}" for slot in slots(declared)},
        **changes,
    }
    digest = packs.digest(TextPack.model_validate(content))
    return json.dumps({**content, "sha256": digest, **changes})


def listed(ward):
    return {each.occasion.form.id for each in today.today(ward.session, ward.person, "en")}


def test_an_optional_form_is_asked_once_the_site_has_brought_its_words(ward):
    instrument = loading.named("compass31")
    with pytest.raises(WordingAbsentError, match="upload the text pack"):
        definitions.form_of(ward.session, instrument, "en")
    assert "compass31" not in listed(ward)
    with pytest.raises(TextPackError, match="SHA-256"):
        definitions.upload_pack(ward.session, pack_text(sha256="1" * 64), "p.yaml", by="ann")
    definitions.upload_pack(ward.session, pack_text(), "p.yaml", by="ann")
    assert "compass31" in listed(ward)
    first = definitions.form_of(ward.session, instrument, "en")
    ward.at_clock(MORNING.replace(hour=10))
    better = {slot.key: f"Better words of {slot.key}" for slot in slots(instrument)}
    definitions.upload_pack(ward.session, pack_text(texts=better), "p.yaml", by="ann")
    second = definitions.form_of(ward.session, instrument, "en")
    assert second.questions[0].text.startswith("Better words")
    assert definitions.wording_hash(first) != definitions.wording_hash(second)


def test_an_instrument_that_has_changed_since_is_read_as_it_was_asked(ward):
    changed = loading.named("phq9").model_copy(update={"version": "0.9.0"})
    sha256 = definitions.keep(ward.session, changed)
    assert definitions.keep(ward.session, changed) == sha256
    assert definitions.kept(ward.session, sha256) == changed
    assert loading.definition_hash(definitions.kept(ward.session, sha256)) == sha256
    with pytest.raises(definitions.UnknownDefinitionError, match="load the form again"):
        definitions.kept(ward.session, "0" * 64)


def test_each_language_has_a_wording_of_its_own():
    diary = loading.named("ldn_me_diary")
    english, german = (definitions.wording_hash(render(diary, each)) for each in ("en", "de"))
    assert english != german
    assert english == definitions.wording_hash(render(diary, "en"))
