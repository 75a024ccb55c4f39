"""Every tidy table: what a row is, by which columns it is sorted, and how it is made of the source tables."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from hometrial.exports import dictionary
from hometrial.exports.dictionary import Variable
from hometrial.exports.source.reading import Source
from hometrial.exports.tidy import days, evidence, people, projecting, questionnaires
from hometrial.exports.tidy.projecting import Compute


@dataclass(frozen=True)
class Tidy:
    """A tidy table: its rows are those of one source table, sorted by `keys`, which tell each row apart."""

    name: str
    label: str
    source: str
    keys: tuple[str, ...]
    compute: Compute = projecting.nothing

    @property
    def variables(self) -> Sequence[Variable]:
        """The columns in order; those of the metrics follow on the day's own."""
        own = projecting.variables(self.name)
        if self.name != "participant_day":
            return own
        known = {each.name for each in own}
        return (*own, *(each for each in days.metric_variables() if each.name not in known))

    def rows(self, source: Source) -> pa.Table:
        """Return the rows. Raises ExportRefusedError where the source tables contradict each other."""
        table = source.table(self.source).combine_chunks()
        computed = self.compute(source, table)
        made = projecting.projected(self.name, table, computed)
        for each in self.variables[made.num_columns :]:
            made = made.append_column(each.field(), computed[each.name])
        made = made.cast(dictionary.schema(self.variables))
        order = [(key, "ascending") for key in self.keys]
        return made.sort_by(order).combine_chunks()


def _who(*keys: str) -> tuple[str, ...]:
    return ("participant_id", *keys)


_NUMBERED = _who("number")
_ALL = (
    Tidy("participant", "Participants", "participant", _who(), people.participants),
    Tidy("epoch", "Epochs that people were in", "epoch", _NUMBERED, people.epochs),
    Tidy("screening", "Screenings", "screening", _NUMBERED),
    Tidy("screening_answer", "Answers of screenings", "screening_answer", _who("screening", "variable"), people.screening_answers),
    Tidy("consent_signature", "Signatures under consents", "consent_signature", _who("document", "version", "language", "part", "signed_utc", "kind")),
    Tidy("consent_event", "Decisions about kinds of data", "consent_event", _who("data_type", "effective_utc", "decision")),
    Tidy("withdrawal", "Choices to leave something", "withdrawal", _who("decided_utc", "choice")),
    Tidy("visit", "Visits", "visit", _who("visit", "visit_number", "local_day"), people.visits),
    Tidy("deviation", "Protocol deviations", "deviation", _NUMBERED, people.deviations),
    Tidy("dose_order", "Orders of doses", "dose_order", _NUMBERED, people.of_days),
    Tidy("dose_day", "Doses day by day", "dose_day", _who("local_day"), people.of_days),
    Tidy("intake", "Doses as they were told", "intake", _NUMBERED),
    Tidy("interruption", "Pauses of the drug", "interruption", _NUMBERED),
    Tidy("supply", "Movements of drug", "supply", _NUMBERED),
    Tidy("treatment_told", "Treatments of the past", "treatment_told", _who("treatment")),
    Tidy("medication", "Other medicines", "medication", _NUMBERED),
    Tidy("adverse_event", "Adverse events", "adverse_event", _NUMBERED, people.adverse_events),
    Tidy("baseline_symptom", "Symptoms before the drug", "baseline_symptom", _who("term")),
    Tidy("laboratory", "Laboratory values", "laboratory", _who("analyte", "sampled_utc", "result"), people.laboratory),
    Tidy("questionnaire_item", "Answers to questions", "item", _who("local_day", "form", "occasion", "place"), questionnaires.items),
    Tidy("free_answer", "Answers in own words", "free_answer", _who("form", "occasion", "item"), questionnaires.free_answers),
    Tidy("questionnaire_score", "Scores of questionnaires", "score", _who("local_day", "form", "occasion", "score"), questionnaires.scores),
    Tidy("expected_form", "Forms that were asked", "expected_form", _who("local_day", "form", "occasion"), questionnaires.expected_forms),
    Tidy("bad_day", "Declarations of bad days", "bad_day", _who("at_utc", "kind")),
    Tidy("participant_day", "Days of participants", "data_day", _who("local_day"), days.participant_days),
    Tidy("device", "Devices", "device", _who("device")),
    Tidy("daily_metric", "Daily figures, one a row", "daily_metric", _who("local_day", "metric")),
    Tidy("gap", "Stretches without data", "gap", _who("stream", "start_at"), evidence.gaps),
    Tidy("quarantine", "Samples that were set aside", "quarantined", _who("stream", "local_day", "payload", "row", "record"), evidence.quarantine),
    Tidy("query", "Questions about data", "query", ("opened_at", "query")),
    Tidy("batch", "Files and reads that came in", "batch", ("created_at", "batch")),
    Tidy("validation_summary", "What the rules found in files", "verdict", ("batch", "segment", "stream", "suite", "rule", "record"), evidence.verdicts),
    Tidy("audit_trail", "Changes on record", "audit", ("sequence",)),
)  # fmt: skip
TIDY: dict[str, Tidy] = {each.name: each for each in _ALL}
"""The tidy tables by name, in the order in which a folder lists them."""
