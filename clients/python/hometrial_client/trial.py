"""A study as data frames."""

import json
import tempfile
import time
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from hometrial_client.asking import LATER, Server, wait_of
from hometrial_client.errors import HometrialError
from hometrial_client.folder import Folder, verify

_WHO = "participant_id"


class Hometrial:
    """A study on a staff site, read with a token: `Hometrial("https://staff.example.org", token)`."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self._server = Server(url, token)

    def study(self) -> dict[str, Any]:
        """Return what the study is: its protocol's versions, your sites, how many people you see."""
        return self._server.told("/study")

    def tables(self) -> pd.DataFrame:
        """Return every column of every table, with what it means."""
        return pd.DataFrame(
            [
                {"table": table["name"], **column}
                for table in self._server.told("/tables")["data"]
                for column in table["columns"]
            ]
        )

    def table(self, name: str, **asked: Any) -> pd.DataFrame:
        """Return a table; `participant`, `columns` and `profile` as in the README.

        `attrs["version"]` says of which moment it is. Raises RowsMissingError unless every row came.
        """
        return self._frame(*self._server.rows(f"/tables/{name}", _query(asked)), name, asked)

    def update(self, name: str, before: pd.DataFrame) -> pd.DataFrame:
        """Return a table as it stands now, with no rows read but those of people whose rows changed since `before`.

        `before` is what `table` or `update` returned for the same table; it stays as it is.
        """
        known = before.attrs
        if known.get("table") != name:
            raise HometrialError(
                f"the frame is not of the table {name}: give what table({name!r}) returned"
            )
        asked = known["asked"]
        if asked.get("participant") or _WHO not in before:
            return self.table(name, **asked)
        since = {"changed_since": known["version"]}
        profile = {key: asked[key] for key in ("profile",) if key in asked}
        changed = self._server.told(f"/tables/{name}/changes", {**since, **profile})
        rows, version = self._server.rows(f"/tables/{name}", _query(asked) | since)
        if version != changed["version"]:  # something came in between the two questions
            return self.table(name, **asked)
        gone = {each[_WHO] for each in changed["participants"]}
        fresh = self._frame(rows, version, name, asked)
        made = _in_order(before, fresh, gone)
        if len(made) != changed["table_rows"]:
            return self.table(name, **asked)
        made.attrs = fresh.attrs
        return made

    def samples(
        self,
        stream: str,
        *,
        participant: str | Iterable[str] | None = None,
        first: str | None = None,
        last: str | None = None,
    ) -> pd.DataFrame:
        """Return the samples of a stream, of some people and local days or all."""
        asked = _query({"participant": participant, "from": first, "to": last})
        return self._server.rows(f"/samples/{stream}", asked)[0].to_pandas()

    def locks(self) -> pd.DataFrame:
        """Return the locks, the newest first."""
        return pd.DataFrame(self._server.told("/locks")["data"])

    def lock(self, name: str) -> dict[str, Any]:
        """Return what a lock is, with who signed it."""
        signed = self._server.told(f"/locks/{name}/signatures")["data"]
        return {**self._server.told(f"/locks/{name}"), "signatures": signed}

    def differences(self, before: str, after: str, *, patience: float = 3600) -> pd.DataFrame:
        """Return what differs between two locks, a value a row; the first who asks waits until a worker has compared them.

        `patience`: seconds to wait for that.
        """
        end = time.monotonic() + patience
        answer = self._server.ask(f"/locks/{before}/differences/{after}")
        while answer.status_code == LATER:
            answer.close()
            if time.monotonic() > end:
                raise HometrialError(
                    f"{before} and {after} were not compared in {patience:.0f} s; does a worker run?"
                )
            time.sleep(wait_of(answer))
            answer = self._server.ask(f"/locks/{before}/differences/{after}")
        return pd.DataFrame([json.loads(line) for line in answer.iter_lines()])

    def download(self, name: str, folder: str | Path, *, patience: float = 3600) -> Folder:
        """Write a lock's folder, once its files are made, and check every byte against the lock's root.

        `patience`: seconds to wait for the files. The folder appears whole or not at all.
        """
        place = Path(folder)
        if place.exists():
            raise HometrialError(f"{place} is there already; give a new folder")
        root = self._server.told(f"/locks/{name}")["root"]
        self._wait(name, patience)
        with tempfile.TemporaryDirectory(
            dir=place.resolve().parent, prefix=f".{place.name}"
        ) as near:
            archive = self._server.save(
                self._server.ask(f"/locks/{name}/archive"), Path(near) / "a.zip"
            )
            draft = Path(near) / "folder"
            with zipfile.ZipFile(archive) as opened:
                opened.extractall(draft)
            verify(draft, root)
            draft.rename(place)
        return verify(place, root)

    def _wait(self, name: str, patience: float) -> None:
        end = time.monotonic() + patience
        while self._server.told(f"/locks/{name}/files", method="POST")["state"] != "ready":
            if time.monotonic() > end:
                raise HometrialError(
                    f"the files of lock {name} were not ready in {patience:.0f} s; does a worker run?"
                )
            time.sleep(min(2.0, patience / 10))

    def _frame(
        self, rows: pa.Table, version: str, name: str, asked: dict[str, Any]
    ) -> pd.DataFrame:
        made = rows.to_pandas()
        made.attrs = {"table": name, "version": version, "asked": asked}
        return made


def _query(asked: dict[str, Any]) -> dict[str, str]:
    return {
        name: value if isinstance(value, str) else ",".join(value)
        for name, value in asked.items()
        if value is not None
    }


def _in_order(before: pd.DataFrame, fresh: pd.DataFrame, gone: set[str]) -> pd.DataFrame:
    """Put fresh rows in the place of those of the same people."""
    kept = before[~before[_WHO].isin(gone)]
    both = pd.concat([kept, fresh]) if len(kept) and len(fresh) else (kept if len(kept) else fresh)
    return both.sort_values(_WHO, kind="stable", ignore_index=True)
