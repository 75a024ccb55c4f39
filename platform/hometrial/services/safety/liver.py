"""A liver value that is too high calls for a clinician at once, by the protocol's own rule."""

import math
from datetime import timedelta

from sqlalchemy.orm import Session

from hometrial import rules
from hometrial.models import LaboratoryResult, Participant
from hometrial.protocol.analysis import Alert
from hometrial.protocol.model import Protocol
from hometrial.services.safety import alerting
from hometrial.services.safety.alerting import Values
from hometrial.services.trial import following

_TRANSAMINASES = ("alt", "ast")
_MULTIPLE = "alt_or_ast_xuln"
"""What protocols call the higher of ALT and AST, as a multiple of the upper limit of normal."""
_RULE, _HIGH = "LV1", 3
"""The product's own rule, and above which multiple it calls, where a protocol has none about these values."""


def watch(session: Session, person: Participant, row: LaboratoryResult) -> tuple[str, ...]:
    """Raise what an ALT or AST sets off, and return the rules that it set off.

    What is told as below a number is judged as that number: that it is as high cannot be ruled out.
    """
    times = row.multiple
    if row.analyte not in _TRANSAMINASES or times is None:
        return ()
    judged = float(times) if row.above is None else math.nextafter(float(times), math.inf)
    values: Values = {
        "said": f"{row.analyte.upper()} {row.found} {row.unit}, upper limit {row.upper_limit}",
        row.analyte: float(row.found),
        "upper_limit": None if row.upper_limit is None else float(row.upper_limit),
        "times_upper_limit": round(float(times), 3),
        "result": str(row.id),
    }
    protocol = following.protocol_of(session, person)
    own = [each for each in protocol.alerts if _is_about_the_liver(each)]
    if own:
        found = [each for each in own if _holds(each, judged)]
        return tuple(_raised(session, person, protocol, each, values) for each in found)
    if judged <= _HIGH:
        return ()
    return (alerting.raise_alert(session, person, rule=_RULE, level="red", values=values).rule,)


def _is_about_the_liver(alert: Alert) -> bool:
    return alert.days is None and _MULTIPLE in rules.names(rules.parse(alert.when))


def _holds(alert: Alert, times: float) -> bool:
    return rules.decide(rules.parse(alert.when), {_MULTIPLE: times}).holds is True


def _raised(
    session: Session, person: Participant, protocol: Protocol, alert: Alert, values: Values
) -> str:
    response = alerting.Response(
        alert.text,
        alert.goes_to,
        timedelta(hours=alert.within_hours),
        f"{protocol.id} {protocol.version}",
    )
    # A protocol may call it work; a value like this is looked at within its time all the same.
    level = "red" if alert.level == "task" else alert.level
    alerting.raise_alert(
        session, person, rule=alert.id, level=level, values=values, response=response
    )
    return alert.id
