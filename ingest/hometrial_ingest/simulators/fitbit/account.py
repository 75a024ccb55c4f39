"""The account: profile with its present zone, devices with their last sync, the weight log."""

import hashlib
from datetime import UTC, datetime

from werkzeug import Response

from hometrial_ingest.simulators.fitbit.calls import Call
from hometrial_ingest.simulators.fitbit.replies import json_reply
from hometrial_ingest.simulators.fitbit.wearer import Weighing

LONGEST_WEIGHTS = 31
"""Days of a range of the weight log."""

_POUND, _STONE = 0.45359237, 6.35029318
_UNITS = {"en_US": _POUND, "en_GB": _STONE}
"""Kilograms of a unit of weight by Accept-Language; kilograms for all others."""


def profile(call: Call) -> Response:
    """Answer with the profile; its zone is the one of the last sync, without a history."""
    person, clock = call.wearer.person, call.wearer.clock
    language = call.request.headers.get("Accept-Language", "")
    unit = language if language in _UNITS else "METRIC"
    user = {
        "age": call.wearer.age,
        "dateOfBirth": f"{person.first_day.year - call.wearer.age}-01-01",
        "displayName": person.code,
        "displayNameSetting": "name",
        "distanceUnit": unit,
        "encodedId": call.consent.user_id,
        "fullName": person.code,
        "gender": "NA",
        "height": round(person.body.height * 100, 1),
        "locale": "en_US",
        "memberSince": person.first_day.isoformat(),
        "offsetFromUTCMillis": clock.offset(call.now) * 1_000,
        "timezone": clock.zone(call.now),
        "weightUnit": unit,
    }
    return json_reply({"user": user})


def devices(call: Call) -> Response:
    """Answer with the devices; the time of the last sync is local, without a zone."""
    found = [
        _device(call, device.name, "TRACKER", last)
        for device, last in call.wearer.devices(call.now)
    ]
    if call.wearer.person.habits.weighs and found:
        last = max(last for _, last in call.wearer.devices(call.now))
        found.append(_device(call, "Aria Air", "SCALE", last))
    return json_reply(found)


def weights(call: Call) -> Response:
    """Answer with the weight log of a day or a range, in the unit of the Accept-Language header."""
    days = call.days(call.words["first"], call.words.get("last", "1d"), LONGEST_WEIGHTS)
    found = call.wearer.weighings(call.now, days[0], days[-1])
    return json_reply({"weight": [_weight(call, weighing) for weighing in found]})


def _device(call: Call, name: str, kind: str, last: int) -> dict[str, object]:
    digest = hashlib.sha256(f"{call.consent.user_id} {name}".encode()).hexdigest()
    level = 95 - last // 3_600 % 80
    return {
        "battery": "High" if level > 60 else "Medium" if level > 25 else "Low",
        "batteryLevel": level,
        "deviceVersion": name,
        "features": [],
        "id": str(int(digest[:8], 16)),
        "lastSyncTime": call.wearer.clock.stamp(last),
        "mac": digest[-12:].upper(),
        "type": kind,
    }


def _weight(call: Call, weighing: Weighing) -> dict[str, object]:
    local = call.wearer.clock.stamp(weighing.at)
    unit = _UNITS.get(call.request.headers.get("Accept-Language", ""), 1.0)
    height = call.wearer.person.body.height
    instant = datetime.fromisoformat(local).replace(tzinfo=UTC)
    return {
        "bmi": round(weighing.kilograms / height**2, 2),
        "date": local[:10],
        "logId": int(instant.timestamp() * 1_000),
        "source": "API",
        "time": local[11:19],
        "weight": round(weighing.kilograms / unit, 1),
    }
