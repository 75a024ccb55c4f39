"""What each mutant takes away; loaded by pytest (`-p mutant_plugin`) with HOMETRIAL_MUTANT set.

The names are looked up before they are replaced, so that a mutant of something that was renamed cannot pass for
one that was found.
"""

import dataclasses
import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hometrial import clock
from hometrial.services import chunks, comparing
from hometrial.services.metrics import activity, measuring
from hometrial.services.syncing import accounts, failing, limiting, planning, pulling
from hometrial.services.syncing.absence import Absence
from hometrial.tasks import reading
from hometrial_ingest.provider import Page, ProviderError, RetiredError
from hometrial_ingest.providers.google_health import reading as google_reading
from hometrial_ingest.providers.google_health.catalogue import STREAMS
from hometrial_ingest.providers.google_health.signatures import Keyring
from hometrial_ingest.readers.google_health import samples as google_samples

_SCENARIOS = "tests/acceptance/test_sync_scenarios.py"


@dataclasses.dataclass(frozen=True)
class Mutant:
    """A protection (`what`), how it is taken away, and the tests that must notice."""

    what: str
    apply: Callable[[], None]
    chosen: str
    file: str = _SCENARIOS


def _replace(owner: object, name: str, new: object) -> None:
    getattr(owner, name)
    setattr(owner, name, new)


def _a_round_is_noted_before_it_is_made() -> None:
    made = reading.Round.run

    def run(self: reading.Round) -> None:
        with self.database.transaction("mutant") as session:
            assert self.link.zones
            planning.note(session, self.due, clock.now(), self.link.zones)
        made(self)

    _replace(reading.Round, "run", run)


def _every_sample_is_a_new_one() -> None:
    def compare(samples: list[object], *_: object) -> comparing.Fates:
        return np.full(len(samples), comparing.NEW, np.int8)

    _replace(comparing, "compare", compare)
    _replace(pulling, "_told_last_time", lambda *_: False)


def _only_today_is_read_again() -> None:
    _replace(planning, "HOURLY_DAYS", 1)
    _replace(planning, "NIGHTLY_DAYS", 1)
    _replace(planning, "settled_until", lambda *_: None)


def _each_version_of_a_night_is_a_night() -> None:
    chunks._KEYS[chunks.Shape.SESSION] = ["source", "session", "duration"]
    _replace(Absence, "of", lambda *_: None)  # it would take the shorter versions out again


def _sources_are_added_up() -> None:
    def steps(day: measuring.Day) -> dict[str, float]:
        return {"steps": float(day.steps["value"].sum())}

    _replace(activity, "steps", steps)
    _replace(measuring, "steps", steps)


def _a_dead_grant_is_not_noted() -> None:
    _replace(accounts, "lost", lambda *_: False)


def _a_refused_scope_ends_the_link() -> None:
    _replace(failing, "PERMANENT", (*failing.PERMANENT, "scope_missing"))
    find = pulling.find_link

    def everything(*given: object) -> pulling.Link | None:
        link = find(*given)
        return link and dataclasses.replace(link, streams=frozenset(STREAMS))

    _replace(pulling, "find_link", everything)


def _a_failed_read_is_an_empty_one() -> None:
    call = reading.Round._call

    def answered(self: reading.Round, act: Callable[[], object]) -> object:
        try:
            return call(self, act)
        except ProviderError:
            return [Page("heart_rate/list-001.json", b'{"dataPoints": []}', "mutant")]

    _replace(reading.Round, "_call", answered)


def _nobody_waits_for_a_limit() -> None:
    _replace(planning, "retry_after", lambda *_: timedelta(0))
    _replace(limiting, "block", lambda *_: None)


def _any_signature_will_do() -> None:
    _replace(Keyring, "verify", lambda *_: None)


def _a_shut_service_is_an_outage() -> None:
    _replace(RetiredError, "kind", "try_later")


def _a_filter_takes_its_end_in() -> None:
    points = google_reading.points

    def inclusive(*given: object) -> object:
        asked = points(*given)
        if asked is None:
            return None
        words = asked.query["filter"].replace(' < "', ' <= "')
        return dataclasses.replace(asked, query=asked.query | {"filter": words})

    _replace(google_reading, "points", inclusive)


def _the_clock_on_the_wall_is_the_time() -> None:
    made = google_samples._moments

    def moments(*given: Any) -> tuple[pa.Array, pa.Array]:
        at, offset = made(*given)
        drift = pc.subtract(offset, offset[0]) if len(offset) else offset
        return pc.add(at, pc.multiply(drift.cast(pa.int64()), 1_000_000)), offset

    _replace(google_samples, "_moments", moments)


def _consent_is_asked_only_before_a_round() -> None:
    _replace(pulling, "may_keep", lambda *_: True)


MUTANTS: dict[str, Mutant] = {
    "01 interruption": Mutant(
        "a round is due until it is done", _a_round_is_noted_before_it_is_made, "Interruption"
    ),
    "02 twice": Mutant(
        "samples are compared with those stored", _every_sample_is_a_new_one, "test_02"
    ),
    "03 late": Mutant("days are read again", _only_today_is_read_again, "test_03"),
    "04 nights": Mutant(
        "a night's name is its key", _each_version_of_a_night_is_a_night, "test_04"
    ),
    "05 sources": Mutant("the provider's total counts", _sources_are_added_up, "test_05"),
    # 06, the refresh under the row's lock, runs in processes of its own: `run.py refreshes` breaks it itself.
    "07 revocation": Mutant("a dead grant is noted", _a_dead_grant_is_not_noted, "test_07"),
    "08 scope": Mutant("a refusal is of one stream", _a_refused_scope_ends_the_link, "test_08"),
    "09 broken answers": Mutant(
        "a failure is no answer", _a_failed_read_is_an_empty_one, "test_09"
    ),
    "10 rate limit": Mutant("who must wait waits", _nobody_waits_for_a_limit, "test_10"),
    "11 notifications": Mutant(
        "the signature",
        _any_signature_will_do,
        "not_the_providers or worded_anew",
        "tests/participant/test_webhooks.py",
    ),
    "12 retired": Mutant("410 is the end", _a_shut_service_is_an_outage, "test_12"),
    "13 grammar": Mutant(
        "`<`, not `<=`",
        _a_filter_takes_its_end_in,
        "physical_time",
        "tests/providers/test_grammar.py",
    ),
    "14 clock change": Mutant(
        "instants, not wall clocks", _the_clock_on_the_wall_is_the_time, "test_14"
    ),
    "15 withdrawal": Mutant(
        "consent is asked before each write", _consent_is_asked_only_before_a_round, "test_15"
    ),
}


def pytest_configure() -> None:
    """Take away what the environment names."""
    name = os.environ.get("HOMETRIAL_MUTANT")
    if name:
        MUTANTS[name].apply()
