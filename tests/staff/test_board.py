"""What the safety board decided on a lock is recorded by it alone, signed, shown on the lock, and urgent where it is."""

import locks_by_hand
import pytest
import signed_in
from sqlalchemy import text

from hometrial import clock
from hometrial.models import AccessRecord, Alert, BoardDecision
from hometrial.services import enrolling
from hometrial.staff import create_app


@pytest.fixture
def site(study):
    with study.database.transaction("test", "a site") as session:
        enrolling.default_site(session)
        lock = locks_by_hand.lock(session, "DSMB-1")
    app = create_app(study.database)
    app.config.update(WTF_CSRF_ENABLED=False)
    return app, study.database, lock


@pytest.fixture
def dora(site):
    app, database, _ = site
    return signed_in.client(app, database, "dora", ("dsmb",))


def decide(browser, lock, **fields):
    told = {
        "decision": "continue", "met_on": f"{clock.now():%Y-%m-%d}", "because": "no new signal", "root": lock.root,
    }  # fmt: skip
    return browser.post(f"/exports/locks/{lock.number}/decision", data={**told, **fields})


def test_a_decision_is_signed_and_shown_on_the_lock(site, dora):
    app, database, lock = site
    assert "has not said yet" in dora.get(f"/exports/locks/{lock.number}").text
    assert decide(dora, lock).status_code == 303
    shown = signed_in.client(app, database, "ines", ("investigator",)).get(
        f"/exports/locks/{lock.number}"
    )
    assert "no new signal" in shown.text
    assert "signed by Dora" in shown.text
    with database.reading() as session:
        kept = session.query(BoardDecision).one()
        noted = session.query(AccessRecord).filter_by(kind="signed", who="staff:dora").all()
        assert (kept.decision, kept.root, kept.signed_by) == ("continue", lock.root, "staff:dora")
        assert session.query(Alert).count() == 0
    assert noted


def test_a_newer_decision_stands_above_and_to_pause_is_a_red_alert(site, dora):
    app, database, lock = site
    decide(dora, lock)
    assert decide(dora, lock, decision="pause", because="two grade-3 events").status_code == 303
    page = dora.get(f"/exports/locks/{lock.number}").text
    assert page.index("two grade-3 events") < page.index("no new signal")
    ines = signed_in.client(app, database, "ines", ("investigator",))
    assert "recommends to pause" in ines.get("/safety").text
    with database.reading() as session:
        alert = session.query(Alert).one()
        assert (alert.level, alert.owner, alert.participant_id) == ("red", "investigator", None)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"decision": "wait"}, "Not a valid choice"),
        ({"because": "  "}, "reasons are kept with it"),
        ({"met_on": "2099-01-01"}, "has not come yet"),
        ({"root": "0" * 64}, "is not the root of lock"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(site, dora, fields, said):
    _, database, lock = site
    with database.reading() as session:
        before = session.query(BoardDecision).count()
    answer = decide(dora, lock, **fields)
    assert answer.status_code == 422
    assert said in answer.text
    with database.reading() as session:
        assert session.query(BoardDecision).count() == before


@pytest.mark.parametrize("role", ["investigator", "data_manager", "statistician", "admin"])
def test_nobody_else_records_what_the_board_decided(site, role):
    app, database, lock = site
    browser = signed_in.client(app, database, f"the-{role.replace('_', '-')}", (role,))
    assert decide(browser, lock).status_code == 403


def test_the_database_lets_nobody_change_a_decision(site, dora):
    _, database, lock = site
    decide(dora, lock)
    for statement in (
        "UPDATE board_decision SET decision = 'stop'",
        "DELETE FROM board_decision",
    ):
        with (
            pytest.raises(Exception, match="append-only"),
            database.transaction("test", "tamper") as session,
        ):
            session.execute(text(statement))
