"""F7: subscriptions, the check of the endpoint, signed notices."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import requests
from werkzeug import Request, Response
from werkzeug.serving import WSGIRequestHandler, make_server


class Quiet(WSGIRequestHandler):
    def log(self, kind, message, *arguments):
        pass


@dataclass
class Endpoint:
    """The application's side: knows its code, keeps what is posted, answers `status`."""

    code: str = ""
    status: int = 204
    lenient: bool = False
    before: Callable[[], object] = lambda: None
    posts: list[tuple[dict, bytes]] = field(default_factory=list)

    def __call__(self, environ, start_response):
        request = Request(environ)
        if request.method == "GET":
            right = self.lenient or request.args.get("verify") == self.code
            return Response(status=204 if right else 404)(environ, start_response)
        self.before()
        self.posts.append((dict(request.headers), request.get_data()))
        return Response(status=self.status)(environ, start_response)

    def notices(self) -> list[dict]:
        return [notice for _, body in self.posts for notice in json.loads(body)]


@pytest.fixture
def endpoint(service):
    app = Endpoint()
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    app.code = service.face.notices.register(f"http://127.0.0.1:{server.port}/hook").code
    yield app
    server.shutdown()
    thread.join()
    server.server_close()


def subscribe(service, token, collection=None, key="7", method="POST", **headers):
    middle = f"{collection}/" if collection else ""
    url = f"{service.url}/1/user/-/{middle}apiSubscriptions/{key}.json"
    headers |= {"Authorization": f"Bearer {token}"}
    return requests.request(method, url, headers=headers, timeout=10)


def test_an_endpoint_is_verified_by_a_right_and_a_wrong_code(service, endpoint):
    assert service.face.notices.verify()
    endpoint.lenient = True
    assert not service.face.notices.verify()
    endpoint.lenient, endpoint.code = False, "another"
    assert not service.face.notices.verify()


def test_an_endpoint_that_is_not_there_is_not_verified(service):
    service.face.notices.register("http://127.0.0.1:9/hook")
    assert not service.face.notices.verify()


def test_a_subscription_is_new_then_known_then_in_conflict(service, endpoint):
    token = service.grant()
    first = subscribe(service, token, "sleep")
    assert first.status_code == 201
    assert first.json() == {
        "collectionType": "sleep", "ownerId": service.face.account_id(1), "ownerType": "user",
        "subscriberId": "1", "subscriptionId": "7",
    }  # fmt: skip
    assert subscribe(service, token, "sleep").status_code == 200
    assert subscribe(service, token, "sleep", "7-sleep").status_code == 200
    for collection, key in (("sleep", "8"), ("activities", "7")):
        refused = subscribe(service, token, collection, key)
        assert refused.status_code == 409
        assert refused.json()["errors"][0]["errorType"] == "request"
    assert subscribe(service, service.grant(2), "sleep").status_code == 201


def test_subscriptions_can_be_listed_and_removed(service, endpoint):
    token = service.grant()
    subscribe(service, token, "sleep", "7")
    subscribe(service, token, "activities", "8")
    path = "/1/user/-/apiSubscriptions.json"
    keys = [one["subscriptionId"] for one in service.get(path, token).json()["apiSubscriptions"]]
    assert keys == ["7", "8"]
    path = "/1/user/-/sleep/apiSubscriptions.json"
    (only,) = service.get(path, token).json()["apiSubscriptions"]
    assert only["subscriptionId"] == "7"
    assert subscribe(service, token, "sleep", "7", "DELETE").status_code == 204
    assert subscribe(service, token, "sleep", "7", "DELETE").status_code == 404
    assert service.get(path, token).json() == {"apiSubscriptions": []}


def test_a_subscription_needs_the_scope_of_its_collection_and_a_known_subscriber(service, endpoint):
    assert subscribe(service, service.grant(1, ["activity"]), "sleep").status_code == 403
    token = service.grant(1, ["sleep"])
    unknown = {"X-Fitbit-Subscriber-Id": "9"}
    assert subscribe(service, token, "sleep", **unknown).status_code == 400
    assert subscribe(service, token, "sleep").status_code == 201


def test_a_sync_is_told_with_its_days_signed_and_in_an_array(service, endpoint):
    service.face.notices.verify()
    subscribe(service, service.grant(2), "activities")
    before = service.clock.now()
    service.after(days=1)
    assert service.face.deliver() == 1
    ((headers, body),) = endpoint.posts
    digest = hmac.new(f"{service.face.client_secret}&".encode(), body, hashlib.sha1).digest()
    assert headers["X-Fitbit-Signature"] == base64.b64encode(digest).decode()
    syncs = [datetime.fromtimestamp(s, UTC) for s in service.truth.syncs(2).tolist()]
    last = max(s for s in syncs if s <= before + timedelta(days=1))
    dates = [notice["date"] for notice in endpoint.notices()]
    assert max(dates) == last.astimezone(ZoneInfo("Europe/Berlin")).date().isoformat()
    assert endpoint.notices()[0] == {
        "collectionType": "activities", "date": dates[0], "ownerId": service.face.account_id(2),
        "ownerType": "user", "subscriptionId": "7",
    }  # fmt: skip


