"""What the site of the demo did beside: the drug sent out, calls, messages, a new version of the words to sign."""

import re
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.cli import living
from hometrial.cli.stage.agreeing import sign_anew
from hometrial.cli.stage.cast import ZONES
from hometrial.cli.stage.life import Life
from hometrial.cli.stage.playing import Stage
from hometrial.models import ProtocolVersion
from hometrial.protocol import consent_text
from hometrial.protocol.dosing.supply import Move
from hometrial.services.agreeing import standing, texts
from hometrial.services.agreeing.sealing import Keys
from hometrial.services.dosing import registering, supplying
from hometrial.services.dosing.registering import NewLot, NewProduct
from hometrial.services.dosing.supplying import Moved, Shipped
from hometrial.services.messaging import states
from hometrial.services.messaging.states import Draft, Step, Topic
from hometrial.services.trial import contacting, publishing
from hometrial.services.trial.contacting import Spoke

_BOTTLE, _LITTLE = Decimal(400), Decimal(14)
"""Millilitres that people are sent, and those of whom the drug runs low."""
LOW = (1, 5)
"""Places among those on the drug who have little left."""
_REFUSED, _DELAYED = 550, 451


def run(stage: Stage, version: ProtocolVersion, everybody: Sequence[Life]) -> None:
    """Do all errands."""
    _call(stage, everybody)
    _write(stage, [life for life in everybody if life.part.signed])
    _words(stage, version, everybody)


def supply(stage: Stage, treated: Sequence[Life]) -> None:
    """Have the drug delivered, and sent to everybody whose turn it is."""
    stage.at(stage.ago(190, ZONES["S-01"]))
    day = stage.ago(190, ZONES["S-01"]).date()

    def deliver(session: Session) -> None:
        bottle = NewProduct(
            version_name(session), "liq", Decimal(1), "Naltrexone solution 1 mg/mL",
            ("water", "glycerol"), Decimal(2), Decimal(8),
        )  # fmt: skip
        product = registering.add_product(session, bottle, by=living.STAFF)
        for site in ZONES:
            new = NewLot(
                f"L26-{site}",
                "Compounding pharmacy",
                day - timedelta(days=20),
                day + timedelta(days=420),
            )
            lot = registering.add_lot(session, product, new, by=living.STAFF)
            shipped = Shipped(
                site,
                Decimal(12_000),
                day - timedelta(days=2),
                "courier",
                "",
                Decimal(3),
                Decimal(6),
            )
            supplying.receive(session, lot, shipped, by=living.STAFF)

    stage.do("the drug is delivered", deliver)
    for place, life in enumerate(treated):
        stage.at(stage.ago((life.began or 0) + 1, life.part.zone, 8))
        units = _LITTLE if place in LOW else _BOTTLE
        stage.do("the drug is sent", lambda s: _dispense(s, life, units))  # noqa: B023 - done at once


def version_name(session: Session) -> str:
    """Return the name of the trial on stage."""
    return next(each.protocol for each in publishing.versions(session) if not each.is_test)


def _dispense(session: Session, life: Life, units: Decimal) -> None:
    lot = supplying.find_lot(session, f"L26-{life.part.site}")
    what = Moved(Move.DISPENSED, units, life.part.site, life.person(session), "in the evening")
    supplying.move(session, lot, what, by=living.STAFF)


def _call(stage: Stage, everybody: Sequence[Life]) -> None:
    for life in everybody:
        number = life.part.number
        ago = min(life.part.asked, 2 + number % 9)
        at = stage.ago(ago, life.part.zone, 10 + number % 6)
        if number % 2 or at >= stage.today:
            continue
        stage.at(at)
        reached = number % 6 != 0
        next_on = (at + timedelta(days=2 if reached else 1)).date() if number % 4 == 0 else None
        spoke = Spoke(
            at, "phone", living.STAFF, "reached" if reached else "no_answer",
            note="asked how it goes" if reached else None,
            next_on=next_on, next_step=None if next_on is None else "call again",
        )  # fmt: skip
        stage.do(
            "a call",
            lambda s: (
                contacting.log(s, life.person(s), spoke, recorded_by=living.STAFF)  # noqa: B023 - done at once
                if not _is_gone(s, life)  # noqa: B023
                else None
            ),
        )


def _is_gone(session: Session, life: Life) -> bool:
    return bool(
        {"stop_contact", "withdraw_completely"} & standing.choices(session, life.person(session))
    )


def _write(stage: Stage, signed: Sequence[Life]) -> None:
    """Let reminders of the last days have been sent, and of some people have failed."""
    for life in signed[::2]:
        for ago in range(min(5, life.part.signed or 0), 0, -1):
            at = stage.ago(ago, life.part.zone, 18)
            stage.at(at)
            stage.do("a reminder", lambda s: _remind(s, life, f"{at:%Y-%m-%d}", ago))  # noqa: B023 - done at once


def _remind(session: Session, life: Life, day: str, ago: int) -> None:
    now = clock.now()
    topic = Topic("reminder", f"ldn_diary@{day}", "opens", now + timedelta(hours=8), "ldn_diary")
    draft = Draft(life.person(session).id, "reminder", "email", "en", "plan")
    message = states.keep(session, draft, [topic], Step("planned", "plan", next_at=now))
    states.record(session, message, Step("sending", "worker"))
    number = life.part.number
    if number % 11 == 0 and ago <= 2:
        said = "mailbox does not exist"
        states.record(session, message, Step("refused", "worker", code=_REFUSED, reason=said))
    elif number % 13 == 0 and ago == 1:
        said = "the server asks to try again later"
        states.record(
            session, message, Step("delayed", "worker", now + timedelta(days=2), _DELAYED, said)
        )
    else:
        states.record(session, message, Step("sent", "worker", code=250))


def _words(stage: Stage, version: ProtocolVersion, everybody: Sequence[Life]) -> None:
    """Put a version into force that everybody has to sign anew; half of them have."""
    stage.at(stage.ago(9, ZONES["S-01"]))
    newer = stage.do("new words to sign", lambda s: _publish(s, version))
    signed = [life for life in everybody if (life.part.signed or 0) > 10]
    keys = Keys.of(stage.database.settings)
    for life in signed:
        if life.part.number % 5 and life.began != 0:
            stage.at(stage.ago(2 + life.part.number % 6, life.part.zone, 11))
            stage.do("a person signs anew", lambda s: sign_anew(s, keys, life))  # noqa: B023 - done at once
    assert newer.state == "published"  # noqa: S101 - people sign what is in force


def _publish(session: Session, version: ProtocolVersion) -> ProtocolVersion:
    found = session.merge(version, load=False)
    head, consent = found.body.split("\nconsent:\n", 1)
    consent = consent.replace("version: 1.0.0", "version: 1.1.0").replace(
        "impact: none\n      affects: new", "impact: reconsent\n      affects: all"
    )
    body = head.replace("\nversion: 1.0.0", "\nversion: 1.1.0") + "\nconsent:\n" + consent
    newer = publishing.load(session, body, "demo.yaml", by=living.STAFF)
    publishing.approve(session, newer, by=living.SECOND, because="a sentence on sleep was added")
    publishing.publish(session, newer)
    for document in publishing.of(newer).consent.documents:
        words, quiz = consent_text.shipped(document)
        whole = re.sub(r"\[\[(.+?)\]\]", r"\1 (demo)", words)
        texts.keep(session, newer, document, body=whole, quiz=quiz, by=living.STAFF)
    return newer
