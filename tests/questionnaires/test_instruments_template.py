"""Instruments without their wording: shown in a site's own text pack only, scored without one."""

from importlib import resources

import pytest

from hometrial.questionnaires.loading import named, shipped
from hometrial.questionnaires.packs import TextPack, digest
from hometrial.questionnaires.rendering import WordingAbsentError, render
from hometrial.questionnaires.scoring import ScoringError, score
from hometrial.questionnaires.slots import slots

TEMPLATES = sorted(name for name, each in shipped().items() if not each.licence.text_shipped)
UNSCORED = {"ess", "hads", "msis29", "sf36v2", "wsas"}


def pack_of(instrument):
    """Return a text pack with a made-up word in every place that needs one."""
    pack = TextPack(
        schema="textpack/1",
        instrument=instrument.id,
        version=instrument.version,
        language="en",
        uploaded_by="site 01",
        licence_reference="agreement 7 of 2026",
        sha256="0" * 64,
        texts={slot.key: f"words of {slot.key}" for slot in slots(instrument) if slot.needed},
    )
    return pack.model_copy(update={"sha256": digest(pack)})


def test_every_instrument_that_may_not_be_shipped_is_here_as_a_template():
    assert set(TEMPLATES) == {
        *("bell", "bpi_sf", "cfq11", "compass31", "dsq_sf", "eq5d5l", "ess", "fss", "hads"),
        *("ibdq", "isi", "mfi20", "msis29", "msss88", "peg", "pro_ctcae", "promis29"),
        *("promis_fatigue_4a", "promis_fatigue_7a", "promis_fatigue_8a", "psqi", "sf36v2", "wsas"),
    }


@pytest.mark.parametrize("instrument", TEMPLATES)
def test_a_template_holds_no_word_of_its_form(instrument):
    assert [slot.key for slot in slots(named(instrument)) if slot.text is not None] == []


@pytest.mark.parametrize("instrument", TEMPLATES)
def test_a_template_is_not_shown_without_its_text_pack(instrument):
    with pytest.raises(WordingAbsentError, match=f"{instrument}.en.yaml"):
        render(named(instrument), "en")


@pytest.mark.parametrize("instrument", TEMPLATES)
def test_a_template_is_shown_in_the_words_of_its_text_pack_with_its_owner_s_line(instrument):
    declared = named(instrument)
    form = render(declared, "en", pack_of(declared))
    assert form.notice == declared.licence.notice
    assert [question.text for question in form.questions] == [
        f"words of {item.id}" for item in declared.items
    ]


@pytest.mark.parametrize("instrument", sorted(set(TEMPLATES) - UNSCORED))
def test_a_template_scores_without_its_text_pack(instrument):
    declared = named(instrument)
    assert declared.tests
    found = score(declared, declared.tests[0].answers)
    assert any(value is not None for value in found.scores.values())


@pytest.mark.parametrize("instrument", sorted(UNSCORED))
def test_no_score_is_made_up_where_none_was_read(instrument):
    declared = named(instrument)
    assert declared.scores == ()
    first = declared.items[0].id
    assert score(declared, {first: 1}).n_missing == len(declared.items) - 1
    with pytest.raises(ScoringError, match=first):
        score(declared, {first: 9})


@pytest.mark.parametrize(
    ("instrument", "items"),
    [
        *(("bell", 1), ("bpi_sf", 11), ("cfq11", 11), ("compass31", 32), ("dsq_sf", 28)),
        *(("eq5d5l", 6), ("ess", 8), ("fss", 9), ("hads", 14), ("ibdq", 32), ("isi", 7)),
        *(("mfi20", 20), ("msis29", 29), ("msss88", 88), ("peg", 3), ("promis29", 29)),
        *(("promis_fatigue_4a", 4), ("promis_fatigue_7a", 7), ("promis_fatigue_8a", 8)),
        *(("sf36v2", 36), ("wsas", 5), ("psqi", 18)),
    ],
)
def test_an_instrument_asks_as_many_things_as_its_form(instrument, items):
    assert len(named(instrument).items) == items


def line_of(instrument):
    """Return the line that LICENSES-INSTRUMENTS.md has for an instrument."""
    licence = instrument.licence
    wording = "yes" if licence.text_shipped else "no: text pack"
    changes = f" Changes: {licence.modifications.rstrip('.')}." if licence.modifications else ""
    owner = f"{licence.notice.rstrip('.')}.{changes} Source: {licence.source.rstrip('.')}."
    cells = [f"`{instrument.id}`", instrument.title["en"], licence.status, wording, owner]
    return f"| {' | '.join(cells)} |"


def test_the_table_of_licences_has_one_line_for_each_instrument_that_says_what_the_instrument_says():
    folder = resources.files("hometrial.questionnaires") / "instruments"
    table = (folder / "LICENSES-INSTRUMENTS.md").read_text("utf-8").splitlines()
    lines = [line for line in table if line.startswith("| `")]
    assert lines == [line_of(shipped()[name]) for name in sorted(shipped())]
