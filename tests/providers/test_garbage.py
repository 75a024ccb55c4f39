"""Whatever a server sends: pages that the reader takes, or one error of the closed set; nothing else."""

import hmac
import json
from base64 import b64encode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from tests.providers.conftest import Answer, PageFile, window

from hometrial_ingest.provider import Caller, NotificationRefusedError, Page, ProviderError

WORDS = some.sampled_from(
    [
        "dataPoints", "nextPageToken", "dataSource", "heartRate", "error", "errors", "errorType",
        "details", "reason", "status", "activities-heart", "sleep", "meta", "state", "user",
        "encodedId", "pairedDevices", "name", "lastSyncTime", "healthUserId", "access_token",
        "expires_in", "scope", "data", "intervals", "physicalTimeInterval", "startTime", "pending",
        "civilDateTimeInterval", "startDateTime", "date", "year", "collectionType", "invalid_grant", "activities-heart-intraday", "dataset",
    ]
)  # fmt: skip
LEAVES = (
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=20) | WORDS
)
TREES = some.recursive(
    LEAVES,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)
BODIES = some.one_of(
    some.binary(max_size=40),
    TREES.map(lambda tree: json.dumps(tree).encode()),
    TREES.map(lambda tree: json.dumps(tree).encode()[:-1]),
)
STATUSES = some.sampled_from([200, 200, 200, 204, 302, 400, 401, 403, 404, 409, 410, 418, 429, 500])
HEADERS = some.fixed_dictionaries(
    {},
    optional={
        "Retry-After": some.sampled_from(["5", "-1", "²", "soon", "Mon, 09 Mar 2026 12:00:00 GMT"]),
        "Date": some.sampled_from(["Mon, 09 Mar 2026 12:00:00", "yesterday"]),
        "X-Request-Id": some.sampled_from(["a", "\x7f\x85"]),
    },
)
quietly = settings(
    max_examples=50,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.mark.parametrize("kind", ["google", "fitbit"])
@quietly
@given(status=STATUSES, body=BODIES, headers=HEADERS)
def test_any_reply_is_data_or_one_error_of_the_closed_set(
    request, vendor, kind, status, body, headers
):
    cloud = request.getfixturevalue(kind)
    caller = Caller("a-token")
    vendor.says(Answer(status, body if status != 204 else b"", headers))
    asks = [
        lambda: list(cloud.pages(caller, cloud.streams["heart_rate"], window())),
        lambda: list(cloud.pages(caller, cloud.streams["sleep"], window())),
        lambda: cloud.account(caller),
        lambda: cloud.devices(caller),
        lambda: cloud.refresh("r"),
        lambda: cloud.revoke("r"),
    ]
    for ask in asks:
        try:
            found = ask()
        except ProviderError as error:
            assert error.text.endswith(".")  # noqa: PT017 - either outcome is right
        else:
            _read(cloud, found if isinstance(found, list) else [])


def _read(cloud, found):
    """Read pages to their end: none may be one that the reader refuses as a whole."""
    for page in found:
        if isinstance(page, Page):
            file = PageFile(page)
            for segment in cloud.reader.read(file, cloud.reader.kind(file.path)):
                assert segment.rows >= 0


@quietly
@given(body=BODIES)
def test_any_notice_that_is_signed_is_hints_and_any_that_is_not_is_refused(fitbit, body):
    sign = b64encode(hmac.digest(b"secret&", body, "sha1")).decode()
    for hint in fitbit.hints({"X-Fitbit-Signature": sign}, body, ""):
        assert hint.kind in ("changed", "deleted", "revoked")
    with pytest.raises(NotificationRefusedError):
        fitbit.hints({"X-Fitbit-Signature": sign[:-2]}, body, "")
