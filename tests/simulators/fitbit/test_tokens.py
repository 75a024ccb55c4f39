"""F1: single-use refresh tokens, revocation, introspection."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

PROFILE = "/1/user/-/profile.json"


def error_type(reply: requests.Response) -> str:
    body = reply.json()
    assert body["success"] is False
    return str(body["errors"][0]["errorType"])


def test_an_access_token_ends_after_eight_hours(service):
    token = service.grant()
    service.after(seconds=28_799)
    assert service.get(PROFILE, token).status_code == 200
    service.after(seconds=1)
    ended = service.get(PROFILE, token)
    assert ended.status_code == 401
    assert error_type(ended) == "expired_token"


def test_a_refresh_gives_a_new_pair_that_works(service):
    old = service.face.grant(1)
    new = service.refresh(old["refresh_token"]).json()
    assert new["refresh_token"] != old["refresh_token"]
    assert new["access_token"] != old["access_token"]
    assert new["user_id"] == old["user_id"]
    assert service.get(PROFILE, new["access_token"]).status_code == 200
    assert service.refresh(new["refresh_token"]).status_code == 200


def test_the_same_refresh_within_two_minutes_gives_the_same_pair(service):
    old = service.face.grant(1)["refresh_token"]
    first = service.refresh(old).json()
    service.after(seconds=120)
    assert service.refresh(old).json() == first


def test_the_same_refresh_after_two_minutes_is_an_invalid_grant(service):
    old = service.face.grant(1)["refresh_token"]
    new = service.refresh(old).json()
    service.after(seconds=121)
    refused = service.refresh(old)
    assert refused.status_code == 400
    assert error_type(refused) == "invalid_grant"
    assert refused.json()["errors"][0]["message"].startswith("Refresh token invalid: ")
    assert service.refresh(new["refresh_token"]).status_code == 200


def test_a_refresh_token_that_is_not_used_never_ends(service):
    token = service.face.grant(1)["refresh_token"]
    service.after(days=400)
    assert service.refresh(token).status_code == 200


def test_two_workers_at_once_get_one_pair_and_both_calls_are_counted(service):
    token = service.face.grant(2)["refresh_token"]
    with ThreadPoolExecutor(4) as workers:
        pairs = list(workers.map(lambda _: service.refresh(token).json(), range(4)))
    assert all(pair == pairs[0] for pair in pairs)
    assert service.face.refreshes == {2: 4}


def test_a_new_consent_ends_the_refresh_token_before_it(service):
    first, second = service.face.grant(1), service.face.grant(1)
    assert error_type(service.refresh(first["refresh_token"])) == "invalid_grant"
    assert service.refresh(second["refresh_token"]).status_code == 200


def test_a_new_consent_ends_the_grace_of_a_used_refresh_token_too(service):
    old = service.face.grant(1)["refresh_token"]
    service.refresh(old)
    service.face.grant(1)
    assert error_type(service.refresh(old)) == "invalid_grant"


def test_an_unknown_refresh_token_is_an_invalid_grant(service):
    assert error_type(service.refresh("0" * 64)) == "invalid_grant"


def test_an_unknown_grant_type_is_refused(service):
    assert error_type(service.token(grant_type="password")) == "unsupported_grant_type"


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
def test_revoking_either_token_ends_both(service, which):
    pair = service.face.grant(1)
    auth = (service.face.client_id, service.face.client_secret)
    revoke = f"{service.url}/oauth2/revoke"
    assert requests.post(revoke, {"token": pair[which]}, auth=auth, timeout=10).status_code == 200
    assert error_type(service.get(PROFILE, pair["access_token"])) == "invalid_token"
    assert error_type(service.refresh(pair["refresh_token"])) == "invalid_grant"
    # Once more: the token is unknown now, and that is no error.
    assert requests.post(revoke, {"token": pair[which]}, auth=auth, timeout=10).status_code == 200


def test_an_application_has_no_power_over_anothers_tokens(service):
    own, other = (
        service.face.grant(1),
        service.face.grant(1, client_id=service.face.public_client_id),
    )
    form = {"token": own["refresh_token"], "client_id": service.face.public_client_id}
    assert requests.post(f"{service.url}/oauth2/revoke", form, timeout=10).status_code == 200
    assert service.get(PROFILE, own["access_token"]).status_code == 200
    told = requests.post(
        f"{service.url}/1.1/oauth2/introspect",
        {"token": own["access_token"]},
        headers={"Authorization": f"Bearer {other['access_token']}"},
        timeout=10,
    )
    assert told.json() == {"active": False}


def test_a_person_who_takes_access_back_ends_both_tokens_of_nobody_else(service):
    mine, other = service.face.grant(1), service.face.grant(2)
    service.face.revoke(1)
    assert error_type(service.get(PROFILE, mine["access_token"])) == "invalid_token"
    assert error_type(service.refresh(mine["refresh_token"])) == "invalid_grant"
    assert service.get(PROFILE, other["access_token"]).status_code == 200


def test_expire_ends_access_tokens_and_leaves_the_refresh_token(service):
    pair = service.face.grant(1)
    service.face.expire(1)
    assert error_type(service.get(PROFILE, pair["access_token"])) == "expired_token"
    assert service.refresh(pair["refresh_token"]).status_code == 200


def test_introspection_tells_what_a_token_is_good_for(service):
    pair = service.face.grant(1, ["sleep"])
    headers = {"Authorization": f"Bearer {pair['access_token']}"}

    def introspect(token: str) -> dict[str, object]:
        url = f"{service.url}/1.1/oauth2/introspect"
        return requests.post(url, {"token": token}, headers=headers, timeout=10).json()

    told = introspect(pair["access_token"])
    assert told["active"] is True
    assert told["user_id"] == service.face.account_id(1)
    assert told["scope"] == "{SLEEP=READ_WRITE}"
    assert told["exp"] - told["iat"] == 28_800_000
    assert introspect("unknown") == {"active": False}


def test_streams_of_the_house_may_stand_for_scopes(service):
    assert service.face.grant(1, ["heart_rate", "steps", "profile"])["scope"] == (
        "activity heartrate profile"
    )


def test_a_lost_answer_has_used_up_the_token_and_can_be_had_again_for_two_minutes(service):
    token = service.face.grant(1)["refresh_token"]
    service.face.faults.answer_lost(person=1)
    with pytest.raises(requests.ConnectionError):
        service.refresh(token)
    assert service.face.refreshes[1] == 1
    service.after(seconds=119)
    again = service.refresh(token)
    assert again.status_code == 200
    assert service.get(PROFILE, again.json()["access_token"]).status_code == 200


def test_a_lost_answer_that_is_not_asked_for_again_in_time_costs_the_connection(service):
    token = service.face.grant(1)["refresh_token"]
    service.face.faults.answer_lost(person=1)
    with pytest.raises(requests.ConnectionError):
        service.refresh(token)
    service.after(seconds=121)
    assert error_type(service.refresh(token)) == "invalid_grant"
