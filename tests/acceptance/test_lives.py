"""Two thousand random acts in people's lives reach no state that must not be; `run.py lives` makes 100,000."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from enrolled import withdraw
from lives import Lives, live
from lives_entering import prepare
from lives_forbidden import forbidden

from hometrial import clock
from hometrial.protocol.dosing.events import Entry, Intake, Source
from hometrial.services import enrolling
from hometrial.services.dosing import storing

pytestmark = pytest.mark.long

REACHED = (
    "sign", "decide", "allocate", "start the drug", "take a dose", "hold a visit", "run out",
    "choose withdraw_completely",
)  # fmt: skip


@pytest.fixture
def lives(study, tmp_path):
    """The machine over a study of its own."""
    prepare(study.database)

    class Here(Lives):
        database = study.database
        board = tmp_path / "lives.clock"

    Lives.done.clear()
    Lives.refused.clear()
    yield Here
    clock.unfollow()


def test_two_thousand_acts_reach_no_forbidden_state(lives):
    live(lives, steps=2000)
    assert [each for each in REACHED if not lives.done[each]] == []


def test_what_stands_past_the_services_is_seen(study):
    taken = Intake(
        Entry("1", "x", datetime(2026, 3, 9, 21, tzinfo=ZoneInfo("Europe/Berlin"))),
        date(2026, 3, 9), Decimal("0.5"), "liq", Source.SITE,
    )  # fmt: skip
    with study.database.transaction("test", "see") as session:
        person = enrolling.add_participant(session)
        assert forbidden(session, person.id) == []
        session.add(storing.row_of(person.id, taken))
        session.flush()
        assert set(forbidden(session, person.id)) == {
            "a dose event before consent",
            "a dose event of somebody who is not eligible",
        }
        withdraw(session, person)
        later = Entry("2", "x", datetime.now(UTC).astimezone(ZoneInfo("Europe/Berlin")))
        session.add(
            storing.row_of(
                person.id, Intake(later, date(2026, 3, 10), Decimal(1), "liq", Source.SITE)
            )
        )
        session.flush()
        assert "a new dose event after withdrawal" in forbidden(session, person.id)
