"""Who lets the time to sign anew go by gets no new drug until they sign; their safety is still reported."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from agreed import ACT, NOON, filled
from dosed import ANSWERS

from hometrial import clock
from hometrial.models import Lot, Participant, Product
from hometrial.protocol import consent_text, loading
from hometrial.protocol.dosing.refusing import SupplyRefusedError
from hometrial.protocol.dosing.supply import Move
from hometrial.protocol.safety.details import Details
from hometrial.services import enrolling
from hometrial.services.agreeing import reconsenting, texts
from hometrial.services.dosing import supplying
from hometrial.services.dosing.supplying import Moved, Shipped
from hometrial.services.safety import reporting
from hometrial.services.safety.reporting import Said
from hometrial.services.trial import answering, publishing, screening
from hometrial.services.trial.answering import Told

SERIES = (
    loading.shipped_text("ldn-case-series")
    .replace("{registry: null, id: null}", "{registry: ISRCTN, id: ISRCTN00000000}")
    .replace("ethics_reference: null", 'ethics_reference: "EK 17/2026"')
)
START = SERIES.index("    - id: main\n")
END = SERIES.index("  quiz: {questions:", START)
NEWER = (
    SERIES[:END]
    + SERIES[START:END]
    .replace("version: 1.0.0", "version: 1.1.0")
    .replace("impact: none", "impact: reconsent")
    .replace("affects: new", "affects: on_drug")
    + SERIES[END:]
).replace("version: 1.0.0", "version: 1.1.0", 1)


@pytest.fixture
def person(trial):
    """Somebody who signed, with an arm."""
    opened = screening.open_screening(trial.session, trial.publish(SERIES), by="ann")
    found = trial.session.get_one(Participant, opened.participant_id)
    enrolling.set_zone(trial.session, found, "Europe/Berlin", source="test")
    offer = trial.offer(found)
    trial.understand(found, offer)
    trial.sign(found, offer, ACT)
    answering.answer(trial.session, opened, ANSWERS, Told("ann"))
    screening.decide(trial.session, opened, by="ann")
    return found


@pytest.fixture
def lot(trial):
    product = Product(
        protocol="ldn-case-series",
        formulation="cap",
        strength=Decimal("0.5"),
        name="naltrexone",
        excipients=["microcrystalline cellulose"],
        lowest_c=None,
        highest_c=None,
        by="ph",
        at=clock.now(),
    )
    trial.session.add(product)
    trial.session.flush()
    made = Lot(
        code="C05",
        product_id=product.id,
        maker="pharmacy",
        made_on=date(2026, 1, 1),
        use_by=date(2026, 12, 31),
        certificate_sha256=None,
        by="ph",
        at=clock.now(),
    )
    trial.session.add(made)
    trial.session.flush()
    supplying.receive(trial.session, made, Shipped("S-01", Decimal(100), date(2026, 3, 1)), by="ph")
    return made


def test_after_the_grace_period_nothing_is_dispensed_until_they_sign(trial, person, lot, at_clock):
    def dispense():
        what = Moved(Move.DISPENSED, Decimal(5), "S-01", person)
        return supplying.move(trial.session, lot, what, by="ph")

    dispense()
    version = publishing.load(trial.session, NEWER, "trial.yaml", by="ann")
    publishing.approve(trial.session, version, by="bob", because="reviewed")
    publishing.publish(trial.session, version)
    for document in publishing.of(version).consent.documents:
        words, quiz = consent_text.shipped(document)
        body = filled(words) + ("" if document.version == "1.0.0" else "\nSomething new.\n")
        texts.keep(trial.session, version, document, body=body, quiz=quiz, by="ann")
    at_clock(NOON + timedelta(days=14))
    dispense()
    at_clock(NOON + timedelta(days=14, seconds=1))
    with pytest.raises(SupplyRefusedError, match="has not signed the new version in time"):
        dispense()
    nurse = Said("dr-a", "contact", "staff", clock.now())
    assert reporting.report(trial.session, person, Details(verbatim="head"), nurse).number == 1
    (asked,) = reconsenting.due(trial.session, person, is_on_drug=True)
    trial.read(person, asked.offer)
    trial.sign(person, asked.offer)
    dispense()
