"""Everything that is named exists, once."""

from collections.abc import Iterator

from hometrial.protocol.checks.fault import Fault, Known, Place, absent, twice, unknown
from hometrial.protocol.model import Protocol
from hometrial.protocol.outcomes import FormOutcome, Outcome, WearableOutcome
from hometrial.protocol.variables import Origin

_SECTIONS = ("arms", "epochs", "formulations", "titrations", "variables", "forms", "visits")
_MORE_SECTIONS = ("unscheduled_visits", "diaries", "outcomes", "responders", "alerts")


def ids_given_once(protocol: Protocol, _: Known) -> Iterator[Fault]:
    """No id is given twice within its section; visits of both kinds share theirs, criteria too."""
    for section in (*_SECTIONS, *_MORE_SECTIONS):
        yield from twice(section, (each.id for each in getattr(protocol, section)))
    visits = {each.id for each in protocol.visits}
    for number, visit in enumerate(protocol.unscheduled_visits):
        if visit.id in visits:
            place = ("unscheduled_visits", number, "id")
            yield Fault(place, f"{visit.id} is a scheduled visit too; give it another id")
    criteria = [*protocol.eligibility.inclusion, *protocol.eligibility.exclusion]
    for each in twice("eligibility", (criterion.id for criterion in criteria)):
        yield Fault(("eligibility",), each.said)


def rules_of_doses_named_once(protocol: Protocol, _: Known) -> Iterator[Fault]:
    """No two dose rules of a titration share an id: an order names the rule that it follows."""
    for number, titration in enumerate(protocol.titrations):
        for each in twice("titrations", (trigger.id for trigger in titration.triggers)):
            yield Fault(("titrations", number), each.said)


def arms_resolve(protocol: Protocol, _: Known) -> Iterator[Fault]:
    """Arms have a titration that exists; epochs, visits and diaries name arms that exist."""
    titrations = {each.id for each in protocol.titrations}
    for number, arm in enumerate(protocol.arms):
        if arm.titration not in titrations:
            place = ("arms", number, "titration")
            yield absent(place, arm.titration, titrations, "titration")
    arms = {each.id for each in protocol.arms}
    for section in ("epochs", "visits", "diaries"):
        for number, each in enumerate(getattr(protocol, section)):
            yield from unknown((section, number, "arms"), each.arms, arms, "arm")


def forms_resolve(protocol: Protocol, _: Known) -> Iterator[Fault]:
    """Visits, diaries and bad days name forms that are declared; diaries name epochs that are."""
    forms = {each.id for each in protocol.forms}
    for section in ("visits", "unscheduled_visits"):
        for number, visit in enumerate(getattr(protocol, section)):
            yield from unknown((section, number, "forms"), visit.forms, forms, "form")
    for number, each in enumerate(protocol.visits):
        place = ("visits", number, "optional_forms")
        yield from unknown(place, each.optional_forms, forms, "form")
    epochs = {each.id for each in protocol.epochs}
    for number, diary in enumerate(protocol.diaries):
        if diary.form not in forms:
            yield absent(("diaries", number, "form"), diary.form, forms, "form")
        yield from unknown(("diaries", number, "epochs"), diary.epochs, epochs, "epoch")
    extended = protocol.bad_days.extended_forms
    yield from unknown(("bad_days", "extended_forms"), extended, forms, "form")


def instruments_are_known(protocol: Protocol, known: Known) -> Iterator[Fault]:
    """Every instrument that a form shows is one that this installation has."""
    for number, form in enumerate(protocol.forms):
        if form.instrument is not None and form.instrument not in known.instruments:
            place = ("forms", number, "instrument")
            yield absent(place, form.instrument, known.instruments, "instrument")


def scores_are_known(protocol: Protocol, known: Known) -> Iterator[Fault]:
    """Every score that a variable or an outcome reads is one that its form's instrument has."""
    for number, variable in enumerate(protocol.variables):
        if variable.origin is not None:
            yield from _score(protocol, known, ("variables", number, "origin"), variable.origin)
    for number, outcome in enumerate(protocol.outcomes):
        yield from _outcome(protocol, known, ("outcomes", number), outcome)


def _outcome(protocol: Protocol, known: Known, place: Place, outcome: Outcome) -> Iterator[Fault]:
    if isinstance(outcome, FormOutcome):
        yield from _score(protocol, known, place, outcome)
    elif isinstance(outcome, WearableOutcome):
        if outcome.metric not in known.metrics:
            yield absent((*place, "metric"), outcome.metric, known.metrics, "daily metric")
    elif outcome.source == "laboratory":
        laboratory = {each.id for each in protocol.forms if each.filled_by == "laboratory"}
        if outcome.form not in laboratory:
            yield absent((*place, "form"), outcome.form, laboratory, "laboratory form")


def _score(
    protocol: Protocol, known: Known, place: Place, asked: Origin | FormOutcome
) -> Iterator[Fault]:
    forms = {each.id: each.instrument for each in protocol.forms}
    if asked.form not in forms:
        yield absent((*place, "form"), asked.form, forms, "form")
        return
    instrument = forms[asked.form]
    if instrument is None:
        said = f"form {asked.form} has no instrument, so no score; name a form that has one"
        yield Fault((*place, "form"), said)
    elif asked.score not in known.instruments.get(instrument, {asked.score}):
        scores = known.instruments[instrument]
        yield absent((*place, "score"), asked.score, scores, f"score or item of {instrument}")
