"""Every source table, in one place: what is taken out of the database for a lock, column by column."""

from hometrial.exports.source.fields import Field, Kind, SourceTable

_ID = Field(
    "id", "id", "Stable name of the record; with the table's name it leads back to the database."
)
_WHO = Field("participant", "id", "Pseudonym.")


def _table(name: str, row: str, columns: str, *, people: bool = True) -> SourceTable:
    """Read columns written as `name:kind`, one after the other; `name:kind!` is unblinding, `!!` as an amount."""
    fields = []
    for written in columns.split():
        field, kind = written.split(":")
        fields.append(
            Field(
                field,
                _kind(kind.rstrip("!")),
                is_unblinding=kind.endswith("!"),
                is_amount=kind.endswith("!!"),
            )
        )
    return SourceTable(name, row, (_ID, *((_WHO,) if people else ()), *fields))


def _kind(written: str) -> Kind:
    kinds: dict[str, Kind] = {
        "id": "id", "code": "code", "text": "text", "free": "free", "integer": "integer", "float": "float",
        "flag": "flag", "day": "day", "partial": "partial", "local": "local", "instant": "instant",
        "occasion": "occasion",
    }  # fmt: skip
    return kinds[written]


TABLES: tuple[SourceTable, ...] = (
    # The study itself
    _table(
        "protocol_version",
        "A version of the protocol; exactly one is in force. `body` is the file as it was approved",
        "protocol:code version:code in_force:flag body:text published_at:instant",
        people=False,
    ),
    _table(
        "instrument",
        "A version of a questionnaire that answers were given to; id: INSTRUMENT/VERSION; `body` its declaration",
        "instrument:code version:code body:text sha256:code",
        people=False,
    ),
    _table("site", "A site; id: its code", "name:text country:code", people=False),
    # People and their way through the study
    _table(
        "participant",
        "A participant who signed a consent, was screened or has data; id: the pseudonym",
        "site:id status:code created:local",
    ),
    _table(
        "participation",
        "A protocol version that a person follows since; the last one holds",
        "protocol_version:id number:integer since:local",
    ),
    _table(
        "anchor",
        "A day from which windows count (consent, run_in_start, randomisation, first_dose, last_dose ...), "
        "as it stands; id: PSEUDONYM/ANCHOR",
        "anchor:code day:day",
    ),
    _table(
        "epoch",
        "An epoch that a person was in, by the protocol and the anchors, both days included; `last` null: still in it",
        "epoch:code number:integer first:day last:day",
    ),
    _table(
        "screening",
        "One screening of a person",
        "number:integer opened:local outcome:code decided:local failing:text because:free",
    ),
    _table(
        "screening_answer",
        "The answer that stands to a variable of the protocol in a screening; `value` as text, `number` if it is one",
        "screening:id variable:code type:code value:text number:float source:code recorded:local",
    ),
    _table(
        "consent_signature",
        "A signature under a consent; `part` says whose",
        "document:code version:code language:code part:code role:code kind:code signed:local",
    ),
    _table(
        "consent_event",
        "A decision about a kind of data; decision granted or withdrawn",
        "data_type:code decision:code effective:local",
    ),
    _table(
        "withdrawal",
        "A choice to leave something, as it stands",
        "choice:code decided:local reason:free role:code",
    ),
    _table(
        "allocation",
        "An arm that was drawn; not one marked as in error",
        "arm:code! stratum:code! number:integer! allocated:local",
    ),
    _table(
        "visit",
        "A visit that the calendar has for a person: held, missed, or not yet; id of the record, or PSEUDONYM/VISIT/NUMBER",
        "visit:code number:integer due:day first:day last:day outcome:code day:day days_outside:integer mode:code reason:free",
    ),
    _table("deviation", "A protocol deviation, its latest version",
           "number:integer category:code impact:code happened:day found:day description:free reported:day closed:flag"),
    # The drug
    _table(
        "dose_order",
        "An order, or the end of one: every titration step; kind as in the dose log",
        "number:integer kind:code day:day mg:float!! step:integer! times_a_day:integer! formulation:code! route:code actor:code ordered:local why:free",
    ),
    _table(
        "intake",
        "What was told of a dose or a part of one: taken or missed; not what was corrected away",
        "number:integer day:day at:local mg:float!! ml:float! formulation:code! time_of_day:code taken:flag reason:code source:code",
    ),
    _table(
        "interruption",
        "A pause of the drug that was told; both days included, `last` null: it goes on",
        "number:integer first:day last:day reason:code",
    ),
    _table(
        "dose_day",
        "A day from the first order on; id: PSEUDONYM/DAY; `status` taken, missed, unknown, not_planned; mg_most and mg_least differ where nobody told",
        "day:day mg_planned:float!! mg_least:float!! mg_most:float!! step:integer! formulation:code! status:code reason:code",
    ),
    _table(
        "supply",
        "A movement of drug to or from a person",
        "number:integer move:code day:day units:float!! lot:code! formulation:code! strength_mg:float!",
    ),
    _table(
        "treatment_told",
        "A dose or another treatment of the past, as remembered",
        "kind:code name:free mg:float first:partial last:partial outcome:free",
    ),
    # Health
    _table(
        "medication",
        "Another medicine, as it stands; not one declared void",
        "number:integer name:free dose:free route:code indication:free began:partial ended:partial ongoing:flag substance:code is_opioid:flag",
    ),
    _table(
        "adverse_event",
        "An adverse event, its latest version, but `learned` when anybody first learned of it; `serious` lists criteria with a semicolon, empty if none, null if unknown",
        "number:integer version:integer verbatim:free term:code start:partial stop:partial ongoing:flag severity:code grade:integer "
        "serious:text related:flag who_umc:code expected:flag action:code treatment:free outcome:code dechallenge:code "
        "rechallenge:code learned:local source:code llt_code:code pt_code:code pt_name:text soc_name:text meddra_version:code",
    ),
    _table("baseline_symptom", "A symptom before the drug, as it stands", "term:code grade:integer recorded:local"),
    _table(
        "laboratory",
        "A laboratory value as it stands; beyond what can be measured: `below` or `above` instead of `value`",
        "visit:code visit_number:integer form:code analyte:code value:float below:float above:float unit:code upper_limit:float sampled:local laboratory:text",
    ),
    # Questions
    _table(
        "response",
        "A form that was opened for a person; `submitted` null: never sent",
        "form:code instrument:code instrument_version:code kind:code occasion:occasion due:day opened:local submitted:local revision:integer mode:code respondent:code language:code late:flag",
    ),
    _table(
        "item",
        "The answer that stands to one question of a form that was sent; `shown` is the answer's text as read, "
        "`skipped` why there is none (skipped, or not_asked: the form's logic or its short form left it out), `skip_reason` "
        "more nearly (prefer_not, not_sure, not_relevant, too_unwell, unstated; hidden, short_form); id: RESPONSE/ITEM",
        "response:id instrument:code item:code place:integer value:text number:float shown:text skipped:code skip_reason:code answered:local",
    ),
    _table(
        "free_answer",
        "An answer in somebody's own words; apart from `item` so that it can stay behind",
        "response:id instrument:code item:code words:free answered:local",
    ),
    _table(
        "score",
        "A score of a form that was sent, by the rule that holds; `value` null: too little was answered",
        "response:id instrument:code scorer:code score:code value:float band:code answered:integer missing:integer prorated:flag",
    ),
    _table(
        "expected_form",
        "A form or diary day that the protocol asks of a person; `state` received, missing, open, excused, not_yet; id: PSEUDONYM/FORM/OCCASION",
        "form:code occasion:occasion kind:code day:day excused:code state:code response:id",
    ),
    _table("bad_day", "A declaration of bad days, or their end", "kind:code severity:integer at:local"),
    # The wearable
    _table(
        "device",
        "A device that sent data or is paired with a linked account",
        "provider:code source:code model:text firmware:code first_seen:local last_seen:local",
    ),
    _table(
        "daily_metric",
        "A daily figure as it stands; id: PSEUDONYM/DAY/METRIC",
        "day:day metric:code value:float unit:code rule_version:integer",
    ),
    _table(
        "data_day",
        "A day from a person's first to last with data, or with a dose; id: PSEUDONYM/DAY; `status` final, provisional, none",
        "day:day status:code rule_suite:text consent_version:code excused:flag device:id main_sleep_end:local minutes_in_main_sleep:float",
    ),
    _table(
        "gap",
        "A stretch without data; its cause",
        "stream:code day:day start_at:instant end_at:instant cause:code rule_version:integer",
    ),
    _table(
        "chunk",
        "A day of a stream as it stands: where samples are kept. `sha256` of its bytes",
        "stream:code day:day version:integer state:code samples:integer sha256:code batch:id",
    ),
    # How the data came about
    _table(
        "batch",
        "A file or a read, and what became of its rows; `path` within an archive of many people, null for one person's",
        "provider:code path:text kind:code payload_sha256:code status:code rows_read:integer rows_accepted:integer rows_duplicate:integer "
        "rows_quarantined:integer rows_unreadable:integer rows_not_consented:integer reason:text created_at:instant",
        people=False,
    ),
    _table(
        "verdict",
        "What a rule suite said of a batch; `rule` null: it found nothing",
        "batch:id segment:integer stream:code suite:code suite_version:integer evaluated:integer success:flag rule:code severity:code rows:integer message:text",
        people=False,
    ),
    _table(
        "quarantined",
        "A sample that was set aside; `row` its number in its file, `at` null where its wall clock could not be placed",
        "batch:id payload_sha256:code row:integer stream:code day:day at:instant at_local:local value:float code:code rule:code suite:code suite_version:integer reason:text status:code decision_reason:free",
    ),
    _table(
        "query",
        "A question about data; `participant` null: it is about a file",
        "subject:text signal:code rule:code day:day status:code opened_at:instant closed_at:instant question:free close_reason:free",
    ),
    _table(
        "audit",
        "A change in the audit trail; `old` and `new` as JSON; null where the profile leaves words out",
        "sequence:integer at:instant actor:text reason:free table:code record:id operation:code old:free new:free",
        people=False,
    ),
)  # fmt: skip
BY_NAME = {each.name: each for each in TABLES}
