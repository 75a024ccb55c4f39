"""A bucket of S3, or of anything that speaks as S3 does. An object is there whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult

import boto3  # type: ignore[import-untyped]
from boto3.exceptions import Boto3Error  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

from hometrial.services.scheduling.destinations import Credentials, DestinationFailedError

_CONFIG = Config(connect_timeout=20, read_timeout=60, retries={"total_max_attempts": 4})
_FAILED = (OSError, BotoCoreError, ClientError, Boto3Error)
_NOT_THERE = ("404", "NoSuchKey")


@contextmanager
def opened(address: SplitResult, told: Credentials) -> Iterator["Bucket"]:
    """Open a bucket. Without a key in the credentials, the machine's own role is asked for one."""
    client = None
    try:
        client = boto3.client(
            "s3",
            aws_access_key_id=told.get("key"),
            aws_secret_access_key=told.get("secret"),
            endpoint_url=told.get("endpoint_url"),
            region_name=told.get("region"),
            config=_CONFIG,
        )
        yield Bucket(client, str(address.hostname), address.path.strip("/"))
    except _FAILED as error:
        raise DestinationFailedError(f"s3://{address.hostname}: {error}") from error
    finally:
        if client is not None:
            client.close()


@dataclass(frozen=True)
class Bucket:
    """A prefix in a bucket. Folders have no name to be changed there: the manifest comes last, and makes one count."""

    client: Any
    name: str
    prefix: str
    renames = False

    def put(self, source: Path, path: str) -> None:
        """Bring a file; the server is asked for its size afterwards."""
        with _told(path):
            self.client.upload_file(str(source), self.name, self._at(path))
            head = self.client.head_object(Bucket=self.name, Key=self._at(path))
            there, here = int(head["ContentLength"]), source.stat().st_size
        if there != here:
            raise DestinationFailedError(f"{path}: {there:,} of {here:,} bytes are there")

    def read(self, path: str) -> bytes | None:
        """Return a file."""
        with _told(path):
            try:
                found = self.client.get_object(Bucket=self.name, Key=self._at(path))
            except ClientError as error:
                if error.response["Error"]["Code"] in _NOT_THERE:
                    return None
                raise
            body: bytes = found["Body"].read()
            return body

    def rename(self, before: str, after: str) -> None:
        """Do nothing: objects were put under their last name."""

    def remove(self, folder: str) -> None:
        """Remove a folder."""
        with _told(folder):
            pages = self.client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self.name, Prefix=f"{self._at(folder)}/"):
                keys = [{"Key": each["Key"]} for each in page.get("Contents", [])]
                if keys:
                    self._delete(keys)

    def _delete(self, keys: list[dict[str, str]]) -> None:
        """Delete objects; that some were refused is told in the answer alone."""
        done = self.client.delete_objects(Bucket=self.name, Delete={"Objects": keys})
        for each in done.get("Errors", []):
            raise DestinationFailedError(f"{each['Key']}: not removed: {each['Message']}")

    def _at(self, path: str) -> str:
        return f"{self.prefix}/{path}" if self.prefix else path


@contextmanager
def _told(path: str) -> Iterator[None]:
    try:
        yield
    except _FAILED as error:
        raise DestinationFailedError(f"{path}: {error}") from error
