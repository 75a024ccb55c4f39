"""What is due of one person by their own protocol becomes work, and closes when it is done; who rests is left in peace."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import agreed
import asked
import dosed
import pytest

from hometrial import clock
from hometrial.models import Lot, Pause, Product
from hometrial.protocol import consent_text
from hometrial.protocol.dosing.supply import Move
from hometrial.services import enrolling, working
from hometrial.services.agreeing import reconsenting, texts
from hometrial.services.agreeing.sealing import Keys
from hometrial.services.asking import opening, saving, submitting
from hometrial.services.asking.saving import Entry
from hometrial.services.dosing import supplying
from hometrial.services.dosing.supplying import Moved, Shipped
from hometrial.services.noticing import turns
from hometrial.services.trial import following, publishing

LATER = agreed.NOON + timedelta(days=30)


def work(session, person, *, rests=False):
    """Look at a person as the worker does, and return their open work by kind."""
    turns.notice(session, person, rests=rests)
    return {each.item.kind: each.item.reason for each in working.open_items(session, person.id)}


@pytest.fixture
def trial(study, at_clock):
    at_clock(agreed.NOON)
    with study.database.transaction("test", "consent") as session:
        yield agreed.Trial(session, Keys.of(study.database.settings))


def revise(trial):
    """Put a version into force that everybody signs anew."""
    version = publishing.load(
        trial.session, agreed.revised("reconsent", "all"), "trial.yaml", by="ann"
    )
    publishing.approve(trial.session, version, by="bob", because="reviewed")
    publishing.publish(trial.session, version)
    for document in publishing.of(version).consent.documents:
        words, quiz = consent_text.shipped(document)
        edit = agreed.filled if document.version == "1.0.0" else agreed.dizzy
        texts.keep(trial.session, version, document, body=edit(words), quiz=quiz, by="ann")


def test_a_new_consent_is_work_until_it_is_signed(trial, at_clock):
    anna, _ = trial.signed(trial.publish())
    at_clock(LATER)
    assert "reconsent" not in work(trial.session, anna)
    revise(trial)
    reason = work(trial.session, anna)["reconsent"]
    assert reason.startswith("consent 1.1.0 is not signed yet (signed: 1.0.0), asked since ")
    assert work(trial.session, anna, rests=True)["reconsent"] == reason
    # Their own page asks them; somebody speaks with them when the time is nearly over.
    asleep = {each.item.kind: each.is_asleep for each in working.open_items(trial.session, anna.id)}
    assert asleep["reconsent"]
    at_clock(LATER + timedelta(days=11, minutes=1))
    work(trial.session, anna)
    asleep = {each.item.kind: each.is_asleep for each in working.open_items(trial.session, anna.id)}
    assert not asleep["reconsent"]
    (due,) = reconsenting.due(trial.session, anna, is_on_drug=False)
    trial.read(anna, due.offer)
    trial.sign(anna, due.offer)
    assert "reconsent" not in work(trial.session, anna)


@dataclass
class Diarist:
    session: object
    person: object
    at_clock: object

    def at(self, day, hour=12):
        self.at_clock(datetime(2026, 3, day, hour, tzinfo=UTC))

    def fills_in(self, day):
        name = f"ldn_diary@2026-03-{day:02}"
        sitting = opening.open_form(self.session, self.person, "ldn_diary", name, asked.SELF)
        for item, value in {"dose_taken": 1, "crash": 0, "new_problem": 0, "fatigue": 5, "pain": 5,
                            "thinking": 4, "sleep": 6, "dreams": 1}.items():  # fmt: skip
            saving.save(self.session, self.person, sitting.id, Entry(item, value))
        submitting.submit(self.session, self.person, sitting.id)


@pytest.fixture
def diarist(study, at_clock):
    at_clock(asked.MORNING)
    with study.database.transaction("test", "diaries") as session:
        person = asked.in_trial(session, consent=date(2026, 3, 2))
        following.anchor(session, person, "run_in_start", date(2026, 3, 2), because="test")
        yield Diarist(session, person, at_clock)


def test_diaries_that_do_not_come_are_asked_about_after_three_and_forgotten_with_the_next(diarist):
    diarist.at(3, 18)
    diarist.fills_in(3)
    diarist.at(6)
    assert "diary_missing" not in work(diarist.session, diarist.person)
    diarist.at(7)
    assert "diary_missing" in work(diarist.session, diarist.person)
    diarist.at(7, 18)
    diarist.fills_in(7)
    diarist.at(8)
    assert "diary_missing" not in work(diarist.session, diarist.person)


def test_diaries_are_not_asked_of_who_rests_nor_counted_for_the_time_of_a_rest(diarist):
    diarist.at(9)
    assert "diary_missing" in work(diarist.session, diarist.person)
    assert "diary_missing" not in work(diarist.session, diarist.person, rests=True)
    diarist.session.add(
        Pause(participant_id=diarist.person.id, start_at=datetime(2026, 3, 1, tzinfo=UTC),
              end_at=datetime(2026, 3, 9, 6, tzinfo=UTC), reason="in hospital")
    )  # fmt: skip
    diarist.session.flush()
    assert "diary_missing" not in work(diarist.session, diarist.person)


@pytest.fixture
def taker(study, at_clock):
    at_clock(datetime(2026, 3, 2, 7, tzinfo=UTC))
    with study.database.transaction("test", "people") as session:
        person = dosed.eligible(session)
    return dosed.Dosed(study, at_clock, person)


def shelf(study):
    """Put capsules of a quarter of a milligram on the shelf, and return their lot."""
    with study.database.transaction("test", "supply") as session:
        product = Product(
            protocol="ldn-case-series", formulation="liq", strength=Decimal(1), name="naltrexone",
            excipients=[], lowest_c=None, highest_c=None, by="ph", at=clock.now(),
        )  # fmt: skip
        session.add(product)
        session.flush()
        lot = Lot(
            code="B1", product_id=product.id, maker="pharmacy", made_on=date(2026, 1, 1),
            use_by=date(2026, 9, 1), certificate_sha256=None, by="ph", at=clock.now(),
        )  # fmt: skip
        session.add(lot)
        session.flush()
        supplying.receive(session, lot, Shipped("S-01", Decimal(100), dosed.day(-2)), by="ph")
        return lot


def give(study, taker, lot, units):
    with study.database.transaction("test", "supply") as session:
        moved = Moved(Move.DISPENSED, Decimal(units), "S-01", taker.person)
        supplying.move(session, lot, moved, by="ph")


def of_taker(study, taker):
    with study.database.transaction("worker:notice", "look") as session:
        return work(session, taker.person)


def test_drug_that_runs_out_is_work_until_more_is_given_out(study, taker):
    lot = shelf(study)
    taker.at(0).start()
    assert "supply_low" not in of_taker(study, taker), "nothing was ever given out here"
    give(study, taker, lot, 3)  # a quarter of a millilitre a day: twelve days
    assert "supply_low" not in of_taker(study, taker)
    taker.took_each(range(6))
    taker.at(6, 8)
    assert of_taker(study, taker)["supply_low"].startswith("the drug lasts until 2026-03-")
    give(study, taker, lot, 9)
    assert "supply_low" not in of_taker(study, taker)


def test_nothing_is_due_of_who_is_in_no_trial_or_gone(study, at_clock):
    at_clock(asked.MORNING)
    with study.database.transaction("test", "people") as session:
        stranger = enrolling.add_participant(session)
        assert work(session, stranger) == {}
        gone = asked.in_trial(session, consent=date(2026, 2, 1))
        following.anchor(session, gone, "run_in_start", date(2026, 2, 2), because="test")
        assert work(session, gone) != {}
        gone.status = "lost_to_follow_up"
        assert work(session, gone) == {}
