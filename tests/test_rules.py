"""The language of rules: closed, three-valued, and nothing in it is ever run."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hometrial.protocol.variables import YesNo, misuses
from hometrial.rules import RuleError, decide, names, parse

TRUTHS = st.sampled_from([True, False, None])


def holds(rule, **answers):
    return decide(parse(rule), answers).holds


@pytest.mark.parametrize(
    ("left", "right", "both", "either"),
    [
        (True, True, True, True),
        (True, False, False, True),
        (False, False, False, False),
        (True, None, None, True),
        (False, None, False, None),
        (None, None, None, None),
    ],
)
def test_and_and_or_are_kleenes(left, right, both, either):
    for a, b in ((left, right), (right, left)):
        assert holds("a and b", a=a, b=b) is both
        assert holds("a or b", a=a, b=b) is either
        assert holds("not a or not b", a=a, b=b) is (None if both is None else not both)


@pytest.mark.parametrize(("answer", "negated"), [(True, False), (False, True), (None, None)])
def test_not_turns_what_is_known(answer, negated):
    assert holds("not a", a=answer) is negated


@pytest.mark.parametrize(
    ("rule", "age", "held"),
    [
        ("18 <= age <= 70", 18, True),
        ("18 <= age <= 70", 70, True),
        ("18 <= age <= 70", 17.9, False),
        ("18 <= age <= 70", 71, False),
        ("18 <= age <= 70", None, None),
        ("age < 30", 30, False),
        ("age > -1", 0, True),
        ("age != 3", 3, False),
        ("age in [1, 2]", 2, True),
        ("age not in [1, 2]", 2, False),
        ("age not in [1, 2]", None, None),
    ],
)
def test_numbers_are_compared(rule, age, held):
    assert holds(rule, age=age) is held


@pytest.mark.parametrize("kind", ["IOM2015", "none", None])
def test_words_are_compared(kind):
    known = None if kind is None else kind == "IOM2015"
    assert holds("kind == 'IOM2015'", kind=kind) is known
    assert holds("kind in ['IOM2015', 'CCC2003']", kind=kind) is known


def test_only_what_still_matters_is_named_as_unknown():
    rule = parse("(score > 0 and not cleared) or attempt or psychosis")
    verdict = decide(rule, {"score": 0, "attempt": False})
    assert verdict.holds is None
    assert verdict.unknown == {"psychosis"}
    assert decide(rule, {"attempt": True}).unknown == frozenset()


@given(TRUTHS, TRUTHS, TRUTHS)
def test_what_is_decided_stays_decided_whatever_the_unknown_turn_out_to_be(a, b, c):
    rule = parse("(a and not b) or (b and c) or not (a or c)")
    verdict = decide(rule, {"a": a, "b": b, "c": c})
    filled = [
        decide(rule, {"a": x, "b": y, "c": z}).holds
        for x in ([a] if a is not None else [True, False])
        for y in ([b] if b is not None else [True, False])
        for z in ([c] if c is not None else [True, False])
    ]
    assert verdict.holds is None or set(filled) == {verdict.holds}
    assert (verdict.holds is None) == bool(verdict.unknown)


def test_every_variable_of_a_rule_is_found():
    assert names(parse("(a or 3 < b) and not (c in [1] or d == e)")) == tuple("abcde")


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "age.real > 3",
        "age[0] > 3",
        "(lambda: 1)()",
        "[x for x in y]",
        "age + 1 > 3",
        "f'{age}' == '3'",
        "age if smoker else 3",
        "age := 3",
        "age in other",
        "age in [other]",
        "3 in [3]",
        "age is 3",
        "surgery != null",
        "surgery == None",
        "age == 3j",
        "b'x' == a",
        "-age < 3",
        "3",
        "'yes'",
        "true",
        "",
        "age >",
        "a; b",
        "a\x00b",
        "(" * 300 + "a" + ")" * 300,
        "a" * 1001,
        "not " * 124 + "a b",
    ],
)
def test_what_is_no_rule_is_refused(text):
    with pytest.raises(RuleError):
        parse(text)


def test_a_null_in_a_rule_is_refused_with_the_way_out():
    with pytest.raises(RuleError, match="ask a yes/no variable whether it applies"):
        parse("surgery_planned_weeks != null and surgery_planned_weeks <= 20")


@given(st.text(max_size=60))
def test_no_text_does_anything_but_parse_or_be_refused(text):
    with suppress(RuleError):
        assert decide(parse(text), {}).holds in (None, True, False)


def test_what_was_answered_and_what_is_greater_can_be_asked():
    assert holds("answered(a)", a=None) is False
    assert holds("any_gt([a, b], 1)", a=2, b=None) is True
    assert holds("any_gt([a, b], 1)", a=1, b=None) is None
    assert decide(parse("any_gt([a, b], 1)"), {"a": 1}).unknown == {"b"}


def test_a_protocol_asks_only_numbers_whether_they_are_greater():
    smoker = YesNo(id="smoker", label="Smokes", type="yes_no")
    assert list(misuses(parse("any_gt([smoker], 1)"), {"smoker": smoker})) == [
        "smoker is no number; only numbers are greater than others"
    ]
    assert list(misuses(parse("answered(smoker)"), {"smoker": smoker})) == []
    assert list(misuses(parse("answered(drinker)"), {"smoker": smoker})) != []
