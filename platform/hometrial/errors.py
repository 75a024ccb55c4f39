"""What can go wrong, by name. Every message says what happened and the way out."""


class TrialError(Exception):
    """A user's mistake or a refusal: shown as one sentence, without a traceback."""

    exit_code = 2


class SettingsError(TrialError):
    """A setting is missing, malformed or unsafe; the process refuses to start."""

    exit_code = 3


class DatabaseUnsafeError(SettingsError):
    """The database could lose what it has acknowledged, or is too old."""


class DatabaseStartError(SettingsError):
    """The embedded database does not start."""


class MigrationNeededError(SettingsError):
    """The database's tables are older or newer than this program."""


class UnknownParticipantError(TrialError):
    """A participant, or a source's person, that this study does not know."""


class UnknownSiteError(TrialError):
    """A site that this study does not have."""


class SiteNeededError(TrialError):
    """A person is enrolled, and nothing says at which of several sites."""


class ZoneNeededError(TrialError):
    """Stamps without a zone, and nothing that says where the person was."""


class ZoneConflictError(TrialError):
    """A zone that contradicts the person's zone history."""


class ImportRefusedError(TrialError):
    """An archive that cannot be imported as it is; nothing of it was stored."""


class NothingToImportError(ImportRefusedError):
    """An archive without a single file that its reader knows."""


class ReviewRefusedError(TrialError):
    """A quarantined row or query that cannot be decided like this."""


class ExportRefusedError(TrialError):
    """A data set that cannot be written."""


class AuditBrokenError(TrialError):
    """The audit trail does not verify."""

    exit_code = 4
