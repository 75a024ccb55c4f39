"""What every provider promises, held against its double over real sockets."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
import requests
from tests.providers.conftest import Answer, PageFile

from hometrial_ingest.provider import (
    Caller,
    NotificationRefusedError,
    Page,
    Provider,
    ProviderError,
    RateLimitedError,
    ReconnectNeededError,
    RetiredError,
    ScopeMissingError,
    TryLaterError,
    Window,
)
from hometrial_ingest.providers.fitbit import Fitbit, FitbitConfig
from hometrial_ingest.providers.google_health import GoogleHealth, GoogleHealthConfig
from hometrial_ingest.providers.wire import AccessExpiredError, Wire
from hometrial_ingest.simulators import Simulators

PERSON = 1
FIRST_DAY, DAYS = date(2026, 2, 1), 9
CLOUDS = ("google", "fitbit")


@dataclass
class Cloud:
    """A provider, its double, and the double's switches under names that both have."""

    provider: Provider
    sims: Simulators
    kind: str

    @property
    def face(self):
        return self.sims.google if self.kind == "google" else self.sims.fitbit

    @property
    def faults(self):
        return self.sims.faults.google if self.kind == "google" else self.sims.faults.fitbit

    def caller(self, streams=None, spend: Callable[[], None] = lambda: None) -> Caller:
        return Caller(str(self.face.grant(PERSON, streams)["access_token"]), spend)

    def calls(self) -> int:
        """Return how many calls of the API the double has counted."""
        own = ("token", "revoke")
        return sum(
            times
            for (person, endpoint), times in self.face.calls.items()
            if person == PERSON and endpoint not in own
        )

    def window(self, first: date = date(2026, 2, 5), last: date = date(2026, 2, 6)) -> Window:
        """Return whole local days of the person's own zone."""
        start, end = (self._midnight(day) for day in (first, last + timedelta(days=1)))
        for_ever = datetime(9999, 12, 31, tzinfo=UTC)
        return Window(first, last, start, end, datetime(2000, 1, 1, tzinfo=UTC), for_ever)

    def _midnight(self, day: date) -> datetime:
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        zone = ZoneInfo(self.sims.truth.zone(PERSON, noon))
        return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)

    def read(self, caller: Caller, stream: str = "steps", window: Window | None = None):
        chosen = self.provider.streams[stream]
        return list(self.provider.pages(caller, chosen, window or self.window()))


@pytest.fixture
def sims() -> Iterator[Simulators]:
    with Simulators(7, 1, FIRST_DAY, DAYS, heart_rate_every=60) as running:
        yield running


@pytest.fixture(params=CLOUDS)
def cloud(request, sims, wire) -> Cloud:
    return make(request.param, sims, wire)


def make(kind: str, sims: Simulators, wire: Wire) -> Cloud:
    config, provider, face = (
        (GoogleHealthConfig, GoogleHealth, sims.google)
        if kind == "google"
        else (FitbitConfig, Fitbit, sims.fitbit)
    )
    made = config.simulated(
        sims.base_url, client_id=face.client_id, client_secret=face.client_secret
    )
    return Cloud(provider(made, wire), sims, kind)


def frames(cloud: Cloud, pages: list[Page]):
    """Yield the frames that the provider's own reader makes of pages; nothing may be unreadable."""
    reader = cloud.provider.reader
    for page in pages:
        file = PageFile(page)
        kind = reader.kind(file.path)
        assert kind is not None
        assert reader.keeps(file)
        reader.check(file, kind)
        for segment in reader.read(file, kind):
            assert list(segment.unreadable) == []
            yield from segment.frames


def total_calls(cloud: Cloud) -> int:
    return sum(cloud.face.calls.values())


def test_signals_declared_are_signals_delivered_and_every_page_is_read(cloud):
    caller, whole = cloud.caller(), cloud.window(FIRST_DAY, date(2026, 2, 8))
    for name, stream in cloud.provider.streams.items():
        pages = cloud.read(caller, name, whole)
        found = {frame.signal for frame in frames(cloud, pages) if frame.table.num_rows}
        assert found == stream.signals, name
        assert len({page.name for page in pages}) == len(pages)
        assert all(page.name.startswith(f"{name}/") for page in pages)
        assert all(caller.token not in page.request for page in pages)


