"""What a new version changes, in words, and what it asks of the people in the trial."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocols import edited, shipped

from hometrial.protocol.difference import NOTHING, differences, successor_faults, version_hash

ME = shipped("ldn-mecfs")
VERSION = ("version: 1.0.0\ntitle", "version: 1.1.0\ntitle")


def changes(*edits):
    return differences(ME, edited("ldn-mecfs", *edits))


def test_a_wider_window_is_told_and_asks_everybody_anew():
    (change,) = changes(("day: 28, window: [-3, 4]", "day: 28, window: [-3, 6]"))
    assert (change.path, change.kind) == ("visits[W4].window", "changed")
    assert (change.old, change.new) == ([-3, 4], [-3, 6])
    assert change.effect.participants_do
    assert str(change) == "visits[W4].window was [-3,4], now [-3,6]; everybody must consent anew"


@pytest.mark.parametrize(
    ("edit", "path", "does", "impact", "affects"),
    [
        (("mg: 4.5, from_week: 7", "mg: 4.0, from_week: 7"), "titrations[standard].steps[5].mg", True, "reconsent", "on_drug"),
        (("rest_hours: 48", "rest_hours: 24"), "bad_days.rest_hours", True, "inform", "all"),
        (('18 <= age <= 70', '18 <= age <= 75'), "eligibility.inclusion[I1].rule", False, "none", "new"),
        (('"Age 18-70"', '"Age: 18-70"'), "eligibility.inclusion[I1].text", False, "none", "nobody"),
        (("block_sizes: [2, 4]", "block_sizes: [2, 6]"), "allocation.block_sizes", False, "none", "new"),
        (("within_hours: 24, goes_to: clinician}\n  - {id: OP1", "within_hours: 12, goes_to: clinician}\n  - {id: OP1"), "alerts[SI1].within_hours", False, "inform", "all"),
        (("alpha: 0.05", "alpha: 0.1"), "analysis.alpha", False, "none", "nobody"),
        (('label: "Week 4"', 'label: "Four weeks"'), "visits[W4].label", False, "none", "nobody"),
        (("data_types: [heart_rate, steps, sleep]", "data_types: [heart_rate, steps]"), "consent.data_types", True, "reconsent", "all"),
        (('text: "consent/ldn-mecfs.en.md"', 'text: "consent/2.md"'), "consent.documents[main 1.0.0 en].text", False, "none", "new"),
    ],
)  # fmt: skip
def test_what_a_change_asks_depends_on_its_field(edit, path, does, impact, affects):
    (change,) = changes(edit)
    assert change.path == path
    assert change.effect.participants_do is does
    assert (change.effect.impact, change.effect.affects) == (impact, affects)


def test_a_visit_more_and_a_criterion_less_are_told_by_their_ids():
    more = ("unscheduled_visits:\n", "unscheduled_visits:\n  - {id: Z, label: More, mode: phone}\n")
    less = (
        '    - {id: E10, text: "Another illness that explains the fatigue", rule: "excluding_condition"}\n',
        "",
    )
    moved = (
        'rule: "other_trial_30_days or',
        'rule: "excluding_condition or other_trial_30_days or',
    )
    found = changes(more, less, moved)
    assert [(each.path, each.kind) for each in found] == [
        ("eligibility.exclusion[E9].rule", "changed"),
        ("eligibility.exclusion[E10]", "removed"),
        ("unscheduled_visits[Z]", "added"),
    ]
    assert str(found[1]).startswith('eligibility.exclusion[E10] is gone: {"id":"E10"')
    assert str(found[2]).startswith("unscheduled_visits[Z] is new: {")


def test_what_only_moved_is_told_once_and_asks_nothing():
    one = '  - {id: FE1, text: "Recruited per month"}\n'
    two = '    - {id: FE2, text: "Retention at week 12", at_least: 0.80}\n'
    (change,) = changes((f"  {one}{two}", f"{two}  {one}"))
    assert change.path == "endpoints.feasibility (order)"
    assert change.effect == NOTHING
    assert change.new[:2] == ["FE2", "FE1"]


def test_a_new_version_of_a_consent_document_says_itself_what_it_asks():
    told = (
        '      version: 1.0.0\n      language: en\n      text: "consent/ldn-mecfs.en.md"\n      ethics_reference: null\n      impact: none\n      affects: new',
        '      version: 1.1.0\n      language: en\n      text: "consent/ldn-mecfs.en.md"\n      ethics_reference: null\n      impact: inform\n      affects: on_drug',
    )
    gone, new = changes(told)
    assert (gone.path, gone.kind, gone.effect) == (
        "consent.documents[main 1.0.0 en]",
        "removed",
        NOTHING,
    )
    assert new.path == "consent.documents[main 1.1.0 en]"
    assert (new.effect.impact, new.effect.affects) == ("inform", "on_drug")
    assert str(new).endswith("; people on the drug must be told")


def test_the_version_alone_is_no_change():
    assert changes(VERSION) == ()


def test_what_follows_a_version_keeps_the_id_and_has_a_higher_number_and_something_new():
    window = ("day: 28, window: [-3, 4]", "day: 28, window: [-3, 6]")
    assert successor_faults(ME, edited("ldn-mecfs", VERSION, window)) == ()
    assert successor_faults(ME, edited("ldn-mecfs", window)) == (
        "version: 1.0.0 does not follow 1.0.0; raise it",
    )
    assert successor_faults(ME, edited("ldn-mecfs", VERSION)) == (
        "version: nothing changed since 1.0.0; there is nothing to publish",
    )
    ninth, tenth = (("version: 1.0.0\ntitle", f"version: 1.{n}.0\ntitle") for n in (9, 10))
    assert successor_faults(edited("ldn-mecfs", ninth), edited("ldn-mecfs", tenth, window)) == ()
    older = ("version: 1.0.0\ntitle", "version: 0.10.0\ntitle")
    assert (
        "0.10.0 does not follow 1.0.0"
        in successor_faults(ME, edited("ldn-mecfs", older, window))[0]
    )
    assert "ldn-ms is another protocol than ldn-mecfs" in successor_faults(ME, shipped("ldn-ms"))[0]


def test_the_hash_knows_what_is_declared_and_nothing_else():
    assert version_hash(ME) == version_hash(
        edited("ldn-mecfs", ("# 0.1 mg, as some begin with", "# something else,"))
    )
    spelt_out = (
        "{id: cream, form: cream, route: topical}",
        "{form: cream, enabled: false, route: topical, id: cream}",
    )
    assert version_hash(ME) == version_hash(edited("ldn-mecfs", spelt_out))
    assert version_hash(ME) != version_hash(edited("ldn-mecfs", VERSION))
    assert (
        len(
            {
                version_hash(shipped(f"ldn-{each}"))
                for each in ("mecfs", "ms", "crohns", "case-series")
            }
        )
        == 4
    )


@given(
    st.sampled_from(["ldn-mecfs", "ldn-crohns", "ldn-ms", "ldn-case-series"]),
    st.sampled_from(["ldn-mecfs", "ldn-ms"]),
)
def test_no_difference_means_the_same_and_back_is_forth_turned_around(one, other):
    forth, back = (
        differences(shipped(one), shipped(other)),
        differences(shipped(other), shipped(one)),
    )
    assert (forth == ()) == (one == other)
    turned = {"added": "removed", "removed": "added", "changed": "changed"}
    assert {(each.path, turned[each.kind]) for each in forth} == {
        (each.path, each.kind) for each in back
    }
