"""An example client of the push endpoint: sends a file of records, each push exactly once, in order.

    python push_client.py https://trial.example.org records.jsonl --bridge health-connect

The token stands in the environment variable HOMETRIAL_BRIDGE_TOKEN. The file holds one record a line, in the
shape that the study publishes at /push/v1/schema.json. Needs Python 3.11 and `requests`, nothing else.

What makes it safe to run again at any time, also after a crash or with half of the answers lost:

* the records are cut into pushes always in the same way, and each push has a key made of its own bytes, so
  that a push that arrived before is recognised and answered from its receipt;
* a push that is not answered is sent again, later and later, and none overtakes it: of two versions of one
  record the study believes the push that came last;
* a push counts as delivered only by an answer of 200 or 202, which the study gives after it has stored it.
"""

import argparse
import hashlib
import json
import logging
import os
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import requests

LARGEST = 4 << 20
"""Bytes of records in one push; the study takes twice that."""
MOST_RECORDS = 5_000
ATTEMPTS = 12
LONGEST_WAIT = 300.0
RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
log = logging.getLogger("push_client")


class RefusedError(Exception):
    """The study refused a push for good; the message says why and what to do."""


def pushes(file: Path, bridge: str) -> Iterator[bytes]:
    """Cut a file of records into bodies, always the same bodies for the same file."""
    records: list[str] = []
    size = 0
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            record = line.strip()
            if not record:
                continue
            length = len(record.encode()) + 1
            if records and (size + length > LARGEST or len(records) >= MOST_RECORDS):
                yield body(bridge, records)
                records, size = [], 0
            records.append(record)
            size += length
    if records:
        yield body(bridge, records)


def body(bridge: str, records: list[str]) -> bytes:
    """Return one push: the records as they stand in the file."""
    return f'{{"bridge":{json.dumps(bridge)},"records":[{",".join(records)}]}}'.encode()


class Client:
    """Sends pushes to one study with the token of one bridge."""

    def __init__(self, url: str, token: str, first_wait: float = 1.0) -> None:
        self.address = url.rstrip("/") + "/push/v1"
        self.first_wait = first_wait
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {token}"
        self.session.headers["Content-Type"] = "application/json"

    def send(self, push: bytes) -> dict[str, object]:
        """Send one push until it is answered, and return its receipt. Raises RefusedError."""
        key = hashlib.sha256(push).hexdigest()
        for attempt in range(ATTEMPTS):
            answer = self._try(push, key)
            if answer is not None and answer.status_code in (200, 202):
                receipt: dict[str, object] = answer.json()
                return receipt
            if answer is not None and answer.status_code not in RETRIED:
                raise RefusedError(explained(answer))
            self._wait(attempt, answer)
        raise RefusedError(f"no answer in {ATTEMPTS} attempts; run this again later")

    def _try(self, push: bytes, key: str) -> requests.Response | None:
        """Send once; None if no answer came, in which case nobody knows whether the push arrived."""
        try:
            return self.session.post(
                self.address, data=push, headers={"Idempotency-Key": key}, timeout=60
            )
        except requests.RequestException as error:
            log.warning("no answer: %s", error)
            return None

    def _wait(self, attempt: int, answer: requests.Response | None) -> None:
        """Wait as long as the study asks, else twice as long each time, and never all phones at once."""
        asked = answer.headers.get("Retry-After", "") if answer is not None else ""
        longest = min(self.first_wait * 2**attempt, LONGEST_WAIT)
        wait = float(asked) if asked.isdecimal() else random.uniform(longest / 2, longest)  # noqa: S311
        log.info("waiting %.1f s", wait)
        time.sleep(wait)


def explained(answer: requests.Response) -> str:
    """Return the study's own words for a refusal (RFC 9457), with the records that it names."""
    try:
        problem = answer.json()
    except ValueError:
        return f"{answer.status_code} {answer.reason}"
    lines = [f"{answer.status_code} {problem.get('title')}: {problem.get('detail')}"]
    lines += [f"  record {fault['record']}, {fault['field']}: {fault['problem']}; {fault['way_out']}"
              for fault in problem.get("faults", [])]  # fmt: skip
    lines += [f"  no consent to {kind}: records {', '.join(map(str, numbers))}"
              for kind, numbers in problem.get("records", {}).items()]  # fmt: skip
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Send a file; return 0 if every push was stored, 1 if one was refused."""
    parser = argparse.ArgumentParser(description="Push a file of records to a study.")
    parser.add_argument("url", help="address of the study, e.g. https://trial.example.org")
    parser.add_argument("file", type=Path, help="one JSON record a line")
    parser.add_argument("--bridge", choices=("health-connect", "apple-health"), required=True)
    parser.add_argument("--first-wait", type=float, default=1.0, help="seconds before a retry")
    chosen = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    token = os.environ.get("HOMETRIAL_BRIDGE_TOKEN")
    if not token:
        parser.error("set HOMETRIAL_BRIDGE_TOKEN to the token that `hometrial bridge add` printed")
    client = Client(chosen.url, token, chosen.first_wait)
    for number, push in enumerate(pushes(chosen.file, chosen.bridge), 1):
        try:
            receipt = client.send(push)
        except RefusedError as error:
            log.error("push %d was refused: %s", number, error)  # noqa: TRY400
            return 1
        how = "stored before" if receipt["repeated"] else "stored"
        log.info("push %d %s: %s records, receipt %s",
                 number, how, receipt["records"], receipt["receipt"])  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
