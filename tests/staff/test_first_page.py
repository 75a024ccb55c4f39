"""Whoever comes in is shown an area that they may see, and no refusal."""

import pytest


@pytest.mark.parametrize(
    ("role", "area"),
    [
        ("statistician", "/people"),
        ("monitor", "/people"),
        ("dsmb", "/exports"),
        ("admin", "/audit"),
    ],
)
def test_who_has_no_work_of_the_day_is_led_to_the_first_area_of_theirs(as_role, role, area):
    browser = as_role(role)
    answer = browser.get("/")
    assert (answer.status_code, answer.location) == (303, area)
    assert browser.get(area, follow_redirects=True).status_code == 200


def test_who_has_work_of_the_day_sees_it(as_role):
    assert as_role("coordinator").get("/").status_code == 200
