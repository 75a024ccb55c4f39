"""What stands in the files of a draft: the database, column by column, in Parquet and in CSV."""

import json
import subprocess
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow.parquet as pq


def test_a_stream_has_one_file_for_each_person_and_month(exported):
    _, out = exported

    found = [path.relative_to(out).parts[1:4] for path in out.rglob("samples/**/*.parquet")]
    assert sorted(each for each in found if "sleep" not in each[0]) == [
        ("heart_rate", "participant=P-0001", "month=2016-04"),
        ("heart_rate", "participant=P-0001", "month=2016-05"),
        ("heart_rate", "participant=P-0002", "month=2016-04"),
        ("heart_rate", "participant=P-0002", "month=2016-05"),
        ("steps", "participant=P-0001", "month=2016-04"),
    ]


def test_samples_have_the_promised_columns_in_their_order(exported):
    _, out = exported
    promised = ["participant_id", "at", "local_at", "value", "source", "device", "chunk"]

    for stream in ("heart_rate", "steps"):
        names = pq.read_schema(next(out.rglob(f"samples/{stream}/**/*.parquet"))).names
        assert [name for name in names if name in promised] == promised
        assert set(names) - set(promised) <= {"duration", "confidence"}


def test_samples_stand_in_the_order_of_time(exported):
    _, out = exported
    for path in out.rglob("samples/**/*.parquet"):
        table = pq.read_table(path, partitioning=None).to_pandas()
        assert table["start_at" if "start_at" in table else "at"].is_monotonic_increasing


def test_participant_day_has_the_promised_columns(exported):
    _, out = exported
    names = pq.read_schema(out / "tidy/participant_day.parquet").names

    assert names[:13] == [
        "participant_id",
        "local_day",
        "dose_mg_planned",
        "dose_mg_actual",
        "steps",
        "rhr",
        "sleep_min",
        "wear_min",
        "valid_day",
        "day_status",
        "rule_suite",
        "consent_version",
        "excused",
    ]


def stem_in_dictionary(path: Path) -> str:
    """Return how the dictionary names a file: its path without the ending, or the stream."""
    return "/".join(path.with_suffix("").parts[:2])


def parquet_files(out: Path) -> list[Path]:
    """Return the data in Parquet; not where rows came from."""
    return [path for path in out.rglob("*.parquet") if "provenance" not in path.parts]


def test_the_dictionary_covers_every_column_of_every_file_and_no_other(exported):
    _, out = exported
    described = pd.read_csv(out / "dictionary.csv", keep_default_na=False)
    told = set(zip(described["file"], described["variable"], strict=True))

    held = {
        (stem_in_dictionary(path.relative_to(out)), name)
        for path in parquet_files(out)
        for name in pq.read_schema(path).names
    }
    own = ("dictionary", "codelists", "tidy-transformations")
    held |= {(name, column) for name in own for column in pd.read_csv(out / f"{name}.csv")}

    assert told == held
    assert (described["label"] != "").all()


def test_every_parquet_column_carries_label_and_unit_of_the_dictionary(exported):
    _, out = exported
    described = pd.read_csv(out / "dictionary.csv", keep_default_na=False)
    known = {(row.file, row.variable): (row.label, row.unit) for row in described.itertuples()}

    for path in parquet_files(out):
        for field in pq.read_schema(path):
            said = {key.decode(): text.decode() for key, text in field.metadata.items()}
            said.pop("PARQUET:field_id", None)
            label, unit = known[stem_in_dictionary(path.relative_to(out)), field.name]
            assert said == {"label": label} | ({"unit": unit} if unit else {})


def test_the_csv_tells_what_the_parquet_tells(exported):
    _, out = exported
    for path in (out / "tidy").glob("*.parquet"):
        expected = pd.read_parquet(path)
        texts = {name: str for name in expected if pd.api.types.is_string_dtype(expected[name])}
        plain = pd.read_csv(path.with_suffix(".csv"), dtype=texts, keep_default_na=True)
        for name in expected:
            pd.testing.assert_series_equal(
                as_written(expected[name]),
                as_written(plain[name]),
                check_dtype=False,
                obj=f"{path} {name}",
            )


def as_written(column: pd.Series) -> pd.Series:
    """Return a column in the words of a CSV, so that the two formats can be compared."""
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        column = column.dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    elif pd.api.types.is_datetime64_dtype(column):
        column = column.dt.strftime("%Y-%m-%dT%H:%M:%S.%f")
    cells = column.astype(object).where(column.notna(), None)
    return cells.map(lambda cell: cell.isoformat() if isinstance(cell, date) else cell)


def asked(query: str, *places: str | list[str]) -> list[tuple[object, ...]]:
    """Return DuckDB's answer; each ? of the query is a place in the export."""
    return duckdb.execute(query, list(places)).fetchall()


def test_duckdb_counts_and_sums_the_samples_of_the_database(exported):
    study, out = exported
    query = (
        'SELECT count(*), sum(value), min(epoch_us("at")), max(epoch_us("at")) FROM read_parquet(?)'
    )
    for stream in ("heart_rate", "steps"):
        stored = study.samples(stream)
        assert asked(query, f"{out}/samples/{stream}/**/*.parquet") == [
            (len(stored), stored["value"].sum(), stored["at"].min(), stored["at"].max())
        ]


def test_each_chunk_of_a_sample_is_one_of_the_database(exported):
    study, out = exported
    query = "SELECT DISTINCT chunk FROM read_parquet(?, union_by_name = true) ORDER BY 1"

    assert asked(
        query, [f"{out}/samples/{each}/**/*.parquet" for each in ("heart_rate", "steps")]
    ) == sorted(
        (f"{code}/{stream}/{day}/v{version}",)
        for code, stream, day, version in study.rows(
            "SELECT p.code, c.stream, c.day, c.version FROM day_chunk c JOIN participant p"
            " ON p.id = c.participant_id WHERE c.stream IN ('heart_rate', 'steps')"
        )
    )


def test_stages_join_their_sessions_and_fill_them(exported):
    _, out = exported
    query = (
        "SELECT count(*), count(s.session), sum(t.duration) FROM read_parquet(?) t"
        " LEFT JOIN read_parquet(?) s USING (participant_id, session)"
        " WHERE t.start_at >= s.start_at AND NOT t.overlay"
    )
    files = (f"{out}/samples/sleep_stage/**/*.parquet", f"{out}/samples/sleep_session/**/*.parquet")

    ((total, joined, seconds),) = asked(query, *files)

    assert total == joined > 0
    nights = pd.read_parquet(out / "samples/sleep_session")
    assert seconds == nights["duration"].sum() == 40 * 60


def test_the_manifest_tells_the_true_rows_and_sums_of_every_file(exported, sums):
    _, out = exported
    files = json.loads((out / "MANIFEST.json").read_text())["files"]

    sums = sums(out)
    assert {each["path"]: each["sha256"] for each in files} == {
        name: digest for name, digest in sums.items() if not name.startswith("MANIFEST")
    }
    for each in files:
        assert each["bytes"] == (out / each["path"]).stat().st_size
        if each["path"].endswith(".parquet"):
            assert each["rows"] == pq.read_metadata(out / each["path"]).num_rows
        elif each["path"].endswith(".csv"):
            assert each["rows"] == len(pd.read_csv(out / each["path"], skip_blank_lines=False))


def test_sha256sum_finds_every_file_whole(exported, sums):
    _, out = exported

    checked = subprocess.run(
        ["sha256sum", "--check", "--strict", "MANIFEST.sha256"],
        cwd=out,
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 0, checked.stderr
    assert checked.stdout.count(": OK") == len(sums(out)) - 1
