"""The wire: bounded in time and size, patient with passing faults, silent on tokens."""

import gzip
import logging
import time
from email.utils import format_datetime

import msgspec
import pytest
from tests.providers.conftest import ACCESS, Answer, at, cut, reset

from hometrial_ingest.provider import RateLimitedError, TryLaterError
from hometrial_ingest.providers import wire as wires
from hometrial_ingest.providers.wire import Call, PassingError, Wire, read_json, retry_after

OBJECT = msgspec.json.Decoder(dict[str, int])


def send(wire, vendor, before=lambda: None):
    call = Call("GET", f"{vendor.url}/data", "a call", {"Authorization": f"Bearer {ACCESS}"})

    def judge(reply):
        if reply.status != 200:
            raise wires.plain_fault(reply, "a call")
        return read_json(reply, OBJECT, "a call")

    return wire.send(call, judge, before)


GOOD = Answer(200, b'{"steps": 1}')
BROKEN = {
    "a reset": reset,
    "a cut body": cut,
    "a 503": Answer(503, b"{}"),
    "a page of HTML": Answer(200, b"<!doctype html>", {"Content-Type": "text/html"}),
    "half of the JSON": Answer(200, b'{"steps": '),
    "not a number": Answer(200, b'{"steps": NaN}'),
    "another shape": Answer(200, b"[1]"),
    "bytes of no text": Answer(200, b'{"steps\xff": 1}'),
    "nesting without end": Answer(200, b"[" * 100_000 + b"]" * 100_000),
    "a lie about gzip": Answer(200, b'{"steps": 1}', {"Content-Encoding": "gzip"}),
    "a redirection": Answer(302, b"", {"Location": "http://127.0.0.1:9/"}),
    "nothing": Answer(200, b""),
}


@pytest.mark.parametrize("fault", BROKEN.values(), ids=BROKEN)
def test_a_passing_fault_is_met_with_another_try(wire, vendor, pauses, fault):
    vendor.says(fault, GOOD)
    assert send(wire, vendor) == {"steps": 1}
    assert len(vendor.asked) == 2
    assert len(pauses) == 1


@pytest.mark.parametrize("fault", BROKEN.values(), ids=BROKEN)
def test_a_fault_that_stays_ends_in_try_later_after_four_requests_each_of_them_paid_for(
    wire, vendor, pauses, fault
):
    spent = []
    vendor.says(fault)
    with pytest.raises(TryLaterError) as raised:
        send(wire, vendor, lambda: spent.append(len(vendor.asked)))
    assert type(raised.value) is TryLaterError
    assert spent == [0, 1, 2, 3]
    assert len(vendor.asked) == 4
    assert all(0 < pause <= 3 for pause in pauses)
    assert pauses[0] < pauses[-1]


def test_a_call_that_the_budget_refuses_is_not_made(wire, vendor):
    def refuse():
        raise RateLimitedError("our own budget")

    with pytest.raises(RateLimitedError):
        send(wire, vendor, refuse)
    assert vendor.asked == []


def test_too_many_requests_are_not_tried_again(wire, vendor):
    vendor.says(Answer(429, b"{}", {"Retry-After": "17"}))
    with pytest.raises(RateLimitedError) as raised:
        send(wire, vendor)
    assert raised.value.retry_after == 17
    assert len(vendor.asked) == 1


def test_a_vendor_that_asks_for_a_long_wait_is_not_pressed(wire, vendor, pauses):
    vendor.says(Answer(503, b"{}", {"Retry-After": "30"}))
    with pytest.raises(TryLaterError) as raised:
        send(wire, vendor)
    assert raised.value.retry_after == 30
    assert (len(vendor.asked), pauses) == (1, [])


def drip(before: bytes):
    def send_slowly(connection):
        connection.sendall(before)
        for _ in range(200):
            connection.sendall(b" ")
            time.sleep(0.05)

    return send_slowly


