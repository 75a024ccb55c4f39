"""The site from a person's side: the way in, the trip to the provider and back, the way out."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import text

SLEEP = "https://www.googleapis.com/auth/googlehealth.sleep.readonly"
FORBIDDEN = ("heart failure", "retatrutide", "drug", "disease", "syndrome", "covid", "patient")


@pytest.fixture(autouse=True)
def afresh(place):
    """Nobody is linked before a test."""
    place.linked.clear()
    place.unlinked.clear()
    with place.database.engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        connection.exec_driver_sql("TRUNCATE wearable_account CASCADE")
    place.sims.faults.google.not_linked.clear()
    place.sims.faults.google.clear()
    place.sims.faults.google.retired = None


def execute(place, statement, **values):
    with place.database.engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        return connection.execute(text(statement), values)


def title(page):
    return re.search(r"<h1>([^<]+)</h1>", page)[1]


def test_looking_at_a_link_opens_nothing(place):
    address, client = place.enrol(), place.app.test_client()
    for _ in range(2):
        assert "Open my page" in client.get(address).text
        assert client.head(address).status_code == 200
    assert client.get("/watch").status_code == 401


def test_a_link_opens_the_page_once(place):
    address, first, second = place.enrol(), place.app.test_client(), place.app.test_client()
    for client, status in ((first, 303), (second, 410)):
        page = client.get(address).text if status == 303 else client.get("/join/x").text
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)
        answer = client.post(address, data={"csrf_token": token[1] if token else ""})
        assert answer.status_code == (303 if status == 303 else 400)
    assert first.get("/watch").status_code == 200
    assert second.get("/watch").status_code == 401
    assert second.get(address).status_code == 410


def test_the_cookie_of_before_is_worth_nothing_after_the_way_in(place, visitor):
    before = visitor.client.get_cookie("hometrial").value
    visitor.post(place.enrol())
    stolen = place.app.test_client()
    stolen.set_cookie("hometrial", before)
    assert stolen.get("/watch").status_code == 401
    assert visitor.client.get("/watch").status_code == 200


def test_nothing_of_the_visit_before_is_shown_to_the_next_person(place, visitor):
    visitor.link(1)
    token = visitor.token("/")
    visitor.post(place.enrol())
    assert visitor.client.get("/result").status_code == 303
    assert visitor.client.post("/leave", data={"csrf_token": token}).status_code == 400


def test_closing_the_page_closes_it_for_every_copy_of_the_cookie(place, visitor):
    copy = place.app.test_client()
    copy.set_cookie("hometrial", visitor.client.get_cookie("hometrial").value)
    assert copy.get("/watch").status_code == 200
    assert "closed" in visitor.post("/leave", "/watch").text
    assert copy.get("/watch").status_code == 401
    assert visitor.client.get("/watch").status_code == 401


def test_the_page_says_what_will_be_shared_before_it_asks(visitor):
    page = visitor.client.get("/watch").text
    assert title(page) == "Connect your watch"
    for words in ("your pulse, day and night", "your steps", "when you sleep"):
        assert words in page


def test_a_trip_ends_on_a_page_that_says_so(place, visitor):
    page = visitor.link(1)
    assert title(page) == "Linked"
    assert "First data usually in minutes" in page
    assert "You left out" not in page
    assert len(place.linked) == 1
    assert "Connected" in visitor.client.get("/watch").text


def test_what_was_left_out_is_named_with_a_way_to_ask_again(visitor):
    page = visitor.link(1, scope=[SLEEP])
    assert title(page) == "Linked"
    assert "You left out" in page
    assert "your steps" in page
    assert "Ask again" in page
    assert "You left out" not in visitor.link(1)


def test_a_no_is_taken_as_one(place, visitor):
    page = visitor.link(1, decision="deny")
    assert title(page) == "Nothing was linked"
    assert "Try again" in page
    assert place.linked == []


def test_somebody_else_s_account_is_refused_without_saying_whose(place, visitor):
    place.visitor().link(1)
    page = visitor.link(1)
    assert title(page) == "This account is in use already"
    assert "P-0" not in page
    assert len(place.linked) == 1


def test_a_google_account_is_known_by_its_fitbit_past(place, visitor):
    execute(
        place,
        "INSERT INTO wearable_account (id, participant_id, provider, external_id, created_at)"
        " SELECT gen_random_uuid(), min(id::text)::uuid, 'fitbit', :id, now() FROM participant",
        id=place.sims.fitbit.account_id(1),
    )
    stranger = place.visitor()
    assert title(stranger.link(1)) == "This account is in use already"


def test_a_second_account_is_refused_with_the_way_out(place, visitor):
    visitor.link(1)
    page = visitor.link(2)
    assert title(page) == "That is a different account"
    assert "/unlink/google-health" in page
    visitor.post("/unlink/google-health")
    assert title(visitor.link(2)) == "Linked"


def test_an_account_without_a_watch_is_told_where_to_set_one_up(place, visitor):
    place.sims.faults.google.not_linked.add(3)
    page = visitor.link(3)
    assert title(page) == "This account has no watch yet"
    assert "fitbit.google.com/auth/signup" in page
    place.sims.faults.google.not_linked.clear()
    assert title(visitor.link(3)) == "Linked"


@pytest.mark.parametrize("query", ["", "?state=forged&code=c", "?code=c", "?error=access_denied"])
def test_a_way_back_that_is_not_ours_links_nothing(place, visitor, query):
    assert visitor.client.get(f"/linked/google-health{query}").status_code == 303
    assert title(visitor.client.get("/result").text) == "We could not finish"
    assert place.linked == []


def test_a_way_back_works_in_the_browser_that_went_out_and_only_once(place, visitor):
    back = visitor.sign_in(visitor.go_out(), 1)
    other = place.visitor()
    other.client.get(back)
    assert title(other.client.get("/result").text) == "We could not finish"
    assert place.app.test_client().get(back).status_code == 401
    visitor.client.get(back)
    assert title(visitor.client.get("/result").text) == "Linked"
    visitor.client.get(back)
    assert title(visitor.client.get("/result").text) == "We could not finish"
    assert len(place.linked) == 1


def test_a_way_back_for_another_provider_links_nothing(place, visitor):
    back = visitor.sign_in(visitor.go_out(), 1).replace("google-health", "fitbit")
    visitor.client.get(back)
    assert title(visitor.client.get("/result").text) == "We could not finish"
    assert place.linked == []


def test_the_code_does_not_stay_in_the_address(visitor):
    back = visitor.sign_in(visitor.go_out(), 1)
    assert visitor.client.get(back).headers["Location"] == "/result"


def test_an_outage_is_not_the_person_s_fault(place, visitor):
    back = visitor.sign_in(visitor.go_out(), 1)
    place.sims.faults.google.unavailable(path="/token", times=20)
    visitor.client.get(back)
    assert "does not answer just now" in title(visitor.client.get("/result").text)


def test_a_service_that_has_shut_says_so(place, visitor):
    back = visitor.sign_in(visitor.go_out(), 1)
    place.sims.faults.google.retired = "json"
    visitor.client.get(back)
    assert title(visitor.client.get("/result").text) == "This service has closed"


def test_a_service_that_ended_is_not_offered(place, visitor):
    execute(
        place,
        "INSERT INTO provider_end VALUES ('fitbit', :day, 'test', now())",
        day=place.sims.clock.now().date(),
    )
    page = visitor.client.get("/watch").text
    assert "/connect/google-health" in page
    assert "/connect/fitbit" not in page
    execute(place, "DELETE FROM provider_end")


def test_the_page_says_until_when_the_data_are_there_by_the_person_s_own_clock(place, visitor):
    visitor.link(1)
    now = place.sims.clock.now()  # noon UTC
    execute(
        place,
        "INSERT INTO sync.stream_state (account_id, stream, known, data_until, failures)"
        " SELECT id, 'steps', '{}', :until, 0 FROM wearable_account",
        until=now.replace(hour=6, minute=40),
    )
    assert "We have your data up to 07:40 today." in visitor.client.get("/watch").text
    execute(place, "UPDATE sync.stream_state SET data_until = :at", at=now - timedelta(hours=30))
    page = visitor.client.get("/watch").text
    assert "We have your data up to 07:00 yesterday." in page
    assert "Opening its app on your phone usually helps" not in page  # linked less than that ago
    execute(place, "UPDATE connection SET linked_at = :at", at=now - timedelta(days=3))
    assert "Opening its app on your phone usually helps" in visitor.client.get("/watch").text


def test_a_dead_link_asks_to_be_renewed_by_itself(place, visitor):
    visitor.link(1)
    execute(place, "UPDATE connection SET status = 'reconnect_needed'")
    page = visitor.client.get("/watch").text
    assert "needs you to connect again" in page
    assert "Connect again" in page
    assert title(visitor.link(1)) == "Linked"
    assert "connect again" not in visitor.client.get("/watch").text.lower()


def test_disconnecting_asks_first_and_stops_at_once(place, visitor):
    visitor.link(1)
    asked = visitor.client.get("/unlink/google-health").text
    assert "the study reads nothing more of" in asked
    assert "your steps" in asked
    assert visitor.client.get("/watch").text.count("Disconnect") == 1
    visitor.post("/unlink/google-health")
    assert len(place.unlinked) == 1
    page = visitor.client.get("/watch").text
    assert "has not confirmed yet" in page
    assert "/connect/google-health" in page
    place.revoke_all()
    assert "Our access is gone" in visitor.client.get("/watch").text


def test_nobody_disconnects_what_is_not_theirs(place, visitor):
    place.visitor().link(1)
    assert visitor.client.get("/unlink/google-health").status_code == 404
    assert visitor.post("/unlink/google-health", "/watch").status_code == 404
    assert place.unlinked == []


def test_no_page_names_a_disease_or_a_drug(place, visitor):
    pages = [visitor.client.get(place.enrol()).text, visitor.client.get("/watch").text]
    pages += [visitor.link(1), visitor.client.get("/unlink/google-health").text]
    for page in pages:
        assert not [word for word in FORBIDDEN if word in page.lower()]
