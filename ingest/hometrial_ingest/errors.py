"""What a reader may say when it cannot read: one sentence that names place, value and way out."""


class IngestError(Exception):
    """Something in an archive or page keeps it from being read."""


class UnreadableFileError(IngestError):
    """A whole file cannot be read; nothing of it may be stored.

    The message is one sentence for a coordinator: the file, the line and field where they are known,
    the value that was found, and what to do about it.
    """

    def __init__(
        self,
        file: str,
        problem: str,
        way_out: str,
        *,
        line: int | None = None,
        field: str | None = None,
        value: object = None,
    ) -> None:
        self.file, self.problem, self.way_out = file, problem, way_out
        self.line, self.field, self.value = line, field, value
        place = file + (f", line {line}" if line is not None else "")
        place += f", field {field!r}" if field is not None else ""
        shown = f" (found {shorten(value)})" if value is not None else ""
        super().__init__(f"{place}: {problem}{shown}; {way_out}")


class ErrorReplyError(UnreadableFileError):
    """A well-formed reply of a provider that reports an error and holds no data."""


class UnsafeArchiveError(UnreadableFileError):
    """An archive that must not be opened: a bomb, a path outside, too many files."""


def shorten(value: object, limit: int = 80) -> str:
    """Return the value as it would be typed, cut to `limit` characters."""
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
