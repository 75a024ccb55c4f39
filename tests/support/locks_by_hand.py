"""Locks that were never made: rows with the facts of one, for tests of what stands about them."""

import hashlib

from sqlalchemy import func, select

from hometrial import clock
from hometrial.models import DataLock

STATE = {
    "suites": {"heart_rate": [3], "steps": [1, 2]},
    "open_queries": 2,
    "quarantined_open": 4,
    "excluded_samples_by_rule": {"HR_RANGE": 7},
    "excluded_rows_by_reason": {"HR_RANGE (open)": 4, "HR_RANGE (confirmed)": 3},
    "rejected_batches": 1,
    "rows_in_rejected_batches": 12,
    "provisional_days": 5,
}


def lock(session, name, *, profile="study", previous=None, **more):
    """Return a new lock of three people under a name; `more`: columns that are other."""
    number = (session.scalar(select(func.max(DataLock.number))) or 0) + 1
    facts = {
        "code": {
            "version": "0.1.0",
            "sha256": "c" * 64,
            "libraries": {"pyarrow": "22.0.0", "pandas": "3.1.1"},
        },
        "previous": previous and {"number": previous.number, "root": previous.root},
        "profile": {"name": profile, "text": "", "done": {"words left out": 11}},
        "protocol": {"id": "ldn-mecfs", "version": "1.0.0"},
        "instruments": {"fss/1.0": "d" * 64},
        "participants": ["P-0001", "P-0002", "P-0003"],
        "source_rows": {"adverse_event": 4, "participant": 3},
        "state": STATE,
    }
    made = DataLock(
        number=number, name=name, kind="interim", reason="the board meets", profile=profile,
        formats=["csv"], streams=["all"], made_at=clock.now(), made_by="staff:dana", cutoff=100,
        facts=facts, root=hashlib.sha256(name.encode()).hexdigest(),
        data_sets={"sdtm.DM": 3, "adam.ADSL": 3, "tidy.participant": 3}, samples=20,
        previous_id=previous and previous.id,
    )  # fmt: skip
    for column, value in more.items():
        setattr(made, column, value)
    session.add(made)
    session.flush()
    return made
