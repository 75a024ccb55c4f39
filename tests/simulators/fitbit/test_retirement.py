"""F8: from an instant on nothing is there any more."""

from datetime import UTC, datetime, timedelta

import pytest
import requests

LAST_MOMENT = datetime(2026, 11, 1, 23, 59, 59, tzinfo=UTC)
PATHS = (
    "/1/user/-/profile.json",
    "/1.2/user/-/sleep/date/2026-10-30.json",
    "/oauth2/authorize",
    "/nothing/here",
)


def retired(service, form: str) -> tuple[str, object]:
    service.clock.set(LAST_MOMENT)
    service.face.faults.retire(form=form)
    pair = service.face.grant(1)
    assert service.get(PATHS[0], pair["access_token"]).status_code == 200
    service.after(seconds=1)
    return str(pair["access_token"]), pair["refresh_token"]


@pytest.mark.parametrize(("form", "kind"), [("json", "application/json"), ("html", "text/html")])
def test_everything_is_gone_from_the_day_on_the_token_endpoint_too(autumn, form, kind):
    token, refresh = retired(autumn, form)
    replies = [autumn.get(path, token) for path in PATHS] + [autumn.refresh(refresh)]
    assert [reply.status_code for reply in replies] == [410] * 5
    assert all(reply.headers["Content-Type"].startswith(kind) for reply in replies)
    if form == "json":
        assert all(reply.json()["success"] is False for reply in replies)


def test_the_service_can_fall_silent_instead(autumn):
    token, refresh = retired(autumn, "reset")
    with pytest.raises(requests.ConnectionError):
        autumn.get(PATHS[0], token)
    with pytest.raises(requests.ConnectionError):
        autumn.refresh(refresh)


def test_a_retired_service_counts_no_refresh_and_uses_up_no_token(autumn):
    _, refresh = retired(autumn, "json")
    autumn.refresh(refresh)
    assert autumn.face.refreshes[1] == 0
    autumn.face.faults.reopen()
    assert autumn.refresh(refresh).status_code == 200


def test_the_day_can_be_another(autumn):
    token = autumn.grant()
    autumn.face.faults.retire(at=autumn.clock.now() + timedelta(hours=1))
    assert autumn.get(PATHS[0], token).status_code == 200
    autumn.after(hours=1)
    assert autumn.get(PATHS[0], token).status_code == 410


def test_the_day_can_be_given_as_text_but_never_without_a_zone(autumn):
    autumn.face.faults.retire(at="2026-11-02T00:00:00+00:00")
    assert autumn.get(PATHS[0], autumn.grant()).status_code == 410
    with pytest.raises(ValueError, match="no time zone"):
        autumn.face.faults.retire(at="2026-11-02T00:00:00")


def test_an_unknown_way_to_retire_is_refused(autumn):
    with pytest.raises(ValueError, match="retires by"):
        autumn.face.faults.retire(form="quietly")
