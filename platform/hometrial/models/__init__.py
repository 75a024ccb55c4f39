"""Every table, imported once."""

from hometrial.models.batch import Batch, Finding, Payload, PayloadPart, Verdict
from hometrial.models.chunk import DayChunk
from hometrial.models.identity import Identity
from hometrial.models.metric import GAP_CAUSES, DailyMetric, Gap
from hometrial.models.participant import (
    Device,
    Participant,
    ParticipantZone,
    Site,
    WearableAccount,
)
from hometrial.models.quarantine import QuarantinedRow, Query

__all__ = [
    "GAP_CAUSES",
    "Batch",
    "DailyMetric",
    "DayChunk",
    "Device",
    "Finding",
    "Gap",
    "Identity",
    "Participant",
    "ParticipantZone",
    "Payload",
    "PayloadPart",
    "QuarantinedRow",
    "Query",
    "Site",
    "Verdict",
    "WearableAccount",
]
