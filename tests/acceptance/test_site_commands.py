"""How a site is reached, typed by the staff."""

import json

import enrolled
import pytest

from hometrial.protocol import loading
from hometrial.services import enrolling, reaching


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
    assert made == (
        "S-02: kept\nstill without email: people on their page do not see it\n"
        "still without country: data sets cannot say where its people are\n"
    )
    run("site", "set", "S-02", "--email", "b@example.org", "--hours", "", "--country", "de")
    assert (
        run("site", "list") == "S-02     Centre B (DEU): +49 30 450 50, b@example.org, no hours\n"
    )
    assert json.loads(run("site", "list", "--json")) == [
        {
            "site": "S-02",
            "country": "DEU",
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
        (("S-02", "--name", "B", "--country", "XX"), "'XX' is no country"),
        ((" ", "--name", "B"), "code of a site is empty"),
    ],
)
def test_what_reaches_nobody_is_refused_with_the_way_out(run, arguments, says):
    assert says in run("site", "set", *arguments, code=2)
    assert "no site yet" in run("site", "list")


def test_a_site_is_added_once_by_a_code_and_a_name(run):
    assert run("site", "add", "S-02", "--name", "Centre B", "--phone", "+49 30 1") == (
        "S-02: added\nstill without email, hours: people on their page do not see it\n"
        "still without country: data sets cannot say where its people are\n"
    )
    assert "S-02 is there already; `hometrial site set S-02`" in run(
        "site", "add", "S-02", "--name", "Centre C", code=2
    )
    assert "'s 3' is no code" in run("site", "add", "s 3", "--name", "Centre C", code=2)
    assert "needs a name" in run("site", "add", "S-03", "--name", " ", code=2)
    assert "cannot be dialled" in run("site", "add", "S-03", "--name", "C", "--phone", "x", code=2)
    assert "--name" in run("site", "add", "S-03", code=2)
    assert [row["site"] for row in json.loads(run("site", "list", "--json"))] == ["S-02"]


@pytest.fixture
def several(run, study):
    """Three sites, and the protocol of several sites in force."""
    for code, name in (("S-01", "Leuven"), ("S-02", "Graz"), ("S-03", "Basel")):
        run("site", "add", code, "--name", name)
    with study.database.transaction("test", "a protocol") as session:
        enrolled.published(session, loading.shipped_text("ldn-ms"))


def screened(run, *site):
    return run("screening", "open", "ldn-ms", "--zone", "Europe/Berlin", *site).strip()


def site_of(study, code):
    with study.database.reading() as session:
        return reaching.site_of(session, enrolling.find_participant(session, code)).code


def test_with_several_sites_a_new_person_is_enrolled_at_the_one_that_is_named(run, study, several):
    for unnamed in (
        ("screening", "open", "ldn-ms", "--zone", "Europe/Berlin"),
        ("participant", "add"),
    ):
        assert "3 sites, so say at which: --site S-01, S-02, S-03" in run(*unnamed, code=2)
        assert "no site 'S-9', there are S-01, S-02" in run(*unnamed, "--site", "S-9", code=2)
    assert study.one("SELECT count(*) FROM participant") == 0
    assert site_of(study, screened(run, "--site", "S-03")) == "S-03"
    assert site_of(study, run("participant", "add", "--site", "S-02").strip()) == "S-02"
    known = ("screening", "open", "ldn-ms", "--participant", "P-0002")
    assert "P-0002 is a person of site S-02, not of S-01" in run(*known, "--site", "S-01", code=2)
    assert run(*known) == "P-0002\n"  # who is known has a site


def test_the_only_site_needs_no_name_whatever_its_code(run, study):
    run("site", "add", "S-07", "--name", "Oslo")
    assert site_of(study, run("participant", "add").strip()) == "S-07"
    assert len(json.loads(run("site", "list", "--json"))) == 1


def test_screenings_and_the_flow_of_people_are_told_by_site(run, several):
    codes = [screened(run, "--site", site) for site in ("S-01", "S-02", "S-02")]
    run("screening", "decide", codes[1], "--declined", "too far")
    told = {
        site: json.loads(run("screening", "log", "ldn-ms", "--json", *site))
        for site in ((), ("--site", "S-01"), ("--site", "S-02"), ("--site", "S-03"))
    }
    counts = [(each["flow"]["assessed"], each["flow"]["declined"]) for each in told.values()]
    assert counts == [(3, 1), (1, 0), (2, 1), (0, 0)]
    assert [each["site"] for each in told[()]["screenings"]] == ["S-01", "S-02", "S-02"]
    assert [each["code"] for each in told["--site", "S-02"]["screenings"]] == codes[1:]
    assert f"{codes[2]} #1  S-02" in run("screening", "log", "ldn-ms")
    assert "no site 'S-9'" in run("screening", "log", "ldn-ms", "--site", "S-9", code=2)
