"""Which source and device a record of Apple Health is said to come from."""

import pytest

from hometrial_ingest.readers.apple_health.origin import model_of, source_of

DEVICE = "<<HKDevice: 0x281a45811>, "


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("Anna’s Apple\xa0Watch", "apple-health/watch"),
        ("Anna’s iPhone", "apple-health/iphone"),
        ("Annas iPad", "apple-health/ipad"),
        # The first digits of: printf Watches | sha256sum
        ("Watches", "apple-health/app-0da94d9f"),
        ("Health Mate", "apple-health/app-e6f4b306"),
    ],
)
def test_without_a_device_the_name_tells_the_kind_or_becomes_a_digest(name, source):
    assert source_of(name, None, manual=False) == source
    assert model_of(None) is None


@pytest.mark.parametrize(
    ("device", "kind", "model"),
    [
        (
            "name:Anna, manufacturer:Apple, model:Watch, hardware:Watch2,4, software:4.3.1>",
            "watch",
            "Watch2,4 4.3.1",
        ),
        (
            "name:iPhone, manufacturer:Apple Inc., model:iPhone, hardware:iPhone14,5>",
            "iphone",
            "iPhone14,5",
        ),
        ("model:iPad, creation date:2022-11-05 08:00:00 +0000>", "ipad", "iPad"),
        ("name:Apple Watch>", "watch", None),
        ("name:iPhone>", "iphone", None),
    ],
)
def test_a_device_of_apple_tells_its_kind_whoever_owns_it(device, kind, model):
    assert source_of("Anna", DEVICE + device, manual=False) == f"apple-health/{kind}"
    assert model_of(DEVICE + device) == model


def test_a_device_of_another_maker_is_its_app_whatever_it_is_called():
    device = DEVICE + "name:Anna, manufacturer:Tick, model:Watch GT, software:2>"
    assert source_of("Sport Watch", device, manual=False).startswith("apple-health/app-")
    assert model_of(device) == "Watch GT 2"


def test_two_apps_have_two_sources():
    assert source_of("Pedometer", None, manual=False) != source_of("Strides", None, manual=False)


def test_what_was_typed_in_is_marked():
    assert source_of("Anna’s iPhone", None, manual=True) == "apple-health/iphone/manual"
