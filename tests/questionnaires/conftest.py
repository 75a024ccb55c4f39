"""A small instrument to break: two items, a choice that hides the second, one of each kind of score."""

import pytest

from hometrial.declarations import DeclarationError
from hometrial.questionnaires.loading import load

SMALL = """\
schema: instrument/1
id: small
version: 1.2.3
title: {en: Small, de: Klein}
languages: [en, de]
license: {status: public-domain, text_shipped: true, notice: Ours, source: us, checked: 2026-11-23}
completed_by: participant
minutes: 1
recall: {period: P1W, text: {en: This week, de: Diese Woche}}
presentation: {one_per_screen: true, stem_on_every_screen: true, allow_skip: true, skip_reasons: [prefer_not]}
stems:
  often: {en: How often, de: Wie oft}
option_sets:
  how_much:
    - {code: "0", value: 0, text: {en: None, de: Gar nicht}}
    - {code: "1", value: 1, text: {en: Some, de: Etwas}}
    - {code: "2", value: 2, text: {en: Much, de: Viel}}
items:
  - {id: a, type: choice, options: how_much, stem: often, text: {en: A, de: A}}
  - {id: b, type: choice, options: how_much, text: {en: B, de: B}}
  - {id: c, type: choice, options: how_much, show_if: "a > 0", hidden_value: 0, text: {en: C, de: C}}
  - {id: rating, type: scale, low: 0, high: 10, low_text: {en: No, de: Nein}, high_text: {en: Very, de: Sehr}, text: {en: R, de: R}}
  - {id: weight, type: decimal, low: 20, high: 300, unit: kg, text: {en: W, de: G}}
  - {id: words, type: text, max_length: 5, help: {en: Short, de: Kurz}, text: {en: T, de: T}}
  - {id: day, type: date, text: {en: D, de: T}}
  - {id: hour, type: time, text: {en: H, de: S}}
recodings:
  turned:
    - {op: reverse, items: [a], low: 0, high: 2}
    - {op: scale_0_100, items: [b], low: 0, high: 2}
    - {op: recode, items: [c], table: {0: 5, 1: 6, 2: 7}}
scores:
  - {id: total, label: Total, op: sum, items: [a, b, c], range: [0, 6], direction: higher_worse, missing: {method: prorate_mean, max_missing: 1}, bands: [{below: 2, name: low}, {at_most: 4, name: middle}, {name: high}]}
  - {id: turned_mean, label: Mean, op: mean, items: [a, b, c], recoding: turned, missing: {method: answered_mean}}
  - {id: doubled, label: Doubled, op: weighted_sum, weights: {total: 2}}
flags:
  - {id: much, when: "total >= 5"}
alerts:
  - {id: rated, when: "rating >= 8", level: red, on: item_saved, text: High, route: nurse, sla_hours: 4}
  - {id: summed, when: "total >= 5 or rating == 10", level: amber, on: submitted, text: High, route: nurse, sla_hours: 24}
tests:
  - {answers: {a: 1, b: 1, c: 1}, expect: {total: 3, doubled: 6}, bands: {total: middle}, flags: []}
"""


@pytest.fixture
def small():
    """Return the small instrument, with some of its text replaced."""

    def declared(*changes: tuple[str, str]):
        text = SMALL
        for old, new in changes:
            assert text.count(old) >= 1, old
            text = text.replace(old, new, 1)
        return load(text, "small.yaml")

    return declared


@pytest.fixture
def faults(small):
    """Return what is said of the small instrument after a change, without the file and the line."""

    def told(*changes: tuple[str, str]) -> list[str]:
        with pytest.raises(DeclarationError) as caught:
            small(*changes)
        assert all(fault.startswith("small.yaml") for fault in caught.value.faults)
        return [fault.partition(": ")[2] for fault in caught.value.faults]

    return told
