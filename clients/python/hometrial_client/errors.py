"""What can go wrong, by name."""


class HometrialError(Exception):
    """Anything that this package refuses; the sentence says what happened and what to do."""


class RefusedError(HometrialError):
    """The server refused. `status`, `field` and `way_out` are its own words."""

    def __init__(self, status: int, detail: str, field: str = "", way_out: str = "") -> None:
        super().__init__(
            f"{status}: {detail}" + (f" ({way_out})" if way_out not in ("", detail) else "")
        )
        self.status, self.field, self.way_out = status, field, way_out


class RowsMissingError(HometrialError):
    """Another number of rows came than the server counted."""


class FolderChangedError(HometrialError):
    """A folder that is not what its manifest says."""
