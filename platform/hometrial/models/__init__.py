"""Every table, imported once."""

from hometrial.models.agreement import (
    SIGNING_ROLES,
    WITHDRAWAL_CHOICES,
    ConsentSignature,
    ConsentText,
    QuizCall,
    QuizTry,
    SectionRead,
    WithdrawalChoice,
)
from hometrial.models.allocation import (
    Allocation,
    AllocationDraw,
    AllocationInError,
    AllocationReveal,
    AllocationScheme,
    AllocationSeal,
)
from hometrial.models.batch import Batch, Finding, Payload, PayloadPart, Verdict
from hometrial.models.bridge import Bridge, PushReceipt
from hometrial.models.chunk import DayChunk
from hometrial.models.connection import (
    CONNECTION_STATES,
    Connection,
    LinkAttempt,
    LinkInvitation,
    PairedDevice,
    Token,
    Visitor,
)
from hometrial.models.consent import ConsentEvent, Pause
from hometrial.models.dose import DOSE_EVENT_KINDS, DoseEvent, ToldHistory
from hometrial.models.identity import Identity
from hometrial.models.medication import MEDICATION_KINSHIPS, Medication
from hometrial.models.metric import GAP_CAUSES, DailyMetric, Gap
from hometrial.models.participant import (
    Device,
    Participant,
    ParticipantZone,
    Site,
    WearableAccount,
)
from hometrial.models.pull import (
    PULL_STATES,
    AccountPlan,
    Pull,
    PullPage,
    RateBucket,
    StreamState,
    WebhookEvent,
)
from hometrial.models.quarantine import QuarantinedRow, Query
from hometrial.models.response import (
    Answer,
    AnswerUpload,
    BadDay,
    FormScore,
    InstrumentVersion,
    Response,
    Sitting,
    Submission,
    TextPackUpload,
)
from hometrial.models.safety import ALERT_EVENTS, Alert, AlertEvent
from hometrial.models.screening import (
    ANSWER_SOURCES,
    SCREENING_OUTCOMES,
    Screening,
    ScreeningAnswer,
)
from hometrial.models.trial import PROTOCOL_STATES, AnchorDay, Participation, ProtocolVersion
from hometrial.models.visit import (
    CONTACT_OUTCOMES,
    CONTACT_WAYS,
    VISIT_MODES,
    Contact,
    VisitRecord,
)
from hometrial.models.work import ProviderEnd, WorkItem

__all__ = [
    "ALERT_EVENTS",
    "ANSWER_SOURCES",
    "CONNECTION_STATES",
    "CONTACT_OUTCOMES",
    "CONTACT_WAYS",
    "DOSE_EVENT_KINDS",
    "GAP_CAUSES",
    "MEDICATION_KINSHIPS",
    "PROTOCOL_STATES",
    "PULL_STATES",
    "SCREENING_OUTCOMES",
    "SIGNING_ROLES",
    "VISIT_MODES",
    "WITHDRAWAL_CHOICES",
    "AccountPlan",
    "Alert",
    "AlertEvent",
    "Allocation",
    "AllocationDraw",
    "AllocationInError",
    "AllocationReveal",
    "AllocationScheme",
    "AllocationSeal",
    "AnchorDay",
    "Answer",
    "AnswerUpload",
    "BadDay",
    "Batch",
    "Bridge",
    "Connection",
    "ConsentEvent",
    "ConsentSignature",
    "ConsentText",
    "Contact",
    "DailyMetric",
    "DayChunk",
    "Device",
    "DoseEvent",
    "Finding",
    "FormScore",
    "Gap",
    "Identity",
    "InstrumentVersion",
    "LinkAttempt",
    "LinkInvitation",
    "Medication",
    "PairedDevice",
    "Participant",
    "ParticipantZone",
    "Participation",
    "Pause",
    "Payload",
    "PayloadPart",
    "ProtocolVersion",
    "ProviderEnd",
    "Pull",
    "PullPage",
    "PushReceipt",
    "QuarantinedRow",
    "Query",
    "QuizCall",
    "QuizTry",
    "RateBucket",
    "Response",
    "Screening",
    "ScreeningAnswer",
    "SectionRead",
    "Site",
    "Sitting",
    "StreamState",
    "Submission",
    "TextPackUpload",
    "Token",
    "ToldHistory",
    "Verdict",
    "VisitRecord",
    "Visitor",
    "WearableAccount",
    "WebhookEvent",
    "WithdrawalChoice",
    "WorkItem",
]
