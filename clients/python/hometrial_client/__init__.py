"""Reads a Hometrial study's tables, samples and locks as data frames; loud where anything is missing."""

from hometrial_client.errors import (
    FolderChangedError,
    HometrialError,
    RefusedError,
    RowsMissingError,
)
from hometrial_client.folder import Folder, verify
from hometrial_client.trial import Hometrial

__all__ = [
    "Folder",
    "FolderChangedError",
    "Hometrial",
    "HometrialError",
    "RefusedError",
    "RowsMissingError",
    "verify",
]
