"""Which function takes which source table out of the database."""

from collections.abc import Callable, Iterable

from sqlalchemy.orm import Session

from hometrial.exports.source.reading import Row
from hometrial.services.capturing import (
    answers,
    asked,
    consents,
    data_days,
    doses,
    evidence,
    forms,
    health,
    study,
    trail,
    ways,
    wearables,
)

CAPTURES: dict[str, Callable[[Session], Iterable[Row]]] = {
    # The study itself
    "protocol_version": study.protocol_versions,
    "instrument": study.instruments,
    "site": study.sites,
    # People and their way through the study
    "participant": ways.participants,
    "participation": ways.participations,
    "anchor": ways.anchors,
    "epoch": ways.epochs,
    "screening": consents.screenings,
    "screening_answer": consents.screening_answers,
    "consent_signature": consents.consent_signatures,
    "consent_event": consents.consent_events,
    "withdrawal": consents.withdrawals,
    "allocation": consents.allocations,
    "visit": ways.visits,
    "deviation": ways.deviations,
    # The drug
    "dose_order": doses.orders,
    "intake": doses.intakes,
    "interruption": doses.interruptions,
    "dose_day": doses.days,
    "supply": doses.supplies,
    "treatment_told": doses.treatments_told,
    # Health
    "medication": health.medications,
    "adverse_event": health.adverse_events,
    "baseline_symptom": health.baseline_symptoms,
    "laboratory": health.laboratory,
    # Questions
    "response": forms.responses,
    "item": answers.items,
    "free_answer": answers.free_answers,
    "score": answers.scores,
    "expected_form": asked.expected_forms,
    "bad_day": asked.bad_days,
    # The wearable
    "device": wearables.devices,
    "daily_metric": wearables.daily_metrics,
    "data_day": data_days.data_days,
    "gap": wearables.gaps,
    "chunk": wearables.chunks,
    # How the data came about
    "batch": evidence.batches,
    "verdict": evidence.verdicts,
    "quarantined": evidence.quarantined,
    "query": evidence.queries,
    "audit": trail.audit,
}
"""Every table by its name: a function of a session of one snapshot that returns the table's rows."""
