"""The generator, blocks and minimisation: every vector of the specification, number for number."""

from fractions import Fraction

import pytest

from hometrial.protocol.allocation import (
    Arm,
    Factor,
    Minimisation,
    MinimisedAllocation,
    PermutedBlocks,
    allocate_by_minimisation,
    allocate_in_block,
)
from hometrial.protocol.drawing import AllocationError, Draws, Seed

SEED = Seed("LDN-OL-2026/demo-seed")
EQUAL = (Arm("IMM"), Arm("DEL"))
SEVERITY = Factor("sev", ("mild", "moderate", "severe"))
SEX = Factor("sex", ("F", "M"))
DURATION = Factor("dur", ("<5", ">=5"))
BLOCKS = PermutedBlocks(EQUAL, (2, 4), (SEVERITY, SEX))
MINIMISED = Minimisation(EQUAL, (SEVERITY, SEX, DURATION), 0.8)

PEOPLE = (
    "mild F <5, mild F >=5, moderate F >=5, severe M >=5, moderate F <5,"
    " mild M >=5, severe F <5, moderate M >=5, moderate F >=5, mild F <5"
)
DRAWN = (
    "DEL None 3/3, DEL IMM 1/5, IMM IMM 2/6, IMM None 3/3, IMM IMM 2/4,"
    " DEL DEL 5/3, DEL DEL 4/2, DEL DEL 5/3, IMM IMM 2/4, IMM IMM 3/7"
)


def listed(design, stratum, count):
    return " ".join(allocate_in_block(SEED, design, stratum, n).arm for n in range(count))


def minimised(people, design=MINIMISED, seed=SEED):
    made = []
    for person in people:
        levels = dict(zip([each.name for each in design.factors], person, strict=True))
        made.append(allocate_by_minimisation(seed, design, levels, made))
    return made


def counted(arm, levels, times):
    return [MinimisedAllocation(arm, 0, levels, (), None, 0)] * times


def test_the_key_is_the_sha_256_of_the_seed():
    assert SEED.key.hex() == "eb359b013205e224035f34eb33895af2b2ebadebe2874022925be4c5f2763ad1"


def test_the_first_numbers_of_a_label_are_those_of_the_vector():
    draws = Draws(SEED, "unit")
    first = [draws.u64() for _ in range(3)]
    assert first == [10374146124810697242, 4023994802816896396, 1901763420202044451]
    assert f"{first[0]:x}" == "8ff85eef99563a1a"
    assert draws.drawn == 3


def test_ten_digits_and_three_uniforms_are_those_of_the_vector():
    draws = Draws(SEED, "unit")
    assert [draws.below(10) for _ in range(10)] == [2, 6, 1, 0, 9, 4, 1, 1, 1, 9]
    draws = Draws(SEED, "unit")
    expected = pytest.approx([0.56238358831, 0.218141195364, 0.103094801587], abs=5e-13)
    assert [draws.uniform() for _ in range(3)] == expected


def test_a_uniform_keeps_53_bits_of_its_number():
    uniforms = [Draws(SEED, "unit", n).uniform() * 2**53 for n in range(20)]
    assert uniforms == [Draws(SEED, "unit", n).u64() >> 11 for n in range(20)]


def test_a_number_of_the_incomplete_end_is_drawn_again():
    # 2**63 + 1 leaves an end of 2**63 - 1 numbers: the first number, 1.04e19, lies in it; the second does not.
    draws = Draws(SEED, "unit")
    assert draws.below(2**63 + 1) == 4023994802816896396
    assert draws.drawn == 2


@pytest.mark.parametrize(
    ("stratum", "arms"),
    [
        ("sev=mild|sex=F", "IMM DEL IMM DEL DEL IMM IMM DEL IMM DEL DEL IMM"),
        ("sev=moderate|sex=F", "DEL IMM IMM DEL IMM DEL DEL IMM IMM DEL IMM DEL"),
    ],
)
def test_blocks_of_two_and_four_are_those_of_the_vector(stratum, arms):
    assert listed(BLOCKS, stratum, 12) == arms


def test_blocks_of_a_ratio_of_two_to_one_are_those_of_the_vector():
    design = PermutedBlocks((Arm("IMM", 2), Arm("DEL")), (3, 6))
    expected = "IMM DEL IMM IMM IMM DEL IMM IMM DEL IMM DEL IMM"
    assert listed(design, "all", 12) == expected


def test_minimisation_gives_the_arms_imbalances_and_choices_of_the_vector():
    made = minimised([person.split() for person in PEOPLE.split(", ")])
    told = [f"{one.arm} {one.preferred} {one.imbalance[0]}/{one.imbalance[1]}" for one in made]
    assert told == DRAWN.split(", ")


