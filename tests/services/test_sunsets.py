"""Providers that end: exactly the people concerned are asked, and the funnel counts them."""

import json
from datetime import date, timedelta

import linked
import pytest
from click.testing import CliRunner

from hometrial import clock
from hometrial.cli.provider import provider
from hometrial.errors import TrialError
from hometrial.models import Connection, LinkInvitation, ProviderEnd, Visitor
from hometrial.services import sunsets, working
from hometrial.services.sunsets import Funnel
from hometrial.services.syncing import clouds
from hometrial.settings import Settings

TODAY = clock.now().date()
SOON = TODAY + timedelta(days=60)


@pytest.fixture
def session(study):
    with study.database.transaction("test", "sunsets") as opened:
        yield opened


@pytest.fixture
def doubles(study):
    return clouds.clouds(
        Settings(home=study.database.settings.home, simulators="http://127.0.0.1:9")
    )


def asked(session):
    return [each.code for each in working.open_items(session)]


def test_exactly_the_people_that_an_end_leaves_without_their_streams_are_asked(session):
    concerned, safe, elsewhere, partly, gone, withdrawn = (linked.person(session) for _ in range(6))
    linked.link(session, concerned, "fitbit")
    linked.link(session, safe, "fitbit")
    linked.link(session, safe)
    linked.link(session, elsewhere)
    linked.link(session, partly, "fitbit")
    linked.link(session, partly, streams=("steps",))
    linked.link(session, gone, "fitbit", status="unlinked")
    linked.link(session, withdrawn, "fitbit")
    withdrawn.status = "withdrawn"
    session.flush()

    sunsets.record_end(session, "fitbit", SOON, "the vendor's banner")
    assert sunsets.open_relinks(session, TODAY) == 2
    assert sunsets.open_relinks(session, TODAY) == 2
    assert asked(session) == [concerned.code, partly.code]
    reason = working.open_items(session)[0].item.reason
    assert reason == f"fitbit ends on {SOON}, and no other account delivers the same yet"


def test_nobody_is_asked_long_before_an_end_and_everybody_at_120_days(session):
    linked.link(session, who := linked.person(session), "fitbit")
    sunsets.record_end(session, "fitbit", TODAY + timedelta(days=121), "a note")
    assert sunsets.open_relinks(session, TODAY) == 0
    assert sunsets.open_relinks(session, TODAY + timedelta(days=1)) == 1
    assert asked(session) == [who.code]


def test_another_account_that_ends_as_well_is_no_way_out(session):
    linked.link(session, who := linked.person(session), "fitbit")
    linked.link(session, who)
    sunsets.record_end(session, "fitbit", SOON, "a note")
    sunsets.record_end(session, "google-health", SOON, "a note")
    assert sunsets.open_relinks(session, TODAY) == 2


@pytest.mark.parametrize("way", ["relinked", "unlinked", "postponed"])
def test_the_item_closes_by_itself_when_its_cause_is_gone(session, way):
    account = linked.link(session, who := linked.person(session), "fitbit")
    sunsets.record_end(session, "fitbit", SOON, "a note")
    sunsets.open_relinks(session, TODAY)
    assert working.sweep(session) == 0
    if way == "relinked":
        linked.link(session, who)
    elif way == "unlinked":
        session.query(Connection).filter_by(account_id=account.id).one().status = "unlinked"
    else:
        sunsets.record_end(session, "fitbit", TODAY + timedelta(days=900), "put off")
    session.flush()
    assert working.sweep(session) == 1


