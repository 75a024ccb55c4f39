"""Every table, imported once."""

from hometrial.models.agreement import (
    SIGNING_ROLES,
    TALK_WAYS,
    WITHDRAWAL_CHOICES,
    ConsentCopy,
    ConsentSignature,
    ConsentTalk,
    ConsentText,
    QuizCall,
    QuizTry,
    SectionRead,
    SignatureRefusal,
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
from hometrial.models.delivery import DELIVERY_KINDS, DELIVERY_STATES, DataRequest
from hometrial.models.dose import DOSE_EVENT_KINDS, DoseEvent, ToldHistory
from hometrial.models.drafting import (
    ProtocolDraft,
    ProtocolDraftRevision,
    ProtocolDraftSubmission,
)
from hometrial.models.entering import (
    MEANS,
    EntryAddress,
    EntryCode,
    Passkey,
    PasskeyChallenge,
    PasskeyRemoval,
    PasskeyUse,
    VisitConfirmation,
)
from hometrial.models.expected import ExpectedForm
from hometrial.models.factor import (
    RecoveryCode,
    SetupLink,
    StaffChallenge,
    StaffCodeUse,
    StaffPasskey,
    StaffPasskeyUse,
    StaffPassword,
    StaffToken,
)
from hometrial.models.identity import Identity
from hometrial.models.laboratory import LIVER_ANALYTES, LaboratoryResult
from hometrial.models.locking import (
    BOARD_DECISIONS,
    LOCK_KINDS,
    LOCK_ROLES,
    BoardDecision,
    DataLock,
    LockSignature,
    LockSource,
)
from hometrial.models.medication import MEDICATION_KINSHIPS, Medication
from hometrial.models.message import (
    MESSAGE_STATES,
    Message,
    MessageSecret,
    MessageState,
    MessageTopic,
    ReminderChoice,
    ReminderRest,
)
from hometrial.models.metric import GAP_CAUSES, DailyMetric, Gap
from hometrial.models.monitoring import (
    DEVIATION_CATEGORIES,
    DEVIATION_IMPACTS,
    VERIFIABLE,
    Deviation,
    Endorsement,
    SamplingPlan,
    TrailReview,
    VerificationDrop,
    VerificationMark,
    VisitReport,
)
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
from hometrial.models.quarantine import QUERY_STEPS, QuarantinedRow, Query, QueryEvent
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
from hometrial.models.roster import BULK_ACTIONS, BulkAct, SavedView
from hometrial.models.rule import (
    RuleChange,
    RuleMove,
    RuleRehearsal,
    RuleVersion,
    VerdictLimits,
)
from hometrial.models.safety import (
    ALERT_EVENTS,
    AdverseEvent,
    AdverseEventCoding,
    AdverseEventVersion,
    Alert,
    AlertEvent,
    BaselineSymptom,
    SafetyReport,
)
from hometrial.models.scheduling import ExportRun, ExportSchedule
from hometrial.models.screening import (
    ANSWER_SOURCES,
    SCREENING_OUTCOMES,
    Screening,
    ScreeningAnswer,
)
from hometrial.models.staffing import (
    ACCESS_KINDS,
    ANYWHERE,
    ROLES,
    WITHOUT_SITE,
    AccessRecord,
    StaffAccount,
    StaffGrant,
    StaffSession,
)
from hometrial.models.supply import (
    SUPPLY_MOVES,
    Lot,
    Product,
    Shipment,
    SupplyCount,
    SupplyMovement,
)
from hometrial.models.trial import PROTOCOL_STATES, AnchorDay, Participation, ProtocolVersion
from hometrial.models.visit import (
    CONTACT_OUTCOMES,
    CONTACT_WAYS,
    VISIT_MODES,
    Contact,
    VisitRecord,
)
from hometrial.models.work import WORK_OF_THE_STUDY, ProviderEnd, WorkItem

__all__ = [
    "ACCESS_KINDS", "ALERT_EVENTS", "ANSWER_SOURCES", "ANYWHERE", "BOARD_DECISIONS", "BULK_ACTIONS", "CONNECTION_STATES",
    "CONTACT_OUTCOMES", "CONTACT_WAYS", "DELIVERY_KINDS", "DELIVERY_STATES", "DEVIATION_CATEGORIES", "DEVIATION_IMPACTS",
    "DOSE_EVENT_KINDS", "GAP_CAUSES", "LIVER_ANALYTES", "LOCK_KINDS", "LOCK_ROLES", "MEANS", "MEDICATION_KINSHIPS",
    "MESSAGE_STATES",
    "PROTOCOL_STATES", "PULL_STATES", "QUERY_STEPS", "ROLES", "SCREENING_OUTCOMES", "SIGNING_ROLES", "SUPPLY_MOVES",
    "TALK_WAYS", "VERIFIABLE", "VISIT_MODES", "WITHDRAWAL_CHOICES", "WITHOUT_SITE", "WORK_OF_THE_STUDY",
    "AccessRecord", "AccountPlan", "AdverseEvent", "AdverseEventCoding", "AdverseEventVersion", "Alert", "AlertEvent",
    "Allocation", "AllocationDraw", "AllocationInError", "AllocationReveal", "AllocationScheme", "AllocationSeal",
    "AnchorDay", "Answer", "AnswerUpload", "BadDay", "BaselineSymptom", "Batch", "BoardDecision", "Bridge", "BulkAct", "Connection",
    "ConsentCopy", "ConsentEvent", "ConsentSignature", "ConsentTalk", "ConsentText", "Contact", "DailyMetric",
    "DataLock", "DataRequest", "DayChunk", "Deviation", "Device", "DoseEvent", "Endorsement", "EntryAddress", "EntryCode",
    "ExpectedForm", "ExportRun", "ExportSchedule", "Finding", "FormScore", "Gap", "Identity", "InstrumentVersion", "LaboratoryResult", "LinkAttempt",
    "LinkInvitation", "LockSignature", "LockSource", "Lot", "Medication", "Message", "MessageSecret", "MessageState", "MessageTopic", "PairedDevice",
    "Participant", "ParticipantZone", "Participation", "Passkey", "PasskeyChallenge", "PasskeyRemoval", "PasskeyUse",
    "Pause", "Payload", "PayloadPart", "Product", "ProtocolDraft", "ProtocolDraftRevision", "ProtocolDraftSubmission",
    "ProtocolVersion", "ProviderEnd", "Pull", "PullPage", "PushReceipt", "QuarantinedRow", "Query", "QueryEvent",
    "QuizCall", "QuizTry", "RateBucket", "RecoveryCode", "ReminderChoice", "ReminderRest", "Response", "RuleChange",
    "RuleMove", "RuleRehearsal", "RuleVersion", "SafetyReport", "SamplingPlan", "SavedView", "Screening",
    "ScreeningAnswer", "SectionRead", "SetupLink", "Shipment", "SignatureRefusal", "Site", "Sitting", "StaffAccount",
    "StaffChallenge", "StaffCodeUse", "StaffGrant", "StaffPasskey", "StaffPasskeyUse", "StaffPassword",
    "StaffSession", "StaffToken", "StreamState", "Submission", "SupplyCount", "SupplyMovement", "TextPackUpload",
    "Token", "ToldHistory", "TrailReview", "Verdict", "VerdictLimits", "VerificationDrop", "VerificationMark",
    "VisitConfirmation", "VisitRecord", "VisitReport", "Visitor", "WearableAccount", "WebhookEvent",
    "WithdrawalChoice", "WorkItem",
]  # fmt: skip