@pytest.mark.parametrize(
    ("person", "weight", "imbalance"),
    [
        ({"sex": "F", "age": ">=40"}, 1, (2, 4)),
        ({"sex": "M", "age": "<40"}, 1, (2, 2)),
        ({"sex": "F", "age": ">=40"}, 2, (3, 7)),
    ],
)
def test_imbalance_is_the_one_reckoned_by_hand(person, weight, imbalance):
    so_far = [
        *counted("A", ("M", "<40"), 3),
        *counted("A", ("M", ">=40"), 1),
        *counted("A", ("F", ">=40"), 2),
        *counted("B", ("M", "<40"), 2),
        *counted("B", ("M", ">=40"), 1),
        *counted("B", ("F", "<40"), 2),
        *counted("B", ("F", ">=40"), 2),
    ]
    sex = Factor("sex", ("M", "F"), Fraction(weight))
    design = Minimisation((Arm("A"), Arm("B")), (sex, Factor("age", ("<40", ">=40"))), 0.8)
    assert allocate_by_minimisation(SEED, design, person, so_far).imbalance == imbalance


def test_minimisation_counts_arms_by_their_ratio():
    design = Minimisation((Arm("A", 2), Arm("B")), (SEX,), 0.8)
    so_far = [*counted("A", ("F",), 2), *counted("B", ("F",), 1)]
    drawn = allocate_by_minimisation(SEED, design, {"sex": "F"}, so_far)
    assert drawn.imbalance == (Fraction(1, 2), 1)
    assert drawn.preferred == "A"


def test_of_three_arms_two_that_tie_for_the_least_are_drawn_from():
    arms = (Arm("A"), Arm("B"), Arm("C"))
    design = Minimisation(arms, (SEX,), 0.8)
    so_far = counted("A", ("F",), 1)
    preferred = {
        allocate_by_minimisation(Seed(f"seed {n}"), design, {"sex": "F"}, so_far).preferred
        for n in range(40)
    }
    assert preferred == {"B", "C"}


def test_without_factors_there_is_one_stratum():
    design = PermutedBlocks(EQUAL, (2, 4))
    assert design.strata == ("all",)
    assert design.stratum({}) == "all"


def test_a_stratum_is_named_by_its_levels_in_the_order_of_the_factors():
    assert BLOCKS.stratum({"sex": "F", "sev": "mild"}) == "sev=mild|sex=F"
    assert len(BLOCKS.strata) == 6


@pytest.mark.parametrize(
    ("levels", "told"),
    [
        ({"sev": "mild"}, "give one each of sev, sex"),
        ({"sev": "mild", "sex": "F", "age": "40"}, "give one each of sev, sex"),
        ({"sev": "mild", "sex": "f"}, "sex 'f': the design has only F, M"),
    ],
)
def test_levels_that_the_design_does_not_know_are_refused(levels, told):
    with pytest.raises(AllocationError, match=told):
        BLOCKS.stratum(levels)
    with pytest.raises(AllocationError):
        allocate_by_minimisation(SEED, MINIMISED, levels, [])


def test_a_misspelt_stratum_opens_no_list_of_its_own():
    with pytest.raises(AllocationError, match="stratum 'sev=Mild"):
        allocate_in_block(SEED, BLOCKS, "sev=Mild|sex=F", 0)
    with pytest.raises(AllocationError, match="-1 persons"):
        allocate_in_block(SEED, BLOCKS, "sev=mild|sex=F", -1)


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (lambda: PermutedBlocks(EQUAL, (2, 3)), r"block sizes \[3\]: give multiples of 2"),
        (lambda: PermutedBlocks(EQUAL, (0, 2)), r"block sizes \[0\]"),
        (lambda: PermutedBlocks(EQUAL, (4, 4)), "can be foretold"),
        (lambda: PermutedBlocks(EQUAL, ()), "can be foretold"),
        (lambda: PermutedBlocks((Arm("A"),), (2, 4)), "at least two that differ"),
        (lambda: PermutedBlocks((Arm("A"), Arm("A")), (2, 4)), "at least two that differ"),
        (lambda: PermutedBlocks((Arm("A", 0), Arm("B")), (2, 4)), "ratio of A 0"),
        (lambda: PermutedBlocks(EQUAL, (2, 4), (SEX, SEX)), "one is there twice"),
        (lambda: PermutedBlocks(EQUAL, (2, 4), (Factor("sex", ("F",)),)), "levels of sex"),
        (lambda: PermutedBlocks(EQUAL, (2, 4), (Factor("a", ("b|c=d", "e")),)), "may not hold"),
        (lambda: PermutedBlocks(EQUAL, (2, 4), (Factor("a=b", ("c", "d")),)), "may not hold"),
        (lambda: Minimisation(EQUAL, (), 0.8), "without factors"),
        (lambda: Minimisation(EQUAL, (SEX,), 1.0), "could be foretold"),
        (lambda: Minimisation(EQUAL, (SEX,), 0.5), "above chance"),
        (
            lambda: Minimisation(EQUAL, (Factor("a", ("b", "c"), Fraction(0)),), 0.8),
            "weight 0 of a",
        ),
        (lambda: Seed(""), "the seed is empty"),
    ],
)
def test_a_design_that_cannot_allocate_is_refused_with_the_way_out(made, told):
    with pytest.raises(AllocationError, match=told):
        made()


def test_neither_seed_nor_block_sizes_nor_counters_show_when_printed():
    drawn = allocate_in_block(SEED, BLOCKS, "sev=mild|sex=F", 0)
    assert "demo-seed" not in repr(SEED)
    assert "sizes" not in repr(BLOCKS)
    assert "drawn" not in repr(drawn)