def test_a_sample_says_its_instant_or_at_least_its_wall_clock(cloud):
    for frame in frames(cloud, cloud.read(cloud.caller())):
        known = "local" if cloud.provider.reader.local_only else "at"
        if frame.signal == "steps":
            assert frame.table[known].null_count == 0
        assert frame.table["local"].null_count == 0


def test_a_days_total_is_that_of_the_truth(cloud):
    day = date(2026, 2, 5)
    pages = cloud.read(cloud.caller(), "steps", cloud.window(day, day))
    totals = [
        frame.table["value"][0].as_py()
        for frame in frames(cloud, pages)
        if frame.signal == "steps_daily"
    ]
    assert totals == [cloud.sims.truth.daily_total(PERSON, "steps", day)]


def test_the_same_read_twice_gives_the_same_pages(cloud):
    caller = cloud.caller()
    assert cloud.read(caller, "sleep") == cloud.read(caller, "sleep")
    assert cloud.read(caller, "steps") == cloud.read(caller, "steps")


def test_an_account_and_its_devices_are_those_of_the_truth(cloud):
    caller, truth = cloud.caller(), cloud.sims.truth
    account = cloud.provider.account(caller)
    assert account.external_id == cloud.face.account_id(PERSON)
    assert account.zone == truth.zone(PERSON, cloud.sims.clock.now())
    devices = cloud.provider.devices(caller)
    assert devices
    synced = [device.last_sync_at for device in devices if device.last_sync_at]
    assert all(moment.utcoffset() == timedelta(0) for moment in synced)
    assert max(synced) == truth.last_sync(PERSON)


FAULTS = {
    "503 in JSON": lambda faults, times: faults.unavailable(times=times, html=False),
    "502 in HTML": lambda faults, times: faults.unavailable(status=502, times=times, html=True),
    "a reset": lambda faults, times: faults.reset(times=times),
    "half of the JSON": lambda faults, times: half(faults)(times=times),
    "HTML with 200": lambda faults, times: portal(faults)(times=times),
}


def half(faults):
    return faults.truncated if hasattr(faults, "truncated") else faults.cut_short


def portal(faults):
    return faults.html_with_200 if hasattr(faults, "html_with_200") else faults.html_instead


def too_many(faults, seconds: int | None):
    if hasattr(faults, "rate_limited"):
        faults.rate_limited(seconds)
    else:
        faults.says_when = seconds is not None
        faults.too_many()


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("stream", ["steps", "sleep"])
def test_a_fault_that_passes_changes_no_page(cloud, fault, stream):
    caller = cloud.caller()
    undisturbed = cloud.read(caller, stream)
    fault(cloud.faults, 2)
    before = caller.calls
    assert cloud.read(caller, stream) == undisturbed
    assert caller.calls == 2 * before + 2


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_that_stays_is_try_later_and_no_page_passes_for_an_empty_one(cloud, fault):
    caller, found = cloud.caller(), []
    fault(cloud.faults, 50)
    with pytest.raises(TryLaterError):
        found.extend(cloud.provider.pages(caller, cloud.provider.streams["steps"], cloud.window()))
    assert (found, caller.calls) == ([], 4)
    for ask in (cloud.provider.account, cloud.provider.devices):
        with pytest.raises(TryLaterError):
            ask(caller)


@pytest.mark.parametrize("seconds", [60, None])
def test_too_many_requests_are_not_pressed(cloud, seconds):
    caller = cloud.caller()
    too_many(cloud.faults, seconds)
    with pytest.raises(RateLimitedError) as raised:
        cloud.read(caller)
    assert raised.value.retry_after == seconds
    assert caller.calls == 1


