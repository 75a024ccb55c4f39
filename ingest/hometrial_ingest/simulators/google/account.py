"""Who the account is: identity, profile, settings, devices."""

from datetime import UTC, datetime

from werkzeug import Request, Response

from hometrial_ingest.simulate.person import Device
from hometrial_ingest.simulate.timeline import offset_at
from hometrial_ingest.simulators.google.errors import invalid, json_reply, point_not_found
from hometrial_ingest.simulators.google.stamps import stamp
from hometrial_ingest.simulators.truth import Truth

_BATTERIES = ("High", "High", "Medium", "Low")
_FEATURES = (
    "SLEEP", "ACTIVE_MINUTES", "CALORIES", "DISTANCE", "SPO2", "STEPS", "ACTIVE_ZONE_MINUTES", "HEART_RATE",
)  # fmt: skip
_USUAL_DEVICES, _MOST_DEVICES = 5, 100


def identity(user: str, legacy: str | None) -> Response:
    """Answer with both ids of the account."""
    told = {"name": "users/me/identity", "healthUserId": user}
    return json_reply(told | {"legacyUserId": legacy} if legacy else told)


def profile(truth: Truth, person: int) -> Response:
    """Answer with age and strides; there is no zone, no birth date and no sex in it."""
    body = truth.holder(person).person.body
    first = truth.scene.first_day
    return json_reply(
        {
            "name": "users/me/profile",
            "age": body.age,
            "membershipStartDate": {"year": first.year, "month": first.month, "day": first.day},
            "autoWalkingStrideLengthMm": round(415 * body.height),
        }
    )


def settings(truth: Truth, person: int) -> Response:
    """Answer with the present zone and units; the zone moves on with the first sync after a flight."""
    known = truth.last_sync(person) or datetime.combine(
        truth.scene.first_day, datetime.min.time(), UTC
    )
    offset = offset_at(truth.holder(person).person.zones, int(known.timestamp()))
    return json_reply(
        {
            "name": "users/me/settings",
            "autoStrideEnabled": True,
            "distanceUnit": "DISTANCE_UNIT_MILES",
            "foodLanguageCode": "en-US",
            "glucoseUnit": "GLUCOSE_UNIT_MG_DL",
            "heightUnit": "HEIGHT_UNIT_INCHES",
            "languageLocale": "en-US",
            "strideLengthRunningType": "STRIDE_LENGTH_TYPE_DEFAULT",
            "strideLengthWalkingType": "STRIDE_LENGTH_TYPE_DEFAULT",
            "temperatureUnit": "TEMPERATURE_UNIT_FAHRENHEIT",
            "timeZone": truth.zone(person, known),
            "utcOffset": f"{offset}s",
            "waterUnit": "WATER_UNIT_FL_OZ",
            "weightUnit": "WEIGHT_UNIT_POUNDS",
        }
    )


def devices(request: Request, truth: Truth, person: int, device_id: str | None = None) -> Response:
    """Answer with the paired devices, five a page unless more are asked for, or with one of them.

    Raises RefusedError if the account has no such device.
    """
    listed = [_device(truth, person, *each) for each in enumerate(truth.devices(person))]
    if device_id is not None:
        return _one(listed, f"users/me/pairedDevices/{device_id}")
    size, token = request.args.get("pageSize", ""), request.args.get("pageToken", "") or "0"
    if (size and not size.isdecimal()) or not token.isdecimal():
        raise invalid("Invalid page size or page token.")
    until = int(token) + min(int(size or 0) or _USUAL_DEVICES, _MOST_DEVICES)
    answer: dict[str, object] = {"pairedDevices": listed[int(token) : until]} if listed else {}
    if until < len(listed):
        answer["nextPageToken"] = str(until)
    return json_reply(answer)


def _one(listed: list[dict[str, object]], name: str) -> Response:
    for told in listed:
        if told["name"] == name:
            return json_reply(told)
    raise point_not_found()


def irn_profile() -> Response:
    """Answer that the account takes no part in irregular rhythm notifications."""
    return json_reply({"name": "users/me/irnProfile"})


def _device(
    truth: Truth, person: int, place: int, found: tuple[Device, datetime | None]
) -> dict[str, object]:
    paired, last_sync = found
    number = truth.holder(person).person.fitabase_id * 10 + place
    told: dict[str, object] = {
        "name": f"users/me/pairedDevices/{number}",
        "deviceType": "TRACKER",
        "deviceVersion": paired.name,
        "batteryStatus": _BATTERIES[number % len(_BATTERIES)],
        "batteryLevel": 20 + number % 80,
        "macAddress": "".join(f"{number >> shift & 0xFF:02X}" for shift in range(40, -8, -8)),
        "features": list(_FEATURES),
    }
    if last_sync:
        told["lastSyncTime"] = stamp(int(last_sync.timestamp()) * 1_000_000)
    return told