def test_the_funnel_counts_who_was_invited_looked_and_linked_again(session):
    sunsets.record_end(session, "fitbit", SOON, "a note")
    people = [linked.person(session) for _ in range(4)]
    for who in people:
        linked.link(session, who, "fitbit")
    linked.link(session, linked.person(session))
    sunsets.open_relinks(session, TODAY)
    now = clock.now()
    for number, who in enumerate(people[:3]):
        session.add(LinkInvitation(participant_id=who.id, token_sha256=str(number), reason="end",
                                   created_at=now, expires_at=now + timedelta(days=7)))  # fmt: skip
    for number, who in enumerate(people[:2]):
        session.add(
            Visitor(cookie_sha256=str(number), participant_id=who.id, opened_at=now, seen_at=now)
        )
    linked.link(session, people[0])
    linked.link(session, people[3], streams=("steps",))  # not all that the other one delivers
    session.flush()
    working.sweep(session)

    assert sunsets.funnel(session, "fitbit") == Funnel(4, 3, 2, 1, 3)
    assert sunsets.funnel(session, "google-health") == Funnel(0, 0, 0, 0, 0)


def test_what_a_provider_delivers_is_told_with_its_end_and_staff_has_the_last_word(
    session, doubles
):
    linked.link(session, linked.person(session), "fitbit")
    linked.link(session, linked.person(session), "an-older-cloud", streams=("weight",))
    found = {each.provider: each for each in sunsets.capabilities(session, doubles)}
    assert set(found) == {"google-health", "fitbit", "an-older-cloud"}
    assert {"heart_rate", "steps", "sleep"} <= set(found["fitbit"].streams)
    assert found["fitbit"].linked == 1
    assert found["fitbit"].ends_on == doubles["fitbit"].ends_on
    assert found["an-older-cloud"].streams == ("weight",)
    assert not found["an-older-cloud"].configured

    sunsets.record_end(session, "fitbit", date(2027, 1, 31), "a letter of the vendor")
    found = {each.provider: each for each in sunsets.capabilities(session, doubles)}
    assert found["fitbit"].ends_on == date(2027, 1, 31)
    assert found["fitbit"].note == "a letter of the vendor"


def test_the_vendors_own_end_is_recorded_unless_staff_recorded_another(session, doubles):
    announced = {name for name, cloud in doubles.items() if cloud.ends_on}
    sunsets.note_vendors_ends(session, doubles)
    assert {each.provider for each in session.query(ProviderEnd)} == announced
    for name in announced:
        sunsets.record_end(session, name, date(2028, 1, 1), "staff knows better")
    sunsets.note_vendors_ends(session, doubles)
    assert {each.ends_on for each in session.query(ProviderEnd)} <= {date(2028, 1, 1)}


def test_an_end_without_a_word_about_where_it_was_announced_is_refused(session):
    with pytest.raises(TrialError, match="--note"):
        sunsets.record_end(session, "fitbit", SOON, "  ")


def run(study, *arguments):
    return CliRunner().invoke(provider, arguments, obj=study.database)


def test_the_command_records_an_end_and_names_whom_it_concerns(study):
    with study.database.transaction("test") as session:
        linked.link(session, linked.person(session), "fitbit")
        linked.link(session, linked.person(session))

    told = run(study, "end", "fitbit", SOON.isoformat(), "--note", "the vendor's banner")
    assert told.output == f"fitbit ends on {SOON}\nto be linked elsewhere: P-0001\n"

    (fitbit, google) = json.loads(run(study, "list", "--json").output)
    assert (fitbit["provider"], fitbit["ends_on"]) == ("fitbit", SOON.isoformat())
    assert fitbit["funnel"] == {
        "affected": 1, "invited": 0, "opened": 0, "linked_again": 0, "left": 1,
    }  # fmt: skip
    assert google["ends_on"] is None
    assert "1 concerned" in run(study, "list").output
    assert study.one("SELECT count(*) FROM audit.entry WHERE table_name = 'public.provider_end'")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [(("end", "fitbit", "2027-01-31", "--note", "x"), "no provider 'fitbit'"),
     (("end", "fitbit", "31.1.2027", "--note", "x"), "is no day; write 2026-11-02")],
)  # fmt: skip
def test_the_command_refuses_what_makes_no_sense(study, arguments, says):
    told = run(study, *arguments)
    assert isinstance(told.exception, TrialError)
    assert says in str(told.exception)