def test_nothing_new_nothing_told(service, endpoint):
    service.face.notices.verify()
    subscribe(service, service.grant(), "activities")
    assert service.face.deliver() == 0
    service.after(days=1)
    service.face.deliver()
    assert service.face.deliver() == 0
    assert len(endpoint.posts) == 1


def test_a_clock_that_was_set_back_before_the_subscription_loses_nothing(service, endpoint):
    service.face.notices.verify()
    service.after(days=-10)
    subscribe(service, service.grant(), "activities")
    service.after(days=2)
    service.face.deliver()
    days = [notice["date"] for notice in endpoint.notices()]
    assert "2026-03-03" in days
    assert "2026-03-10" not in days


def test_a_weighing_is_told_once(service, endpoint):
    service.face.notices.verify()
    (at,) = service.truth.records(1, "weight", service.clock.now(), merged=True).at.tolist()
    service.clock.set(datetime.fromtimestamp(at / 1e6 - 3_600, UTC))
    subscribe(service, service.grant(), "body")
    for _ in range(3):
        service.after(hours=4)
        service.face.deliver()
    (notice,) = endpoint.notices()
    local = datetime.fromtimestamp(at / 1e6, ZoneInfo("America/New_York"))
    assert notice["date"] == local.date().isoformat()


def test_a_subscriber_may_call_back_before_it_answers(service, endpoint):
    service.face.notices.verify()
    token = service.grant()
    subscribe(service, token, "activities")
    endpoint.before = lambda: service.get("/1/user/-/profile.json", token)
    service.after(days=1)
    service.face.deliver()
    assert service.face.calls[1, "profile"] == 1
    assert [one.status for one in service.face.notices.deliveries] == [204]


def test_a_night_is_told_when_its_stages_are_there(service, endpoint):
    service.face.notices.verify()
    subscribe(service, service.grant(), "sleep")
    days = [date(2026, 3, 13) + timedelta(days=number) for number in range(5)]
    final = next(
        found[2]
        for day in days
        for found in service.truth.day(1, day).nights
        if found[2].main and found[1].seen_from < found[2].seen_from
    )
    service.clock.set(datetime.fromtimestamp(final.seen_from - 1, UTC))
    service.face.deliver()
    woken = datetime.fromtimestamp(final.ends_at, ZoneInfo("America/New_York")).date().isoformat()
    assert woken not in [notice["date"] for notice in endpoint.notices()]
    service.after(seconds=1)
    service.face.deliver()
    assert endpoint.notices()[-1]["date"] == woken
    assert endpoint.notices()[-1]["collectionType"] == "sleep"


def test_a_subscription_without_a_collection_hears_of_all(service, endpoint):
    service.face.notices.verify()
    subscribe(service, service.grant())
    service.after(days=7)
    service.face.deliver()
    collections = {notice["collectionType"] for notice in endpoint.notices()}
    assert {"activities", "sleep"} <= collections


@pytest.mark.parametrize("status", [200, 404, 500])
def test_what_is_not_answered_204_comes_again(service, endpoint, status):
    service.face.notices.verify()
    subscribe(service, service.grant(), "activities")
    service.after(days=1)
    endpoint.status = status
    service.face.deliver()
    endpoint.status = 204
    service.face.deliver()
    assert endpoint.posts[0][1] == endpoint.posts[1][1]
    assert service.face.deliver() == 0
    assert [one.status for one in service.face.notices.deliveries] == [status, 204]


def test_an_endpoint_that_was_not_verified_gets_nothing(service, endpoint):
    subscribe(service, service.grant(), "activities")
    service.after(days=1)
    assert service.face.deliver() == 0
    assert endpoint.posts == []


def test_a_person_who_takes_access_back_is_told_of_and_then_no_more(service, endpoint):
    service.face.notices.verify()
    token = service.grant()
    subscribe(service, token, "userRevokedAccess", "1")
    subscribe(service, token, "activities", "2")
    service.face.revoke(1)
    service.face.deliver()
    (notice,) = endpoint.notices()
    assert notice["collectionType"] == "userRevokedAccess"
    assert notice["ownerId"] == service.face.account_id(1)
    service.after(days=1)
    assert service.face.deliver() == 0


def test_signatures_can_be_false(service, endpoint):
    service.face.notices.verify()
    service.face.notices.sign = lambda *_: "AAAA"
    subscribe(service, service.grant(), "activities")
    service.after(days=1)
    service.face.deliver()
    assert endpoint.posts[0][0]["X-Fitbit-Signature"] == "AAAA"