def test_the_budget_is_asked_before_every_call_and_never_exceeded(cloud):
    left, seen = [3], []

    def spend():
        seen.append(cloud.calls())
        if not left[0]:
            raise RateLimitedError("the budget is used up", retry_after=60)
        left[0] -= 1

    caller = cloud.caller(spend=spend)
    cloud.faults.reset(times=2)
    before = total_calls(cloud)
    with pytest.raises(RateLimitedError, match="used up"):
        [cloud.read(caller) for _ in range(4)]
    assert caller.calls == 3
    # A connection that was broken off before the work is not in the double's own count.
    assert total_calls(cloud) - before <= 3
    assert seen == sorted(seen)
    assert len(seen) == 4


def test_calls_are_counted_as_the_double_counts_them(cloud):
    caller = cloud.caller()
    for name in cloud.provider.streams:
        cloud.read(caller, name)
    cloud.provider.account(caller)
    cloud.provider.devices(caller)
    assert caller.calls == cloud.calls()


@pytest.mark.parametrize("granted", ["steps", "sleep"])
def test_a_scope_that_is_missing_closes_its_streams_and_no_other(cloud, granted):
    caller, streams = cloud.caller([granted]), cloud.provider.streams
    for name, stream in streams.items():
        if stream.scope == streams[granted].scope:
            assert cloud.read(caller, name)
        else:
            with pytest.raises(ScopeMissingError):
                cloud.read(caller, name)


def test_a_token_that_ran_out_is_said_so_and_a_refresh_brings_a_new_one(cloud):
    tokens = cloud.face.grant(PERSON)
    cloud.sims.clock.advance(timedelta(hours=9))
    caller = Caller(str(tokens["access_token"]))
    with pytest.raises(AccessExpiredError):
        cloud.read(caller)
    grant = cloud.provider.refresh(str(tokens["refresh_token"]))
    scopes = {stream.scope for stream in cloud.provider.streams.values()}
    assert scopes <= grant.scopes
    assert cloud.read(Caller(grant.access_token))
    assert grant.access_token not in repr(grant)


def test_a_grant_that_was_taken_back_is_reconnect_needed_and_can_be_taken_back_twice(cloud):
    tokens = cloud.face.grant(PERSON)
    refresh = str(tokens["refresh_token"])
    cloud.provider.revoke(refresh)
    cloud.provider.revoke(refresh)
    with pytest.raises(ReconnectNeededError) as raised:
        cloud.provider.refresh(refresh)
    assert type(raised.value) is ReconnectNeededError


BACK = "http://127.0.0.1/back"
VERIFIER = "a-verifier-of-at-least-forty-three-characters"


def signed_in(cloud: Cloud, streams: frozenset[str]) -> str:
    """Agree to everything on the vendor's page and return the code."""
    digest = hashlib.sha256(VERIFIER.encode()).digest()
    challenge = urlsafe_b64encode(digest).decode().rstrip("=")
    url = cloud.provider.authorisation_url(
        state="state-7", challenge=challenge, redirect_uri=BACK, streams=streams
    )
    scopes = parse_qs(urlsplit(url).query)["scope"][0].split()
    who = {"account": PERSON, "person": PERSON, "decision": "allow", "answer": "allow"}
    reply = requests.post(url, who | {"scope": scopes}, allow_redirects=False, timeout=10)
    told = parse_qs(urlsplit(reply.headers["Location"]).query)
    assert told["state"] == ["state-7"]
    return told["code"][0]


def test_a_person_who_agreed_can_be_read_and_only_what_was_asked_for(cloud):
    code = signed_in(cloud, frozenset({"steps"}))
    grant = cloud.provider.exchange(code=code, verifier=VERIFIER, redirect_uri=BACK)
    assert grant.refresh_token
    assert grant.external_id in (None, cloud.face.account_id(PERSON))
    caller = Caller(grant.access_token)
    assert cloud.read(caller, "steps")
    assert cloud.provider.devices(caller)
    assert cloud.provider.account(caller).zone
    with pytest.raises(ScopeMissingError):
        cloud.read(caller, "sleep")


