"""Parquet with every setting fixed: the same rows are the same bytes."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

ROWS_IN_A_GROUP = 1_048_576
"""Rows of a row group, at most; each piece that is written makes groups of its own."""


def open_file(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    """Start a file with these columns, their labels and units in its metadata."""
    words = [each.name for each in schema if _is_text(each.type)]
    return pq.ParquetWriter(
        path,
        schema,
        version="2.6",
        compression="zstd",
        compression_level=3,
        use_dictionary=words,
        write_statistics=True,
        data_page_version="1.0",
    )


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_dictionary(kind) or pa.types.is_string(kind)
