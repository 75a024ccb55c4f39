"""The demo's trial put on stage: the protocol in force at two sites, its people at every stage, and what befell them."""

import contextlib
import re
import tempfile
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.cli import living
from hometrial.cli.stage import errands, lives, records, staff, troubles, watches
from hometrial.cli.stage.cast import SITES, ZONES, cast
from hometrial.cli.stage.life import Life
from hometrial.cli.stage.playing import Stage, playing
from hometrial.db import Database
from hometrial.models import AllocationScheme, ProtocolVersion, Site
from hometrial.protocol import consent_text, loading, sealing
from hometrial.protocol.drawing import Seed
from hometrial.services import enrolling
from hometrial.services.agreeing import texts
from hometrial.services.noticing import people, rounds, turns
from hometrial.services.rehearsing import judging
from hometrial.services.syncing import invitations
from hometrial.services.trial import publishing, schemes, sealed

PROTOCOL = "ldn-mecfs"
STAGES = (
    "invited to consent",
    "in the run-in",
    "waiting for the drug",
    "on the drug",
    "on a bad day",
    "has left",
)
RUNNING_IN = 11
_OPENED = 210
"""Days before today on which the trial was opened."""
_SEED = "the demo is the same each time: 75"


def set_up(database: Database, *, worn: bool = True) -> Mapping[str, str]:
    """Put the demo's trial into force with 75 people at every stage; return the code of one person of each.

    `worn`: with the last weeks of their watches, which is most of the time that it takes. A study that has the
    trial already is left as it is.
    """
    with database.reading() as session:
        if publishing.in_force(session, PROTOCOL) is not None:
            known = enrolling.accounts(session, "demo-trial", STAGES)
            return {stage: known[stage].code for stage in STAGES if stage in known}
    with playing(database) as stage:
        stage.at(stage.ago(_OPENED, ZONES["S-01"]))
        version = stage.do("put the demo's trial into force", lambda s: _publish(s, database))
        everybody = [lives.enter(stage, version, part) for part in cast()]
        with _watches(stage, everybody) if worn else contextlib.nullcontext():
            found = _live(stage, version, everybody)
    with database.transaction("demo", "name people of the demo's trial") as session:
        for name, life in found.items():
            person = life.person(session)
            enrolling.link_account(session, person.id, provider="demo-trial", external_id=name)
        staff.engage(session)
    _look(database)
    with database.transaction("staff:stella", f"ask for lock {staff.FIRST_LOCK}") as session:
        staff.ask_for_lock(session)
    return {name: life.code for name, life in found.items()}


def _look(database: Database) -> None:
    """Look once for what calls for somebody, as the worker does each minute."""
    with database.transaction("demo", "open and close work") as session:
        rounds.whole(session)
        found = people.everybody(session)
        for person in found.people:
            turns.notice(session, person, rests=person.id not in found.awake)


@contextlib.contextmanager
def _watches(stage: Stage, everybody: list[Life]) -> Iterator[None]:
    """Take in what people wear meanwhile."""
    study = watches.study_until(stage, len(everybody))
    stage.do("whose watch is whose", lambda s: watches.enrol(s, everybody, study))
    with tempfile.TemporaryDirectory() as folder:
        watches.write(stage, everybody, study, Path(folder))
        process = watches.take_in(stage, Path(folder))
        try:
            yield
        except BaseException:
            process.terminate()
            process.communicate()
            raise
        watches.taken_in(process)


def _live(stage: Stage, version: ProtocolVersion, everybody: list[Life]) -> Mapping[str, Life]:
    """Play everybody up to now; return one person of each stage."""
    for life in everybody:
        lives.come_in(stage, life)
    signed = [life for life in everybody if (life.part.signed or 0) > lives.RUN_IN]
    for life in sorted(signed, key=lambda each: lives.allocated_at(stage, each)):
        lives.allocate(stage, life)
    treated = [life for life in signed if lives.turn(life) is not None]
    for place, life in enumerate(treated):
        lives.take(stage, life, troubles.last_dose_ago(place))
    errands.supply(stage, treated)
    records.on_drug(stage, treated)
    troubles.befall(stage, everybody, treated)
    errands.run(stage, version, everybody)
    for life in everybody:
        if life.part.signed:
            lives.catch_up(stage, life)
    written = {life.code: life.written for life in everybody}
    stage.do("the gate judges the forms", lambda s: judging.accept(s, written))
    return {
        "invited to consent": next(each for each in everybody if each.part.end == "invited"),
        "in the run-in": next(each for each in everybody if each.part.signed == RUNNING_IN),
        "waiting for the drug": next(
            each for each in everybody if each.part.signed == lives.RUN_IN
        ),
        "on the drug": treated[troubles.ON_DRUG],
        "on a bad day": treated[troubles.RESTING],
        "has left": treated[3],
    }


def _publish(session: Session, database: Database) -> ProtocolVersion:
    for code, (name, country, phone) in SITES.items():
        email = f"{name.lower()}@example.org"
        session.add(Site(code=code, name=name, country=country, phone=phone, email=email))
    session.flush()
    body = (
        loading.shipped_text(PROTOCOL)
        .replace("{registry: null, id: null}", "{registry: demo, id: DEMO-0001}")
        .replace("ethics_reference: null", 'ethics_reference: "demo, no committee has seen this"')
        .replace("sites: one, planned: 24", "sites: several, planned: 60")
    )
    version = publishing.load(session, body, "demo.yaml", by=living.STAFF)
    publishing.approve(session, version, by=living.SECOND, because="the demo's trial")
    publishing.publish(session, version)
    for document in publishing.of(version).consent.documents:
        words, quiz = consent_text.shipped(document)
        whole = re.sub(r"\[\[(.+?)\]\]", r"\1 (demo)", words)
        texts.keep(session, version, document, body=whole, quiz=quiz, by=living.STAFF)
    _open_scheme(session, database, version)
    return version


def _open_scheme(session: Session, database: Database, version: ProtocolVersion) -> None:
    """Open the allocation from a seed that anybody can read here: a rehearsal has to go the same way each time."""
    file = sealing.sealed(Seed(_SEED), schemes.design_of(publishing.of(version)))
    scheme = AllocationScheme(
        protocol_version_id=version.id,
        commitment=sealing.commitment(file),
        opened_at=clock.now(),
        opened_by=living.STAFF,
    )
    session.add(scheme)
    session.flush()
    sealed.keep(session, database.settings.key("allocation"), scheme.id, file)


def to_link() -> tuple[str, ...]:
    """Return the codes of the people who have no archive, so that a simulated cloud can be linked to them."""
    return tuple(f"P-{number:04}" for number in watches.LINKED)


def invite(session: Session, code: str) -> str:
    """Return a new link's token for a person of the demo's trial."""
    return invitations.invite(session, living.person_of(session, code), "demo", timedelta(days=7))
