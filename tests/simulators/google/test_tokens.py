"""G2 and G3: refreshing, testing mode, rotation, revocation."""

from datetime import timedelta

import pytest
import requests

DEAD = {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}
WRONG_SECRET = {"client_secret": "guessed"}


def refresh(sims, token, **more):
    form = {
        "grant_type": "refresh_token",
        "refresh_token": token,
        "client_id": sims.google.client_id,
        "client_secret": sims.google.client_secret,
    } | more
    return requests.post(f"{sims.base_url}/google/token", data=form, timeout=10)


def identity(sims, access):
    bearer = {"Authorization": f"Bearer {access}"}
    address = f"{sims.base_url}/google/v4/users/me/identity"
    return requests.get(address, headers=bearer, timeout=10).status_code


def test_a_refresh_gives_a_new_access_token_and_no_refresh_token(sims):
    first = sims.google.grant(1)
    answer = refresh(sims, first["refresh_token"]).json()
    assert set(answer) == {"access_token", "expires_in", "scope", "token_type"}
    assert answer["access_token"] != first["access_token"]
    assert refresh(sims, first["refresh_token"]).status_code == 200


def test_an_access_token_ends_after_3599_seconds(sims):
    access = sims.google.grant(1)["access_token"]
    sims.clock.advance(timedelta(seconds=3598))
    assert identity(sims, access) == 200
    sims.clock.advance(timedelta(seconds=1))
    assert identity(sims, access) == 401


def test_rotation_uses_the_old_refresh_token_up(sims):
    sims.faults.google.rotate_refresh_tokens = True
    old = sims.google.grant(1)["refresh_token"]
    new = refresh(sims, old).json()["refresh_token"]
    assert new != old
    assert refresh(sims, old).json() == DEAD
    assert refresh(sims, new).status_code == 200


def test_an_answer_lost_after_rotation_leaves_nothing_to_go_on_with(sims):
    sims.faults.google.rotate_refresh_tokens = True
    sims.faults.google.lost_answer(person=1, path="/token")
    old = sims.google.grant(1)["refresh_token"]
    with pytest.raises(requests.ConnectionError):
        refresh(sims, old)
    assert refresh(sims, old).json() == DEAD


def test_in_testing_a_refresh_token_dies_after_seven_days(sims):
    sims.faults.google.testing = True
    tokens = sims.google.grant(1)
    assert tokens["refresh_token_expires_in"] == 604_799
    sims.clock.advance(timedelta(days=7, seconds=-1))
    assert refresh(sims, tokens["refresh_token"]).status_code == 200
    sims.clock.advance(timedelta(seconds=1))
    reply = refresh(sims, tokens["refresh_token"])
    assert (reply.status_code, reply.json()) == (400, DEAD)


@pytest.mark.parametrize("by", ["app", "user"])
def test_revocation_ends_refreshing_while_the_access_token_lives_on(sims, by):
    tokens = sims.google.grant(1)
    if by == "app":
        address = f"{sims.base_url}/google/revoke"
        form = {"token": tokens["refresh_token"]}
        assert requests.post(address, data=form, timeout=10).json() == {}
        assert requests.post(address, data=form, timeout=10).status_code == 400
    else:
        assert sims.google.revoke_by_user(1)
    assert refresh(sims, tokens["refresh_token"]).json() == DEAD
    assert identity(sims, tokens["access_token"]) == 200
    sims.faults.google.revoked_at_once = True
    assert identity(sims, tokens["access_token"]) == 401


def test_an_access_token_revokes_the_whole_grant(sims):
    tokens = sims.google.grant(1)
    form = {"token": tokens["access_token"]}
    assert requests.post(f"{sims.base_url}/google/revoke", data=form, timeout=10).status_code == 200
    assert refresh(sims, tokens["refresh_token"]).json() == DEAD


def test_a_refresh_token_that_died_of_age_does_not_end_the_others(sims):
    mine, other = sims.google.grant(1), sims.google.grant(2)
    sims.google.lose_refresh_tokens(1)
    assert refresh(sims, mine["refresh_token"]).json() == DEAD
    assert refresh(sims, other["refresh_token"]).status_code == 200


def test_strangers_get_no_tokens(sims):
    token = sims.google.grant(1)["refresh_token"]
    wrong = refresh(sims, token, **WRONG_SECRET)
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    assert refresh(sims, token, grant_type="password").json()["error"] == "unsupported_grant_type"
    address = f"{sims.base_url}/google/token"
    as_json = requests.post(address, json={"refresh_token": token}, timeout=10)
    assert (as_json.status_code, as_json.json()["error"]) == (400, "invalid_request")


def test_a_server_error_at_the_token_endpoint_is_no_invalid_grant(sims):
    token = sims.google.grant(1)["refresh_token"]
    sims.faults.google.unavailable(502, html=True, path="/token")
    reply = refresh(sims, token)
    assert reply.status_code == 502
    assert reply.headers["Content-Type"].startswith("text/html")
    assert refresh(sims, token).status_code == 200
    assert sims.google.calls[1, "token"] == 2