@pytest.mark.parametrize(
    "begun",
    [b"HTTP/1.1 200 OK\r\nX-Slow:", b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"],
    ids=["headers", "body"],
)
def test_a_server_that_sends_a_byte_now_and_then_cannot_hold_a_call(vendor, begun):
    vendor.says(drip(begun))
    begin = time.monotonic()
    with pytest.raises(TryLaterError):
        send(Wire(sleep=lambda _: None, seconds=0.5, read_seconds=5), vendor)
    assert time.monotonic() - begin < 1.5


def test_a_silent_server_is_left_after_the_read_time_out(vendor):
    vendor.says(lambda _: time.sleep(1.5), GOOD)
    begin = time.monotonic()
    assert send(Wire(sleep=lambda _: None, read_seconds=0.2), vendor) == {"steps": 1}
    assert time.monotonic() - begin < 1.2


@pytest.mark.parametrize("packed", [False, True])
def test_a_body_beyond_the_cap_is_refused_however_it_is_packed(wire, vendor, monkeypatch, packed):
    monkeypatch.setattr(wires, "LARGEST_BODY", 1 << 20)
    body = b'{"steps": 1' + b" " * (2 << 20) + b"}"
    headers = {"Content-Encoding": "gzip"} if packed else {}
    vendor.says(Answer(200, gzip.compress(body) if packed else body, headers))
    with pytest.raises(TryLaterError, match="larger than 1 MiB"):
        send(wire, vendor)
    assert len(vendor.asked) == 1


def test_a_body_without_end_is_refused_at_the_cap(wire, vendor, monkeypatch):
    monkeypatch.setattr(wires, "LARGEST_BODY", 1 << 20)

    def pour(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b" " * (1 << 18))

    vendor.says(pour)
    with pytest.raises(TryLaterError, match="larger than 1 MiB"):
        send(wire, vendor)


def test_connections_are_kept_and_used_again(wire, vendor):
    vendor.says(GOOD)
    for _ in range(5):
        send(wire, vendor)
    assert vendor.connections == 1


def test_a_redirection_carries_the_token_nowhere(wire, vendor):
    vendor.says(Answer(307, b"", {"Location": f"{vendor.url}/elsewhere"}))
    with pytest.raises(TryLaterError):
        send(wire, vendor)
    assert {asked.target for asked in vendor.asked} == {"/data"}


def test_a_cookie_of_one_account_is_not_sent_with_the_next(wire, vendor):
    vendor.says(Answer(200, b"{}", {"Set-Cookie": "account=1; Path=/"}))
    send(wire, vendor)
    send(wire, vendor)
    assert "Cookie" not in vendor.asked[-1].headers


def test_a_netrc_of_the_machine_does_not_replace_the_token(wire, vendor, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    vendor.says(GOOD)
    send(wire, vendor)
    assert vendor.asked[0].headers["Authorization"] == f"Bearer {ACCESS}"


def test_no_log_no_error_and_no_representation_shows_a_token(wire, vendor, caplog):
    caplog.set_level(logging.DEBUG)
    vendor.says(reset)
    call = Call(
        "GET",
        vendor.url,
        "a call",
        {"Authorization": f"Bearer {ACCESS}"},
        b"token=" + ACCESS.encode(),
    )
    with pytest.raises(TryLaterError) as raised:
        wire.send(call, lambda _: None)
    assert ACCESS not in caplog.text + repr(call) + str(raised.value)
    assert caplog.records


def test_nobody_listening_is_try_later(wire, vendor):
    call = Call("GET", "http://127.0.0.1:9/", "a call")
    with pytest.raises(TryLaterError, match="no whole answer came"):
        wire.send(call, lambda _: None)


MONDAY = format_datetime(at("2026-03-09T12:00:00Z"), usegmt=True)
LATER = format_datetime(at("2026-03-09T12:02:00Z"), usegmt=True)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "5"}, 5),
        ({"Retry-After": " 5 "}, 5),
        ({"Retry-After": "999999999999"}, 3600),
        ({"Retry-After": LATER, "Date": MONDAY}, 120),
        ({"Retry-After": MONDAY, "Date": LATER}, 0),
        ({"Retry-After": LATER}, None),
        ({"Retry-After": "soon", "Date": MONDAY}, None),
        ({"Retry-After": "-5"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_never_absurd(headers, seconds):
    assert retry_after(headers) == seconds


def test_a_passing_error_never_leaves_the_wire(wire, vendor):
    vendor.says(Answer(500, b"{}", {"X-Request-Id": "abc-1"}))
    with pytest.raises(TryLaterError) as raised:
        send(wire, vendor)
    assert not isinstance(raised.value, PassingError)
    assert raised.value.request_id == "abc-1"