@pytest.mark.parametrize("verifier", [VERIFIER + "x", "v" * 43])
def test_a_code_is_worth_nothing_without_its_verifier_and_nothing_a_second_time(cloud, verifier):
    code = signed_in(cloud, frozenset({"steps"}))
    with pytest.raises(ReconnectNeededError):
        cloud.provider.exchange(code=code, verifier=verifier, redirect_uri=BACK)
    again = signed_in(cloud, frozenset({"steps"}))
    assert cloud.provider.exchange(code=again, verifier=VERIFIER, redirect_uri=BACK)
    with pytest.raises(ReconnectNeededError):
        cloud.provider.exchange(code=again, verifier=VERIFIER, redirect_uri=BACK)


def test_a_code_that_nobody_gave_out_is_no_grant(cloud):
    with pytest.raises(ReconnectNeededError):
        cloud.provider.exchange(code="invented", verifier="v" * 43, redirect_uri=BACK)


@pytest.mark.parametrize("form", ["json", "html"])
def test_a_service_that_was_shut_is_retired_whatever_is_asked(cloud, form):
    tokens, caller = cloud.face.grant(PERSON), cloud.caller()
    retire(cloud, form)
    provider = cloud.provider
    asks = [
        lambda: provider.account(caller),
        lambda: provider.devices(caller),
        lambda: provider.refresh(str(tokens["refresh_token"])),
        lambda: provider.exchange(code="c", verifier="v" * 43, redirect_uri=BACK),
        lambda: provider.revoke(str(tokens["refresh_token"])),
        *(lambda name=name: cloud.read(caller, name) for name in provider.streams),
    ]
    for ask in asks:
        with pytest.raises(RetiredError):
            ask()


def retire(cloud, form):
    if cloud.kind == "google":
        cloud.faults.retired = form
    else:
        cloud.faults.retire(cloud.sims.clock.now(), form)


def test_nobody_there_is_try_later(cloud):
    caller = cloud.caller()
    cloud.sims.stop()
    for ask in (cloud.provider.account, cloud.provider.devices, cloud.read):
        with pytest.raises(TryLaterError):
            ask(caller)


def test_a_token_that_is_none_is_said_so(cloud):
    with pytest.raises(AccessExpiredError):
        cloud.read(Caller("no-token"))


def test_what_is_broken_off_is_asked_for_again_and_nothing_is_missing(cloud):
    """Break every other connection of a long read and compare with one that was left alone."""
    caller, whole = cloud.caller(), cloud.window(FIRST_DAY, date(2026, 2, 8))
    stream = "steps"
    undisturbed = cloud.read(caller, stream, whole)
    for _ in range(3):
        cloud.faults.reset(times=1)
        half(cloud.faults)(times=1)
        assert cloud.read(caller, stream, whole) == undisturbed


def test_an_error_speaks_one_sentence_without_token_or_person(cloud):
    caller = cloud.caller()
    told = []
    for fault in FAULTS.values():
        fault(cloud.faults, 4)
        with pytest.raises(ProviderError) as raised:
            cloud.read(caller)
        told.append(raised.value.text)
    for text in told:
        assert caller.token not in text
        assert cloud.face.account_id(PERSON) not in text
        assert text.endswith(".")
        assert text.isprintable()


def test_a_notice_of_the_doubles_is_a_hint_and_a_changed_one_is_refused(sims, wire, vendor):
    cloud = make("google", sims, wire)
    vendor.says(Answer(204, b""))
    since = datetime(2026, 2, 5, tzinfo=UTC)
    span = (since, since + timedelta(hours=3))
    sims.google.deliver(vendor.url, PERSON, ["steps", "sleep"], window=span)
    (posted,) = vendor.asked
    secret = sims.google.webhook_secret
    hints = cloud.provider.hints(posted.headers, posted.body, secret)
    assert [hint.stream for hint in hints] == ["steps", "sleep"]
    assert {hint.external_id for hint in hints} == {sims.google.account_id(PERSON)}
    assert {(hint.start, hint.end) for hint in hints} == {span}
    with pytest.raises(NotificationRefusedError):
        cloud.provider.hints(posted.headers, posted.body + b" ", secret)
