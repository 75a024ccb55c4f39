"""What holds of every allocation: balance, independence of strata, sameness everywhere, and the seal."""

import inspect
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hometrial.protocol import allocation, drawing, sealing
from hometrial.protocol.allocation import (
    Arm,
    Factor,
    Minimisation,
    PermutedBlocks,
    allocate_by_minimisation,
    allocate_in_block,
)
from hometrial.protocol.drawing import AllocationError, Draws, Seed
from hometrial.protocol.sealing import (
    SealBrokenError,
    commitment,
    not_as_drawn,
    require_unbroken,
    sealed,
)

EQUAL = (Arm("IMM"), Arm("DEL"))
SEVERITY = Factor("sev", ("mild", "moderate", "severe"))
BLOCKS = PermutedBlocks(EQUAL, (2, 4), (SEVERITY,))
MINIMISED = Minimisation(EQUAL, (SEVERITY, Factor("sex", ("F", "M"))), 0.8)
SECRET = Seed("9f86d081884c7d659a2feaa0c55ad015")

seeds = st.text(min_size=1).map(Seed)
levels = st.sampled_from(SEVERITY.levels)
ratios = st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3))


def enrol(seed, order):
    """Allocate persons of these strata as they come."""
    made = []
    for level in order:
        stratum = BLOCKS.stratum({"sev": level})
        so_far = sum(one.stratum == stratum for one in made)
        made.append(allocate_in_block(seed, BLOCKS, stratum, so_far))
    return made


def of(made, level):
    return [one.arm for one in made if one.stratum == f"sev={level}"]


@given(seeds, st.integers(1, 40))
def test_arms_of_a_stratum_never_differ_by_more_than_half_the_largest_block(seed, count):
    arms = of(enrol(seed, ["mild"] * count), "mild")
    for end in range(1, count + 1):
        assert abs(arms[:end].count("IMM") - arms[:end].count("DEL")) <= 2


@given(seeds)
def test_arms_are_exactly_balanced_at_the_end_of_each_block(seed):
    made = enrol(seed, ["mild"] * 24)
    ends = [n for n, (one, after) in enumerate(pairwise(made), 1) if one.drawn != after.drawn]
    assert ends
    for end in ends:
        assert of(made[:end], "mild").count("IMM") * 2 == end
    assert {after - before for before, after in pairwise([0, *ends])} <= {2, 4}


@given(seeds, ratios)
def test_blocks_hold_the_arms_by_their_ratio(seed, ratio):
    arms = tuple(Arm(name, share) for name, share in zip("ABC", ratio, strict=True))
    whole = sum(ratio)
    design = PermutedBlocks(arms, (whole, 2 * whole))
    made = [allocate_in_block(seed, design, "all", n) for n in range(6 * whole)]
    # The block that holds person 4 x whole ended is one of the last two that can: look at complete ones only.
    ends = [n for n, (one, after) in enumerate(pairwise(made), 1) if one.drawn != after.drawn]
    for end in ends:
        drawn = [one.arm for one in made[:end]]
        assert [drawn.count(arm.id) * whole for arm in arms] == [end * share for share in ratio]


@given(seeds, st.lists(levels, max_size=20), st.lists(levels, max_size=20))
def test_enrolment_elsewhere_never_changes_a_stratum_s_list(seed, order, others):
    alone = enrol(seed, [level for level in order if level == "mild"])
    woven = enrol(seed, [*others, *order])
    before = others.count("mild")
    full = enrol(seed, ["mild"] * (before + order.count("mild")))
    assert of(woven, "mild") == of(full, "mild")
    assert of(alone, "mild") == of(full, "mild")[: len(alone)]


@given(seeds, st.integers(0, 30))
def test_the_next_allocation_is_the_same_whenever_it_is_asked_for(seed, so_far):
    once = allocate_in_block(seed, BLOCKS, "sev=mild", so_far)
    assert allocate_in_block(seed, BLOCKS, "sev=mild", so_far) == once
    assert once.number == so_far + 1


def test_another_process_draws_the_same():
    program = (
        "from hometrial.protocol.drawing import Draws, Seed;"
        "print(*[Draws(Seed('é'), 'pb|ü', n).u64() for n in range(5)])"
    )
    answer = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", program], capture_output=True, text=True, check=True
    )
    assert answer.stdout.split() == [str(Draws(Seed("é"), "pb|ü", n).u64()) for n in range(5)]


@given(seeds, st.integers(1, 2**64 - 1))
def test_a_number_below_a_bound_is_below_it(seed, bound):
    assert 0 <= Draws(seed, "unit").below(bound) < bound


@given(seeds, st.lists(st.integers(), max_size=12))
def test_a_shuffle_keeps_every_item(seed, items):
    assert sorted(Draws(seed, "unit").shuffled(items)) == sorted(items)


