"""How a site is reached, typed by the staff."""

import json

import pytest


@pytest.fixture
def run(typed, study):
    """Type a command; it must end with this exit code. Return what it printed."""

    def checked(*arguments, code=0):
        ended, out, err = typed(study, *arguments)
        assert ended == code, out + err
        assert "Traceback" not in err
        return err if code else out

    return checked


def test_a_site_is_named_reached_changed_and_listed(run):
    assert "no site yet" in run("site", "list")
    told = ("--phone", "+49 30 450 50", "--hours", "Weekdays, 9 to 15")
    made = run("site", "set", "S-02", "--name", "Centre B", *told)
    assert made == "S-02: kept\nstill without email: people on their page do not see it\n"
    run("site", "set", "S-02", "--email", "b@example.org", "--hours", "")
    assert run("site", "list") == "S-02     Centre B: +49 30 450 50, b@example.org, no hours\n"
    assert json.loads(run("site", "list", "--json")) == [
        {
            "site": "S-02",
            "name": "Centre B",
            "phone": "+49 30 450 50",
            "email": "b@example.org",
            "hours": None,
        }
    ]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("S-02",), "nothing to set"),
        (("S-02", "--phone", "+49 30 1"), "S-02 is new: give its --name"),
        (("S-02", "--name", " "), "needs a name"),
        (("S-02", "--name", "B", "--phone", "ask at the desk"), "cannot be dialled"),
        (("S-02", "--name", "B", "--email", "nobody"), "is no address"),
        ((" ", "--name", "B"), "code of a site is empty"),
    ],
)
def test_what_reaches_nobody_is_refused_with_the_way_out(run, arguments, says):
    assert says in run("site", "set", *arguments, code=2)
    assert "no site yet" in run("site", "list")
