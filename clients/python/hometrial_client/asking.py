"""One server, asked with a token; its refusals become errors, and what comes is counted."""

import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.parquet as pq
import requests

from hometrial_client.errors import HometrialError, RefusedError, RowsMissingError

_PATIENCE = (10, 600)
"""Seconds to connect, and between two pieces of an answer."""
_PIECE = 1 << 20
TOO_OFTEN, LATER = 429, 202
_TRIES, _LONGEST_WAIT = 6, 120.0
"""How often a request that came too soon is made again, and the longest that the server may have us wait for it."""


class _Bearer(requests.auth.AuthBase):
    """A token, whatever a .netrc file of this machine holds for the server."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put the token on a request."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class Server:
    """A staff site."""

    def __init__(self, url: str, token: str | None) -> None:
        own = token or os.environ.get("HOMETRIAL_TOKEN", "")
        if not own:
            raise HometrialError("no token: give token=..., or set the variable HOMETRIAL_TOKEN")
        told = urlsplit(url)
        is_local = told.scheme == "http" and told.hostname in ("localhost", "127.0.0.1")
        if told.scheme != "https" and not is_local:
            raise HometrialError(
                f"url: {url} must start with https://, or the token could be read on the way"
            )
        self._address = f"{url.rstrip('/')}/api/v1"
        self._session = requests.Session()
        self._session.auth = _Bearer(own)

    def ask(
        self, path: str, query: Mapping[str, Any] | None = None, *, method: str = "GET"
    ) -> requests.Response:
        """Ask, and return the answer, whose body is still to come. Raises RefusedError.

        A token has so many requests a minute: when they are used up, the server says how long to wait, and that is done.
        """
        answer = self._once(path, query, method)
        for _ in range(_TRIES):
            if answer.status_code != TOO_OFTEN:
                break
            answer.close()
            time.sleep(wait_of(answer))
            answer = self._once(path, query, method)
        if answer.status_code >= 400:
            raise _refused(answer)
        return answer

    def _once(self, path: str, query: Mapping[str, Any] | None, method: str) -> requests.Response:
        try:
            return self._session.request(
                method, f"{self._address}{path}", params=query, stream=True, timeout=_PATIENCE
            )
        except requests.RequestException as error:
            raise HometrialError(f"{self._address} does not answer: {error}") from error

    def told(
        self, path: str, query: Mapping[str, Any] | None = None, *, method: str = "GET"
    ) -> Any:
        """Return an answer in JSON."""
        return self.ask(path, query, method=method).json()

    def rows(self, path: str, query: Mapping[str, Any]) -> tuple[pa.Table, str]:
        """Return all rows and the version that they are of. Raises RowsMissingError."""
        answer = self.ask(path, {**query, "format": "parquet"})
        counted = int(answer.headers["Hometrial-Rows"])
        with tempfile.TemporaryDirectory() as folder:
            file = self.save(answer, Path(folder) / "rows.parquet")
            try:
                table = pq.read_table(file)
            except pa.ArrowInvalid as error:
                raise RowsMissingError(f"{path}: the answer broke off; ask again") from error
        if table.num_rows != counted:
            raise RowsMissingError(
                f"{path}: {table.num_rows:,} rows came, and the server counted {counted:,}; ask again"
            )
        return table, answer.headers.get("Hometrial-Version", "")

    def save(self, answer: requests.Response, path: Path) -> Path:
        """Write an answer's body into a file. Raises HometrialError if it breaks off."""
        try:
            with path.open("wb") as file:
                for piece in answer.iter_content(_PIECE):
                    file.write(piece)
        except requests.RequestException as error:
            raise RowsMissingError(
                f"{answer.url}: the answer broke off ({error}); ask again"
            ) from error
        return path


def wait_of(answer: requests.Response) -> float:
    """Return how many seconds the server says to wait before the next try; 1 if it does not say."""
    told = answer.headers.get("Retry-After", "")
    return min(float(told), _LONGEST_WAIT) if told.isdecimal() else 1.0


def _refused(answer: requests.Response) -> RefusedError:
    try:
        told = answer.json()
    except requests.RequestException:
        return RefusedError(answer.status_code, answer.reason)
    return RefusedError(
        answer.status_code,
        told.get("detail", answer.reason),
        told.get("field", ""),
        told.get("way_out", ""),
    )
