"""The published schema of pushes says what the reader does: no more, and no less."""

import json

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hometrial_ingest.readers.bridge import PushRefusedError, decode, schema

VALIDATOR = jsonschema.Draft202012Validator(schema())
COMMON = {"origin": "com.apple.health", "method": "automatic"}
AT = "2026-03-07T06:30:00+01:00"
LATER = "2026-03-07T06:40:00+01:00"
RECORDS = {
    "steps": {"start": AT, "end": LATER, "count": 17},
    "distance": {"start": AT, "end": LATER, "value": 12.5},
    "heart_rate": {"samples": [{"at": AT, "value": 61}]},
    "sleep": {
        "id": "n1",
        "start": AT,
        "end": LATER,
        "stages": [{"start": AT, "end": LATER, "stage": "rem"}],
    },
    "resting_heart_rate": {"day": "2026-03-07", "value": 58},
    "hrv": {"at": AT, "value": 41.5, "statistic": "rmssd"},
    "oxygen_saturation": {"at": AT, "value": 97},
    "respiratory_rate": {"at": AT, "value": 14.5},
    "weight": {"at": AT, "value": 71.3},
}


def push(*records, **more):
    return {"bridge": "apple-health", "records": list(records), **more}


def record(kind, **more):
    return {"type": kind, **COMMON, **RECORDS[kind], **more}


def reads(document):
    try:
        decode(json.dumps(document).encode())
    except PushRefusedError:
        return False
    return True


def test_the_schema_is_itself_valid():
    jsonschema.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("kind", RECORDS)
def test_every_kind_of_record_is_in_the_schema_and_is_read(kind):
    document = push(record(kind, device="Watch7,3", id="abc", modified_at=AT))

    VALIDATOR.validate(document)
    assert reads(document)


def test_the_schema_names_no_kind_of_record_that_these_tests_forget():
    named = schema()["$defs"]["Push"]["properties"]["records"]["items"]["discriminator"]["mapping"]

    assert set(named) == set(RECORDS)


def without(kind, name):
    made = record(kind)
    del made[name]
    return push(made)


WRONG = {
    "another bridge": {**push(record("steps")), "bridge": "garmin"},
    "no records": push(),
    "an unknown field of a push": push(record("steps"), person="Anna"),
    "an unknown field of a record": push(record("steps", note="x")),
    "an unknown kind": push({**record("steps"), "type": "glucose"}),
    "no kind": without("steps", "type"),
    "no origin": without("steps", "origin"),
    "no method": without("steps", "method"),
    "no end": without("steps", "end"),
    "a night without an id": without("sleep", "id"),
    "an unknown stage": push(record("sleep", stages=[{"start": AT, "end": LATER, "stage": "n1"}])),
    "no beats": push(record("heart_rate", samples=[])),
    "an instant without an offset": push(record("steps", start="2026-03-07T06:30:00")),
    "an instant with a line feed": push(record("steps", start=f"{AT}\n")),
    "a day with a time": push(record("resting_heart_rate", day=AT)),
    "a named watch": push(record("steps", device="Anna's Apple Watch")),
    "a watch named with a typographic apostrophe": push(record("steps", device="Anna’s Watch")),
    "a device with a slash": push(record("steps", device="x/manual")),
    "an origin that is a name": push(record("steps", origin="Anna Schmidt")),
    "a count in words": push(record("steps", count="17")),
    "half a step": push(record("steps", count=0.5)),
    "fewer than no steps": push(record("steps", count=-1)),
    "a null value": push(record("weight", value=None)),
    "a value beyond reason": push(record("weight", value=1e300)),
    "a truth for a number": push(record("weight", value=True)),
    "a method of its own": push(record("steps", method="guessed")),
    "an id with a space": push(record("steps", id="a b")),
    "a NUL in an id": push(record("steps", id="a\0b")),
}


@pytest.mark.parametrize("document", WRONG.values(), ids=WRONG)
def test_what_the_schema_forbids_is_refused_and_what_is_refused_the_schema_forbids(document):
    assert not VALIDATOR.is_valid(document)
    assert not reads(document)


_ANY = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**60), 2**60),
    st.floats(allow_nan=False, allow_infinity=False).filter(lambda x: not x.is_integer()),
    st.text(max_size=5),
    st.sampled_from([AT, "2026-03-07", "rem", "manual", "Watch7,3", [], {}]),
)


@given(st.sampled_from(sorted(RECORDS)), st.data())
def test_schema_and_reader_agree_on_any_value_in_any_field(kind, data):
    made = record(kind)
    made[data.draw(st.sampled_from([*sorted(made), "device", "id"]))] = data.draw(_ANY)

    assert VALIDATOR.is_valid(push(made)) == reads(push(made))


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "not well-formed JSON"),
        (b"{", "not well-formed JSON"),
        (b'{"bridge": NaN}', "not well-formed JSON"),
        (b"\xff\xfe", "not well-formed JSON"),
        (b'{"bridge":"apple-health","records":' + b"[" * 10_000, "array"),
        (b'{"bridge":"apple-health","records":[{"type":"weight","value":' + b"[" * 10_000, "float"),
        (b'{"bridge":"apple-health","x":' + b'{"x":' * 10_000, "field `x`"),
        (b'{"records":[5],"bridge":"apple-health","records":[]}', "record 1"),
        (b'{"\\ud800":1}', "not well-formed JSON"),
        (b'{"bridge":"apple-health","records":[{"type":"weight","value":1e999}]}', "out of range"),
    ],
)
def test_bodies_that_are_meant_to_break_a_decoder_are_refused_in_a_sentence(body, told):
    with pytest.raises(PushRefusedError, match=told):
        decode(body)


def test_a_fault_names_record_field_value_and_way_out():
    document = push(record("weight"), record("steps", start="2026-03-07 06:30"))

    with pytest.raises(PushRefusedError) as refused:
        decode(json.dumps(document).encode())

    fault = refused.value.fault
    assert (fault.record, fault.field) == (2, "start")
    assert "2026-03-07 06:30" in fault.value
    assert "offset" in fault.problem
    assert "2026-03-07T06:30:00+01:00" in fault.way_out


def test_a_field_whose_name_no_table_takes_is_shown_harmlessly():
    body = json.dumps(push(record("steps", **{"a\0b" * 1000: 1}))).encode()

    with pytest.raises(PushRefusedError) as refused:
        decode(body)

    assert "\0" not in refused.value.fault.sentence
    assert len(refused.value.fault.sentence) < 600
