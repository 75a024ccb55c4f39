"""Alerts: which rules of an instrument hold, at one saved answer and at the whole form."""

from hometrial.questionnaires.answers import Answers
from hometrial.questionnaires.conditions import holds, parse
from hometrial.questionnaires.instrument import Alert, Instrument
from hometrial.questionnaires.scoring import Scored
from hometrial.rules import names


def raised_by_answer(instrument: Instrument, item: str, answers: Answers) -> tuple[Alert, ...]:
    """Return the alerts to raise now that this item is saved, with all answers so far.

    Only rules that name the item are tried, so that saving another answer raises nothing twice.
    """
    return tuple(
        alert
        for alert in instrument.alerts
        if alert.on == "item_saved" and item in names(parse(alert.when)) and _holds(alert, answers)
    )


def raised_by_form(instrument: Instrument, answers: Answers, scored: Scored) -> tuple[Alert, ...]:
    """Return the alerts that the submitted form raises by its answers and scores."""
    values = {**answers, **scored.scores}
    return tuple(
        alert for alert in instrument.alerts if alert.on == "submitted" and _holds(alert, values)
    )


def _holds(alert: Alert, values: Answers) -> bool:
    return holds(parse(alert.when), values) is True
