"""A declaration that does not hold together is refused, and each fault says what and where."""

import pytest

from hometrial.declarations import DeclarationError


def test_a_sound_instrument_is_accepted(small):
    assert small().id == "small"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("id: b, type", "id: a, type", "items[1].id: items and scores share their names"),
        ("id: total", "id: a", "scores[0].id: items and scores share their names"),
        ("value: 2, text", "value: 1, text", "option_sets.how_much[2].value: two options"),
        ('code: "2"', 'code: "1"', "option_sets.how_much[2].code: two options"),
        ("options: how_much, text", "options: much, text", "items[1].options: no such option set"),
        ("stem: often", "stem: seldom", "items[0].stem: no such stem"),
        (", stem: often", "", "stems.often: declared, but no item uses it"),
        ("low: 0, high: 10", "low: 10, high: 10", "items[3].high: high is not above low (10)"),
        ("a > 0", "c > 0", "items[2].show_if: c is not an item before this one"),
        ("a > 0", "rating > 0", "items[2].show_if: rating is not an item before this one"),
        ("a > 0", "a >", "items[2].show_if: 'a >' is no rule"),
        ("rating >= 8", "total >= 8", "alerts[0].when: total is not an item"),
        ("rating >= 8", "day >= 8", "alerts[0].when: day holds words"),
        ('"total >= 5"}', '"sum >= 5"}', "flags[0].when: sum is not an item or a score"),
        ('show_if: "a > 0", ', "", "items[2].hidden_value: only an item with show_if"),
        ("public-domain", "permission-required", "license.text_shipped: under permission-required"),
        ("public-domain", "cc-by-4.0", "license.modifications: CC BY asks"),
        ("text: {en: B, de: B}", "text: {en: B}", "items[1].text: languages differ"),
        (", text: {en: B, de: B}", "", "items[1].text: words are missing (b)"),
        ("{en: Much, de: Viel}", "{en: Much, fr: Fort}", "option_sets.how_much[2].text: languages"),
        ("{en: Small, de: Klein}", "{en: Small}", "title: the title stands in en"),
        (
            "text_shipped: true",
            "text_shipped: false",
            "items[0].text: the licence forbids to ship wording",
        ),
        ("[a, b, c], range", "[a, b, z], range", "scores[0]: total: z is no item and no score"),
        ("[a, b, c], range", "[a, b, doubled], range", "scores[0]: total: doubled is no item"),
        ("[a, b, c], range", "[a, b, b], range", "scores[0]: total: b is named twice"),
        ("[a, b, c], range", "[a, b, words], range", "scores[0]: total: words holds words"),
        ("range: [0, 6]", "range: [6, 0]", "scores[0].range: the second end is not above"),
        ("max_missing: 1", "max_missing: 3", "scores[0].missing.max_missing: total has 3 inputs"),
        (
            "method: prorate_mean, max_missing: 1",
            "method: require_all, max_missing: 1",
            "scores[0].missing: require_all takes 0 of",
        ),
        (
            "method: prorate_mean, max_missing: 1",
            "method: prorate_mean",
            "scores[0].missing: prorate_mean takes 1 of",
        ),
        (
            "method: prorate_mean, max_missing: 1",
            "method: answered_mean",
            "scores[0].missing.method: sum takes one of",
        ),
        (
            "max_missing: 1",
            "max_missing: 1, must: [day]",
            "scores[0].missing.must: day is no input",
        ),
        ("at_most: 4", "at_most: 1", "scores[0].bands[1]: this one can never be reached"),
        ("at_most: 4", "below: 2", "scores[0].bands[1]: this one can never be reached"),
        ("{name: high}", "{below: 9, name: high}", "scores[0].bands: the last one must be open"),
        ("at_most: 4", "at_most: 4, below: 5", "scores[0].bands[1]: give below or at_most"),
        ("recoding: turned", "recoding: twisted", "scores[1].recoding: no such recoding"),
        ("items: [b], low", "items: [a], low", "recodings.turned[1].items[0]: this recoding has"),
        (
            "table: {0: 5, 1: 6, 2: 7}",
            "table: {0: 5, 1: 6}",
            "c: the table has no value for the answers [2]",
        ),
        (
            "items: [a], low: 0, high: 2",
            "items: [a], low: 1, high: 3",
            "a runs from 0 to 2, not from 1",
        ),
        ("items: [c], table", "items: [weight], table", "weight: no whole answers"),
        ("{a: 1, b: 1, c: 1}", "{a: 1, z: 1, c: 1}", "tests[0].answers.z: no such name"),
        ("expect: {total: 3", "expect: {sum: 3", "tests[0].expect.sum: no such name"),
        ("expect: {total: 3", "expect: {total: 4", "total comes to 3.0, not to 4.0"),
        ("bands: {total: middle}", "bands: {total: low}", "the band of total is middle, not low"),
        ("flags: []}", "flags: [much]}", "the flags are [], not ['much']"),
        ("answers: {a: 1", "answers: {a: 3", "a: 3 is no answer"),
    ],
)
def test_what_does_not_fit_is_told(faults, old, new, said):
    assert any(said in fault for fault in faults((old, new))), faults((old, new))


