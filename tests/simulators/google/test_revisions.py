"""G13: points with a name: revised under it, deleted by the person."""

from datetime import UTC, datetime, timedelta


def sessions(client):
    return {point["name"]: point for point in client.points("sleep")}


def test_a_session_is_revised_under_its_name_with_a_new_update_time(sims, client):
    night = next(n for n in sims.truth.records(4, "sleep").nights if n.main and not n.edited)
    one = client(4)
    (name, before), *_ = [
        each for each in sessions(one).items() if each[0].endswith(f"/{night.id}")
    ]
    sims.truth.correct(4, night.id)
    after = sessions(one)[name]
    assert after["sleep"]["updateTime"] > before["sleep"]["updateTime"]
    assert after["sleep"]["createTime"] == before["sleep"]["createTime"]
    assert after["sleep"]["metadata"]["manuallyEdited"]
    start = after["sleep"]["interval"]["startTime"]
    assert start > before["sleep"]["interval"]["startTime"]
    assert after["sleep"]["stages"][0]["startTime"] == start


def test_a_session_gets_its_stages_later(sims, client):
    day, found = next(
        (day, versions)
        for day in sims.truth.scene.dates()
        for versions in sims.truth.day(4, day).nights
        if versions[2].kind == "stages"
    )
    seen = []
    for version in found[1:3]:
        sims.clock.set(datetime.fromtimestamp(version.seen_from, UTC))
        (own,) = [p["sleep"] for n, p in sessions(client(4)).items() if n.endswith(found[0].id)]
        seen.append((own["type"], own["metadata"].get("processed", False)))
    assert seen == [("CLASSIC", False), ("STAGES", True)]
    assert day


def test_one_point_can_be_got_by_its_name_and_is_gone_when_it_is_deleted(sims, client):
    one = client(1)
    newest, *rest = one.points("weight")
    path = newest["name"].replace(f"users/{sims.google.account_id(1)}/", "")
    assert one.get(path).json() == newest
    sims.truth.delete(1, "weight", newest["name"].rpartition("/")[2])
    sims.clock.advance(timedelta(seconds=1))
    assert one.get(path).status_code == 404
    assert one.points("weight") == rest
