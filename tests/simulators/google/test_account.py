"""G10: identity, profile, settings and devices."""

from datetime import UTC, datetime, timedelta


def test_the_identity_names_both_ids_or_only_the_new_one(sims, client):
    one = client(2)
    told = one.get("identity").json()
    assert told == {
        "name": "users/me/identity",
        "healthUserId": sims.google.account_id(2),
        "legacyUserId": sims.fitbit.account_id(2),
    }
    sims.faults.google.no_legacy_ids = True
    assert "legacyUserId" not in one.get("identity").json()


def test_the_profile_says_neither_zone_nor_birth_nor_sex(client):
    told = client().get("profile").json()
    assert set(told) == {"name", "age", "membershipStartDate", "autoWalkingStrideLengthMm"}


def test_the_settings_tell_the_present_zone_and_follow_a_journey_at_the_next_sync(sims, client):
    _, away, _ = sims.truth.holder(4).person.zones
    syncs = [int(s) for s in sims.truth.syncs(4) if s >= away.from_at]
    one = client(4)
    assert client(3).get("settings").json()["timeZone"] == "Asia/Kolkata"
    sims.clock.set(datetime.fromtimestamp(syncs[0] - 1, UTC))
    assert client(4).get("settings").json()["timeZone"] == "Europe/Berlin"
    sims.clock.set(datetime.fromtimestamp(syncs[0], UTC))
    told = client(4).get("settings").json()
    assert told["timeZone"] == away.zone == "America/New_York"
    assert told["utcOffset"] in ("-18000s", "-14400s")
    assert one.base == client(4).base


def test_the_last_sync_moves_with_the_clock(sims, client):
    before, after = (int(s) for s in sims.truth.syncs(4)[40:42])
    sims.clock.set(datetime.fromtimestamp(after - 1, UTC))
    one = client(4)

    def last():
        (device,) = one.get("pairedDevices").json()["pairedDevices"]
        return datetime.fromisoformat(device["lastSyncTime"]).timestamp()

    assert last() == before
    sims.clock.advance(timedelta(seconds=1))
    assert last() == after


def test_after_a_swap_the_account_has_two_devices_of_which_one_goes_on(client):
    old, new = client(1).get("pairedDevices").json()["pairedDevices"]
    assert (old["deviceVersion"], new["deviceVersion"]) == ("Charge 6", "Pixel Watch 3")
    assert old["lastSyncTime"] < new["lastSyncTime"]


def test_devices_come_in_pages_and_one_by_one(client):
    one = client(1)
    first = one.get("pairedDevices", pageSize=1).json()
    second = one.get("pairedDevices", pageSize=1, pageToken=first["nextPageToken"]).json()
    assert "nextPageToken" not in second
    (device,) = second["pairedDevices"]
    device_id = device["name"].rpartition("/")[2]
    assert one.get(f"pairedDevices/{device_id}").json() == device
    assert one.get("pairedDevices/0").status_code == 404