def test_every_fault_is_told_at_once(faults):
    told = faults(("stem: often", "stem: seldom"), ('"total >= 5"}', '"sum >= 5"}'))
    assert len(told) == 3  # the stem that is not there, the one nobody uses, the flag


def test_a_fault_has_the_line_it_stands_on(small):
    with pytest.raises(DeclarationError) as caught:
        small(("options: how_much, text", "options: much, text"))
    assert caught.value.faults[0].startswith("small.yaml, line 20: items[1].options")


OTHER_SCORES = {
    "{op: func, func: cdai_weight_v1, inputs: {weight: weight}, settings: {floor: 0}}": (
        "inputs: cdai_weight_v1 takes standard, weight"
    ),
    "{op: func, func: cdai_weight_v1, inputs: {weight: a, standard: b}}": (
        "settings: the settings of cdai_weight_v1 are: floor"
    ),
    "{op: func, func: cdai_weight_v1, inputs: {weight: a, standard: b}, settings: {floor: low}}": (
        "settings.floor: this setting is a number"
    ),
    "{op: func, func: cdai_haematocrit_v1, inputs: {normal: a, found: b}, settings: {deviation: 1}}": (
        "this setting is absolute or clamped or signed"
    ),
    "{op: func, func: shell_v1, inputs: {a: a}}": "Input should be 'cdai_haematocrit_v1'",
    "{op: eval, of: a}": "does not match any of the expected tags",
    "{op: composite_table, table: pro_ctcae_v1, severity: a}": "a must be an item that is answered 0",
    "{op: composite_table, table: pro_ctcae_v1}": "no attribute is named",
    "{op: mean_of_scores, scores: [a], missing: {method: require_all}}": "a is an item",
    "{op: lookup, of: a}": "lookup takes steps or pack_table",
    "{op: lookup, of: a, steps: [{below: 2, value: 1}]}": "the last one must be open",
    "{op: count_ge, threshold: 1, missing: {method: none}}": "count_ge takes items or groups",
    "{op: count_ge, threshold: 1, groups: [[a, b]], missing: {method: require_all, must: [a]}}": (
        "with groups neither must nor blank_as"
    ),
    "{op: recode, of: a, table: {0: 1}}": "the table has no value for the answers [1, 2]",
    "{op: reverse, of: a, low: 0, high: 3}": "a runs from 0 to 2, not from 0",
    "{op: sum, items: [hour], missing: {method: none}}": "hour holds words, no number",
}


@pytest.mark.parametrize(("score", "said"), OTHER_SCORES.items())
def test_a_score_that_cannot_be_computed_is_refused(faults, score, said):
    declared = score.replace("{op", "{id: other, label: Other, op", 1)
    told = faults(("flags:\n", f"  - {declared}\nflags:\n"))
    assert any(said in fault for fault in told), told
