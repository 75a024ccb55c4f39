"""Where one instrument took over from another."""

from datetime import UTC, date, datetime, timedelta

import pytest
from wearer import enrol

from hometrial.models import Device
from hometrial.services.seams import Seam, Spell, seams, swaps

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)


def _spell(model, first, last, provider="google-health"):
    return Spell(provider, model, BEGIN + timedelta(days=first), BEGIN + timedelta(days=last))


def _swaps(*spells):
    return [((at - BEGIN).days, before, after) for at, before, after in swaps(spells)]


def test_a_watch_that_follows_another_makes_a_seam():
    assert _swaps(_spell("New", 10, 40), _spell("Old", 0, 10)) == [(10, "Old", "New")]


@pytest.mark.parametrize(("last", "found"), [(12, 1), (14, 0)])
def test_a_day_or_two_side_by_side_are_still_a_swap_and_more_are_not(last, found):
    assert len(_swaps(_spell("Old", 0, last), _spell("New", 10, 40))) == found


def test_instruments_of_two_providers_do_not_follow_one_another():
    assert _swaps(_spell("Old", 0, 5, "fitbit"), _spell("New", 10, 40)) == []


def test_three_watches_make_two_seams():
    spells = _spell("A", 0, 5), _spell("B", 5, 9), _spell("C", 20, 30)
    assert _swaps(*spells) == [(5, "A", "B"), (20, "B", "C")]


def test_the_seam_is_on_the_person_s_own_day_and_phones_make_none(study):
    rows = [
        ("google-health/FITBIT/WATCH", "Old", 0, 10), ("google-health/FITBIT/WATCH", "New", 10, 20),
        ("google-health/FITBIT/PHONE", "Phone", 15, 20), ("google-health/HEALTH_CONNECT/x", "X", 12, 20),
    ]  # fmt: skip
    with study.database.transaction("test") as session:
        wearer = enrol(session, zone="America/New_York")
        for source, model, first, last in rows:
            session.add(
                Device(
                    participant_id=wearer.id, provider="google-health", source=source, model=model,
                    first_seen_at=BEGIN + timedelta(days=first), last_seen_at=BEGIN + timedelta(days=last),
                )
            )  # fmt: skip
        session.flush()
        assert seams(session, wearer.id) == [Seam(date(2026, 3, 11), "Old", "New")]
