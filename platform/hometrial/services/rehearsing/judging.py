"""The gate's judgement of many forms at once: one run of the suite, and a batch of each submission as it says."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

import pandas as pd
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import Batch, Verdict
from hometrial.services import reports
from hometrial.services.asking import framing
from hometrial.services.asking.settling import KIND
from hometrial.services.asking.submitting import PROVIDER
from hometrial.services.rehearsing.forms import Written, together
from hometrial_validation import gate
from hometrial_validation.frame import Context
from hometrial_validation.verdict import GateError

_REVISION = 1


def accept(session: Session, forms: Mapping[str, Sequence[Written]]) -> None:
    """Keep a batch of each form of some people, by pseudonym; a rehearsal writes nothing that the gate refuses.

    Raises GateError if it refuses a row.
    """
    everything = [each for written in forms.values() for each in written]
    if not everything:
        return
    verdict = gate.check_form(_frame(everything), Context(now=clock.microseconds(clock.now())))
    refused = verdict.failing()
    if refused:
        raise GateError(f"{len(refused)} rows of a rehearsal's forms fail: {refused}")
    report = reports.packed(
        f"<p>Judged in one run with {len(everything)} forms of a rehearsal.</p>"
    )
    batches = [_batch(code, each) for code, written in forms.items() for each in written]
    together(session, Batch, batches)
    together(
        session,
        Verdict,
        [
            {
                "id": uuid4(),
                "batch_id": batch["id"],
                "segment": 0,
                "signal": str(KIND),
                "suite": verdict.suite,
                "suite_version": verdict.version,
                "success": True,
                "evaluated": batch["rows_read"],
                "report": report,
            }
            for batch in batches
        ],
    )


def _frame(forms: Sequence[Written]) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for each in forms:
        opening = each.occasion.opening
        rows += [
            {
                "row_id": len(rows) + place,
                **framing.facts(each.instrument, word),
                "skew": 0.0,
                "opens_at": clock.microseconds(opening.opens_at),
                "closes_at": clock.microseconds(opening.closes_at),
                "form": str(each.submission.id),
                "repeats": False,
                "placement": "placed",
            }
            for place, word in enumerate(each.words)
        ]
    return pd.DataFrame(rows).astype(framing.TYPES)


def _batch(code: str, written: Written) -> dict[str, Any]:
    moments = [word.answered_at for word in written.words]
    form, due = written.response, written.response.due
    return {
        "id": uuid4(),
        "payload_id": written.submission.payload_id,
        "provider": PROVIDER,
        "kind": str(KIND),
        "path": f"{code}/{form.form}/{form.occasion}/1",
        "scope": code,
        "reader_revision": _REVISION,
        "status": "accepted",
        "rows_read": len(moments),
        "rows_accepted": len(moments),
        "participants": [code],
        "first_day": due,
        "last_day": due,
        "observed_from": min(moments, default=None),
        "observed_until": max(moments, default=None),
        "created_at": written.submission.received_at,
    }
