"""A day's body and its order depend on the samples of that day alone, not on what came along with them."""

import pandas as pd
import pytest

from hometrial.services import chunks, comparing
from hometrial_ingest.signals import Signal

WORDS = ["code", "session", "source", "device", "payload"]


def samples(**other: object) -> pd.DataFrame:
    """Return two samples of heart rate at one moment, told by two sources."""
    rows = {
        "at": [1_000, 1_000], "offset": [0, 0], "duration": [0, 0], "value": [61, 62],
        "code": [None, None], "session": [None, None], "source": ["phone", "band"],
        "device": ["Pixel", "Charge"], "confidence": [1, 1], "payload": ["b" * 64, "a" * 64],
        "row": [2, 1], "participant": ["P-001", "P-001"], "day": [0, 0],
    } | other  # fmt: skip
    return pd.DataFrame(rows)


def as_categories(frame: pd.DataFrame, beside: list[str]) -> pd.DataFrame:
    """Return the frame as part of a batch in which other words were told of, in another order."""
    dtypes = {
        name: pd.CategoricalDtype([*beside, *sorted(set(frame[name].dropna()), reverse=True)])
        for name in [*WORDS, "participant"]
    }
    return frame.astype(dtypes)


def test_a_body_holds_no_word_of_another_person():
    plain = chunks.bodies_of_days(samples(), Signal.HEART_RATE)
    beside = [f"{number:064x}" for number in range(300)]
    in_a_batch = as_categories(samples(), beside)
    in_a_batch = in_a_batch.assign(
        participant=pd.Categorical(in_a_batch["participant"].astype(str))
    )
    assert chunks.bodies_of_days(in_a_batch, Signal.HEART_RATE) == plain


def test_samples_of_one_moment_stand_in_the_order_of_their_words_whatever_the_batch_met_first():
    ordered = chunks.in_order(as_categories(samples(), ["zebra"]), by=["participant", "day"])
    assert ordered["source"].tolist() == ["band", "phone"]
    again = chunks.in_order(samples().iloc[::-1], by=["participant", "day"])
    assert again["source"].tolist() == ["band", "phone"]


def test_a_body_comes_back_as_it_was():
    (body,) = chunks.bodies_of_days(samples(), Signal.HEART_RATE).values()
    back = chunks.decode(body["body"], Signal.HEART_RATE).to_pandas()
    assert back["device"].tolist() == ["Charge", "Pixel"]
    assert back["payload"].tolist() == ["a" * 64, "b" * 64]
    assert back["code"].isna().all()


@pytest.mark.parametrize("categories", [True, False])
def test_a_sample_is_matched_by_person_and_key_where_null_is_the_same_as_no_word(categories: bool):
    there = pd.concat([samples(device=["", None], source=["band", "band"]), samples()])
    there = there.reset_index(drop=True)
    asked = samples(device=["Pixel", None], source=["phone", "band"])
    if categories:
        asked = as_categories(asked, ["other"])
    found = comparing.match(asked, there, chunks.key(Signal.HEART_RATE))
    assert found.tolist() == [2, 0]
    stranger = asked.assign(participant=["P-002", "P-002"])
    assert comparing.match(stranger, there, chunks.key(Signal.HEART_RATE)).tolist() == [-1, -1]


def test_whole_and_broken_numbers_of_one_value_are_the_same_content_and_null_is_not_zero():
    one = samples(value=[61.0, None])
    assert comparing.same_content(one, samples(value=[61, 62]), Signal.HEART_RATE).tolist() == [
        True,
        False,
    ]
    assert comparing.same_content(one, one, Signal.HEART_RATE).all()
    zero = samples(value=[61.0, 0.0])
    assert comparing.same_content(one, zero, Signal.HEART_RATE).tolist() == [True, False]