def test_digits_and_uniforms_are_even():
    draws = Draws(SECRET, "unit")
    digits = [draws.below(6) for _ in range(6000)]
    assert all(850 < digits.count(digit) < 1150 for digit in range(6))
    assert 0.48 < sum(draws.uniform() for _ in range(6000)) / 6000 < 0.52


@given(seeds, st.lists(st.tuples(levels, st.sampled_from("FM")), min_size=1, max_size=25))
def test_minimisation_prefers_an_arm_of_the_least_imbalance_and_replays(seed, people):
    made = minimise(seed, people)
    for one in made:
        least = [
            arm.id
            for arm, value in zip(EQUAL, one.imbalance, strict=True)
            if value == min(one.imbalance)
        ]
        assert (one.preferred is None) == (len(least) == 2)
        assert one.preferred is None or [one.preferred] == least
    assert not_as_drawn(seed, MINIMISED, made) == []


def minimise(seed, people):
    made = []
    for severity, sex in people:
        person = {"sev": severity, "sex": sex}
        made.append(allocate_by_minimisation(seed, MINIMISED, person, made))
    return made


def test_minimisation_follows_its_preference_about_as_often_as_its_probability_says():
    people = [("mild", "F"), ("moderate", "M"), ("severe", "F")] * 100
    made = [one for one in minimise(SECRET, people) if one.preferred]
    followed = sum(one.arm == one.preferred for one in made) / len(made)
    assert 0.7 < followed < 0.9


def test_a_commitment_is_not_the_generator_s_key():
    file = sealed(SECRET, BLOCKS)
    assert commitment(file) != SECRET.key.hex()
    require_unbroken(file, commitment(file), SECRET, BLOCKS)


def test_a_seed_that_could_be_guessed_from_its_commitment_is_not_sealed():
    with pytest.raises(AllocationError, match="the seed has 21 characters: take 32 or more"):
        sealed(Seed("LDN-OL-2026/demo-seed"), BLOCKS)


def test_another_seed_design_or_file_breaks_the_seal():
    file = sealed(SECRET, BLOCKS)
    committed = commitment(file)
    with pytest.raises(SealBrokenError, match="another seed or design"):
        require_unbroken(file, committed, Seed(SECRET.text[::-1]), BLOCKS)
    with pytest.raises(SealBrokenError, match="another seed or design"):
        require_unbroken(file, committed, SECRET, replace(BLOCKS, sizes=(4, 2)))
    with pytest.raises(SealBrokenError, match="committed was"):
        require_unbroken(file + b" ", committed, SECRET, BLOCKS)
    assert commitment(sealed(SECRET, MINIMISED)) != committed


def test_what_a_seal_holds_can_be_read_by_anyone_once_it_is_revealed():
    file = sealed(SECRET, MINIMISED).decode()
    for told in ("HMAC-CTR", SECRET.text, '"probability": 0.8', '"minimisation"', "moderate"):
        assert told in file


def test_every_allocation_made_off_the_list_shows_when_the_seed_is_revealed():
    made = enrol(SECRET, ["mild", "severe", "mild", "mild", "severe"])
    assert not_as_drawn(SECRET, BLOCKS, made) == []
    other = {"IMM": "DEL", "DEL": "IMM"}[made[2].arm]
    swapped = replace(made[2], arm=other)
    assert not_as_drawn(SECRET, BLOCKS, [*made[:2], swapped, *made[3:]]) == [swapped]
    without = [made[0], *made[3:]]
    assert made[3] in not_as_drawn(SECRET, BLOCKS, without)
    assert not_as_drawn(SECRET, BLOCKS, [made[0], made[0]]) == [made[0]]


def test_an_arm_changed_by_hand_shows_in_minimisation_too():
    made = minimise(SECRET, [("mild", "F"), ("mild", "M"), ("severe", "F")])
    changed = replace(made[1], arm={"IMM": "DEL", "DEL": "IMM"}[made[1].arm])
    assert changed in not_as_drawn(SECRET, MINIMISED, [made[0], changed, made[2]])
    with pytest.raises(AllocationError, match="was not made by PermutedBlocks"):
        not_as_drawn(SECRET, BLOCKS, made)


def test_nothing_public_lists_what_is_to_come():
    public = {
        name
        for module in (allocation, drawing, sealing)
        for name, thing in vars(module).items()
        if inspect.isfunction(thing)
        and thing.__module__.startswith("hometrial")
        and not name.startswith("_")
    }
    assert public == {
        "allocate_in_block",
        "allocate_by_minimisation",
        "sealed",
        "commitment",
        "require_unbroken",
        "not_as_drawn",
    }
