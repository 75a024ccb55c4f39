"""The data dictionary and the page for statisticians say the same."""

import re
import sys
from pathlib import Path

import duckdb

from hometrial.exports import dictionary
from hometrial.exports.tidy.tables import TIDY
from hometrial_ingest.signals import Signal

_SHOWN = ("participant_day", "questionnaire_score", "adverse_event", "dose_day")
PAGE = Path(__file__).resolve().parents[2] / "docs/data-sets.md"


def test_the_page_for_statisticians_lists_every_variable_as_the_program_writes_it():
    assert variables_as_markdown() in PAGE.read_text()


def test_the_pages_python_and_duckdb_read_an_export(exported):
    _, out = exported
    page = PAGE.read_text().replace("DIR", str(out))
    found: dict[str, object] = {}

    exec(re.search(r"```python\n(import pandas.*?)```", page, re.DOTALL)[1], found)  # noqa: S102
    hours = duckdb.sql(re.search(r"```sql\n(.*?)```", page, re.DOTALL)[1].replace("2026", "2016"))

    assert len(found["beats"]) == 80
    assert len(found["days"]) == 62
    assert set(found["stages"]["type"]) == {"classic"}
    assert hours.fetchall() == []


def variables_as_markdown() -> str:
    """Return the table of docs/data-sets.md; run this file to print it."""
    tables = [
        ("samples/heart_rate", dictionary.sample_variables(Signal.HEART_RATE)),
        ("samples/steps", dictionary.sample_variables(Signal.STEPS)),
        ("samples/sleep_session", dictionary.SLEEP_SESSION),
        ("samples/sleep_stage", dictionary.SLEEP_STAGE),
        *((f"tidy/{name}", TIDY[name].variables) for name in _SHOWN),
    ]
    lines = ["| file | variable | type | unit | meaning |", "|---|---|---|---|---|"]
    for name, variables in tables:
        for each in variables:
            said = (f"{each.label}.", each.codes and f"One of: {each.codes}.", each.text)
            meaning = " ".join(filter(None, said)).replace("|", "\\|")
            unit = each.unit and f"`{each.unit}`"
            lines.append(f"| {name} | `{each.name}` | {each.type} | {unit} | {meaning} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(variables_as_markdown())
