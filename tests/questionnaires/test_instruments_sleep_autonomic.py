"""PSQI, ISI and COMPASS-31: steps, bands, weights, and what may be skipped."""

import pytest

from hometrial.questionnaires.loading import named
from hometrial.questionnaires.scoring import ScoringError, score

COMPASS_MOST = {
    "orthostatic": {"1": 1, "2": 4, "3": 3, "4": 1},
    "vasomotor": {"5": 1, "6_hands": 1, "6_feet": 1, "7": 1},
    "secretomotor": {"8": 5, "9": 1, "10": 1, "11": 2},
    "gastrointestinal": {
        "12": 1,
        "13": 3,
        "14": 3,
        "15": 3,
        "16": 1,
        "17": 4,
        "18": 3,
        "19": 1,
        "20": 1,
        "21": 4,
        "22": 3,
        "23": 1,
    },
    "bladder": {"24": 4, "25": 4, "26": 4},
    "pupillomotor": {"27": 4, "28": 3, "29": 4, "30": 3, "31": 2},
}
SLEEPER = {
    "psqi_1": "23:00",
    "psqi_2": 10,
    "psqi_3": "07:00",
    "psqi_4": 7.5,
    **{f"psqi_5{letter}": 0 for letter in "abcdefghij"},
    **{f"psqi_{number}": 0 for number in (6, 7, 8, 9)},
}


def scores(instrument, answers, tables=None):
    """Return the scores of a shipped instrument by name."""
    return score(named(instrument), answers, tables or {}).scores


def numbered(prefix, values):
    """Return answers to items 1, 2, ... of an instrument; None leaves one blank."""
    return {f"{prefix}_{number}": value for number, value in enumerate(values, 1)}


def compass(parts):
    """Return answers to COMPASS-31 from those of its domains."""
    return {f"compass31_{n}": value for part in parts.values() for n, value in part.items()}


def test_compass_s_maxima_add_up_to_100():
    found = scores("compass31", compass(COMPASS_MOST))
    raw = [found[f"{domain}_raw"] for domain in COMPASS_MOST]
    assert raw == [10, 6, 7, 28, 9, 15]
    weighted = [found[domain] for domain in COMPASS_MOST]
    assert weighted == pytest.approx([40, 5, 15, 25, 10, 5], abs=1e-4)
    assert found["total"] == pytest.approx(100, abs=1e-4)


@pytest.mark.parametrize(
    ("items", "points"),
    [
        (("2", "17", "21", "24", "25", "26"), (0, 1, 2, 3)),
        (("3", "18", "22", "28", "30"), (1, 2, 3)),
        (("4", "7", "19", "23"), (3, 2, 1, 0, 0, 0)),
        (("11", "31"), (0, 3, 2, 1, 0, 0, 0)),
        (("8",), (1, 0, 0, 1, 2)),
        (("9", "10"), (1, 0)),
        (("12",), (2, 1, 0, 0, 0)),
        (("13", "14", "15"), (0, 1, 2)),
    ],
)
def test_an_option_of_compass_is_worth_its_published_points(items, points):
    declared, most = named("compass31"), compass(COMPASS_MOST)
    for number in items:
        raw = next(f"{domain}_raw" for domain, part in COMPASS_MOST.items() if number in part)
        options = declared.option_sets[declared.item(f"compass31_{number}").options]
        full = scores("compass31", most)[raw]
        lost = [
            full - scores("compass31", {**most, f"compass31_{number}": option.value})[raw]
            for option in options
        ]
        assert tuple(max(points) - each for each in lost) == points


@pytest.mark.parametrize("number", [27, 29])
def test_compass_asks_how_strong_a_trouble_of_the_eyes_is_only_where_there_is_one(number):
    most = compass(COMPASS_MOST)
    item, severity = f"compass31_{number}", f"compass31_{number + 1}"
    raw = [scores("compass31", {**most, item: often})["pupillomotor_raw"] for often in (2, 3, 4)]
    assert raw == [13, 14, 15]
    never = {**most, item: 1}
    with pytest.raises(ScoringError, match=severity):
        score(named("compass31"), never)
    assert scores("compass31", {**never, severity: None})["pupillomotor_raw"] == 9


