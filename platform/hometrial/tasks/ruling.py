"""The worker's job about rules: a change of a limit is rehearsed, or published, over all that is stored."""

from uuid import UUID

import procrastinate

from hometrial.errors import TrialError
from hometrial.models import RuleRehearsal
from hometrial.services.rehearsing_rules import rehearsing
from hometrial.services.rehearsing_rules.drafting import PUBLICATION
from hometrial.services.rehearsing_rules.trying import Tried
from hometrial.tasks import engine
from hometrial.tasks.engine import House
from hometrial_validation.verdict import GateError

ACTOR = "worker:rules"


@engine.app.task(name="try rule", pass_context=True, lock="try rule")
def try_rule(context: procrastinate.JobContext, rehearsal: str) -> None:
    """Run a rehearsal or a publication that somebody asked for."""
    try_rule_now(engine.house(context), UUID(rehearsal))


def try_rule_now(house: House, rehearsal: UUID) -> None:
    """Run it; what goes wrong is kept with it, for whoever asked."""
    with house.database.transaction(ACTOR, "a change of a rule") as session:
        rehearsing.begin(session, rehearsal)
        kind = session.get_one(RuleRehearsal, rehearsal).kind
    try:
        _publish(house, rehearsal) if kind == PUBLICATION else _rehearse(house, rehearsal)
    except (TrialError, GateError) as error:
        with house.database.transaction(ACTOR, "a change of a rule") as session:
            rehearsing.fail(session, rehearsal, str(error))


def _rehearse(house: House, rehearsal: UUID) -> None:
    found, told = Tried(), 0
    with house.database.reading() as session:
        for found in rehearsing.judge(session, rehearsal):
            if len(found.people) > told:
                told = len(found.people)
                with house.database.transaction(ACTOR, "a change of a rule") as writing:
                    rehearsing.progress(writing, rehearsal, told)
    with house.database.transaction(ACTOR, "a change of a rule") as session:
        rehearsing.finish(session, rehearsal, found)


def _publish(house: House, rehearsal: UUID) -> None:
    with house.database.transaction(ACTOR, "a change of a rule is published") as session:
        rehearsing.publish(session, rehearsal)
