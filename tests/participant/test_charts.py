"""Own charts: off unless the protocol shows them and says why; then quiet, with a table, and no number without a cause."""

import re
from datetime import date, timedelta

import pytest
from pydantic import ValidationError
from tests.support.asked import in_trial

from hometrial import clock
from hometrial.models import DailyMetric, Gap
from hometrial.participant import figures
from hometrial.participant.figures import figure
from hometrial.protocol import loading
from hometrial.protocol.visits import OwnCharts
from hometrial.services.holding.days import Measured
from hometrial.services.syncing import invitations
from hometrial.services.trial import publishing

HIDDEN = "This study shows its results at the end"
SHOWN = loading.shipped_text("ldn-mecfs").replace(
    "energy_budget:",
    'own_charts: {shown: true, because: "agreed with the patients"}\nenergy_budget:',
)


def come(place, session, person):
    return f"/join/{invitations.invite(session, person, 'test')}"


def enter(place, path):
    client = place.app.test_client()
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path).text)[1]
    client.post(path, data={"csrf_token": token})
    return client


@pytest.fixture(scope="module")
def hidden(place):
    """Somebody of a trial as it is shipped."""
    with place.database.transaction("staff") as session:
        path = come(place, session, in_trial(session, "ldn-case-series"))
    return enter(place, path)


@pytest.fixture(scope="module")
def today():
    return clock.now().date()


@pytest.fixture(scope="module")
def shown(place, today):
    """Somebody of a trial that shows charts, with two days of steps, and a day on which the watch lay about."""
    with place.database.transaction("staff") as session:
        version = publishing.load(session, SHOWN, "t.yaml", by="ann")
        publishing.approve(session, version, by="bob", because="reviewed")
        publishing.publish(session, version)
        person, other = in_trial(session), in_trial(session)
        for number, (who, steps) in enumerate([(person, 4200.0), (person, 310.0), (other, 7777.0)]):
            session.add(
                DailyMetric(
                    participant_id=who.id, day=today - timedelta(days=number + 1), metric="steps",
                    value=steps, rule="steps", rule_version=2, computed_at=clock.now(),
                )
            )  # fmt: skip
        at = clock.now() - timedelta(days=3)
        for cause, hours in (("not_synced", 1), ("not_worn", 5)):
            session.add(
                Gap(
                    participant_id=person.id, stream="steps", day=today - timedelta(days=3),
                    start_at=at, end_at=at + timedelta(hours=hours), cause=cause, rule_version=1,
                )
            )  # fmt: skip
            at += timedelta(hours=hours)
        path = come(place, session, person)
    return enter(place, path)


def test_as_shipped_no_trial_shows_charts_and_the_page_says_why(hidden):
    for name in loading.shipped():
        assert "own_charts" not in loading.shipped_text(name)
    assert not OwnCharts().shown
    page = hidden.get("/charts").text
    assert HIDDEN in page
    assert "<svg" not in page


def test_who_is_in_no_trial_sees_no_charts(place):
    assert HIDDEN in place.visitor().client.get("/charts").text


def test_to_show_charts_a_protocol_says_why():
    with pytest.raises(ValidationError, match="say because, or leave them off"):
        OwnCharts(shown=True)
    assert OwnCharts(shown=True, because="agreed").shown


def test_the_table_has_every_number_of_the_figure_and_a_cause_for_each_gap(shown):
    page = shown.get("/charts").text
    assert "4,200" in page
    assert "310" in page
    assert "7,777" not in page
    assert page.count("<rect") == 2
    assert "the watch was not worn" in page
    assert page.count("no data; we do not know why") == 3 * 28 - 2 - 1
    assert len(page) < 40_000


@pytest.mark.parametrize(
    "word", ["goal reached", "streak", "trend", "▲", "▼", "well done", "style="]
)
def test_nothing_is_judged(shown, word):
    assert word not in shown.get("/charts").text.lower()


@pytest.mark.parametrize(
    ("most", "top"),
    [(0, 1), (0.3, 0.5), (7, 10), (10, 10), (62, 100), (4200, 5000), (20001, 25000)],
)
def test_the_scale_ends_at_a_round_number(most, top):
    made = figure([Measured(date(2026, 3, 1), most), Measured(date(2026, 3, 2), None)])
    assert made.lines[-1][1] == pytest.approx(top)
    assert len(made.bars) == 1
    assert all(bar.y + bar.height <= figures.HEIGHT for bar in made.bars)


def test_a_scale_of_hours_is_round_in_hours():
    made = figure([Measured(date(2026, 3, 1), 430)], 60)
    assert [value for _, value in made.lines] == [0, 300, 600]


def test_days_without_any_number_make_no_figure():
    assert figure([Measured(date(2026, 3, 1), None, "not_worn")]) is None