def test_what_compass_says_to_skip_counts_nothing_and_what_is_left_blank_leaves_no_score():
    skipped = {**COMPASS_MOST, "orthostatic": {"1": 2}, "vasomotor": {"5": 2}}
    found = scores("compass31", compass(skipped))
    assert (found["orthostatic"], found["vasomotor"]) == (0, 0)
    assert found["total"] == pytest.approx(55, abs=1e-4)
    blank = scores("compass31", {**compass(skipped), "compass31_8": None})
    assert blank["secretomotor"] is None
    assert blank["total"] is None


@pytest.mark.parametrize(
    ("item", "answer", "component", "expected"),
    [
        *(("psqi_2", 15, "latency", 0), ("psqi_2", 16, "latency", 1)),
        *(("psqi_2", 30, "latency", 1), ("psqi_2", 31, "latency", 1)),
        *(("psqi_2", 60, "latency", 1), ("psqi_2", 61, "latency", 2)),
        *(("psqi_5a", 2, "latency", 1), ("psqi_5a", 3, "latency", 2)),
        *(("psqi_4", 7.25, "duration", 0), ("psqi_4", 7, "duration", 1)),
        *(("psqi_4", 6, "duration", 1), ("psqi_4", 5.75, "duration", 2)),
        *(("psqi_4", 5, "duration", 2), ("psqi_4", 4.75, "duration", 3)),
        *(("psqi_4", 6.8, "efficiency", 0), ("psqi_4", 6.79, "efficiency", 1)),
        *(("psqi_4", 6.0, "efficiency", 1), ("psqi_4", 5.99, "efficiency", 2)),
        *(("psqi_4", 5.2, "efficiency", 2), ("psqi_4", 5.19, "efficiency", 3)),
        *(("psqi_6", 3, "quality", 3), ("psqi_7", 2, "medicine", 2)),
        *(("psqi_8", 2, "daytime", 1), ("psqi_9", 3, "daytime", 2)),
    ],
)
def test_psqi_rates_a_component_by_its_unrounded_boundaries(item, answer, component, expected):
    assert scores("psqi", {**SLEEPER, item: answer})[component] == expected


@pytest.mark.parametrize(
    ("total", "expected"), [(0, 0), (1, 1), (9, 1), (10, 2), (18, 2), (19, 3), (27, 3)]
)
def test_psqi_rates_disturbances_by_their_sum(total, expected):
    disturbed = {
        f"psqi_5{letter}": total // 9 + (place < total % 9)
        for place, letter in enumerate("bcdefghij")
    }
    found = scores("psqi", {**SLEEPER, **disturbed})
    assert (found["disturbance_sum"], found["disturbance"]) == (total, expected)


def test_psqi_adds_up_seven_components_and_needs_them_all():
    assert scores("psqi", SLEEPER)["global"] == 0
    worst = {
        "psqi_1": "22:00",
        "psqi_2": 90,
        "psqi_3": "08:00",
        "psqi_4": 3,
        **{f"psqi_5{letter}": 3 for letter in "abcdefghij"},
        **{f"psqi_{number}": 3 for number in (6, 7, 8, 9)},
    }
    assert scores("psqi", worst)["global"] == 21
    assert scores("psqi", {**worst, "psqi_3": None})["global"] is None


def test_psqi_s_other_reason_left_blank_counts_0_but_no_other_disturbance_does():
    assert scores("psqi", {**SLEEPER, "psqi_5j": None})["global"] == 0
    assert scores("psqi", {**SLEEPER, "psqi_5i": None})["global"] is None


@pytest.mark.parametrize(("components", "band"), [(5, "good_sleep"), (6, "poor_sleep")])
def test_psqi_calls_sleep_poor_above_5(components, band):
    answers = {**SLEEPER, "psqi_6": 3, "psqi_7": components - 3}
    assert score(named("psqi"), answers).bands["global"] == band


@pytest.mark.parametrize(
    ("total", "band"),
    [
        *((0, "none"), (7, "none"), (8, "subthreshold"), (14, "subthreshold")),
        *((15, "moderate"), (21, "moderate"), (22, "severe"), (28, "severe")),
    ],
)
def test_isi_names_its_bands(total, band):
    answers = numbered("isi", [total // 7 + (number < total % 7) for number in range(7)])
    found = score(named("isi"), answers)
    assert (found.scores["total"], found.bands["total"]) == (total, band)
