"""What an incremental schedule sent last, so that the next run can tell what differs; half of it is never taken for the whole."""

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from hometrial.errors import ExportRefusedError
from hometrial.exports.source.reading import Source, kept, read

_TOLD = "told.json"


@dataclass(frozen=True)
class Memory:
    """The source tables of a schedule's last run, in its home folder."""

    home: Path

    @property
    def _tables(self) -> Path:
        return self.home / "source"

    @property
    def _name(self) -> Path:
        """Which of the runs that were staged went out."""
        return self.home / "sent"

    def last(self) -> tuple[Source, int] | None:
        """Return what the run before was made of, with the newest entry of the trail that it can hold; None the first time.

        Raises ExportRefusedError if it is not what was kept.
        """
        if not self._name.exists():
            return None
        place = self._tables / self._name.read_text(encoding="utf-8")
        try:
            told = json.loads((place / _TOLD).read_text(encoding="utf-8"))
            files = {name: (place / f"{name}.parquet").read_bytes() for name in told["tables"]}
        except FileNotFoundError as error:
            raise self._changed(f"{Path(error.filename).name} is gone") from error
        for name, sha256 in told["tables"].items():
            if hashlib.sha256(files[name]).hexdigest() != sha256:
                raise self._changed(f"{name} was changed")
        return read(files), int(told["cutoff"])

    def _changed(self, what: str) -> ExportRefusedError:
        return ExportRefusedError(
            f"{self._tables}: {what}; remove {self._name}, and the next run begins anew"
        )

    def stage(self, run: str, source: Source, cutoff: int) -> None:
        """Keep what a run is made of before it is sent: a full disk is met while nothing has gone out."""
        place = self._tables / run
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        sums = {}
        for name, body in kept(source):
            (place / f"{name}.parquet").write_bytes(body)
            sums[name] = hashlib.sha256(body).hexdigest()
        told = json.dumps({"cutoff": cutoff, "tables": sums})
        (place / _TOLD).write_text(told, encoding="utf-8")

    def settle(self, run: str) -> None:
        """Note that a run went out; what others were made of goes."""
        draft = self._name.with_suffix(".part")
        draft.write_text(run, encoding="utf-8")
        draft.replace(self._name)
        for each in self._tables.iterdir():
            if each.name != run:
                shutil.rmtree(each)
