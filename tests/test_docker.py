"""What can be known of the containers without Docker: who they run as, what they may, whom they reach, and no secret in them."""

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from hometrial.cli import _commands
from hometrial.settings import Settings

FOLDER = Path(__file__).parents[1] / "docker"
COMPOSE = YAML(typ="safe").load(FOLDER / "compose.yaml")
SERVICES = COMPOSE["services"]
DOCKERFILE = (FOLDER / "Dockerfile").read_text()
OURS = ["prepare", "staff", "participant", "worker", "backup"]
STEPS = [
    line.split(maxsplit=1)
    for line in re.sub(r"\\\n", " ", DOCKERFILE).splitlines()
    if line and not line.startswith("#")
]


def lines(word):
    return [rest for first, rest in STEPS if first == word]


def test_all_that_a_trial_needs_is_there():
    assert set(SERVICES) == {*OURS, "database", "proxy"}
    assert set(COMPOSE["volumes"]) == {"database", "study", "backups", "certificates", "proxy"}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_may_nothing_that_it_does_not_need(name):
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["pids_limit"] <= 256
    assert service["mem_limit"]
    assert "privileged" not in service
    assert service.get("cap_add", []) == (["NET_BIND_SERVICE"] if name == "proxy" else [])
    assert not any("docker.sock" in str(each) for each in service.get("volumes", []))
    assert all("noexec" in each for each in service["tmpfs"])


@pytest.mark.parametrize("name", [*OURS, "database"])
def test_no_service_but_the_proxy_starts_as_root_or_is_reached_from_outside(name):
    assert SERVICES[name]["user"] in ("10001:10001", "999:999")
    assert "ports" not in SERVICES[name]


def test_only_who_has_to_can_go_out_or_be_asked_by_the_proxy():
    networks = {name: set(service["networks"]) for name, service in SERVICES.items()}

    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert COMPOSE["networks"]["front"] == {"internal": True}
    assert {name for name, each in networks.items() if "outside" in each} == {
        "participant",
        "worker",
        "proxy",
    }
    assert {name for name, each in networks.items() if "front" in each} == {
        "staff",
        "participant",
        "proxy",
    }
    assert "inside" not in networks["proxy"]  # the proxy cannot reach the database
    assert SERVICES["proxy"]["ports"] == ["443:443", "80:80"]


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_pinned_to_a_version(name):
    tag = SERVICES[name]["image"].partition(":")[2]
    assert tag
    assert tag != "latest"


@pytest.mark.parametrize("name", ["staff", "participant", "worker", "database", "proxy"])
def test_what_runs_for_long_is_asked_how_it_is(name):
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("name", ["prepare", "staff", "participant", "worker"])
def test_every_command_of_a_service_is_one_of_the_program(name):
    group, words = _commands, [str(word) for word in SERVICES[name]["command"]]
    for word in words:
        if not hasattr(group, "get_command"):
            break
        found = group.get_command(None, word)
        assert found is not None, word
        group = found
    options = {name for each in group.params for name in each.opts}
    assert {word for word in words if word.startswith("--")} <= options


def test_settings_are_those_of_the_program_and_none_is_a_secret():
    environment = SERVICES["staff"]["environment"]
    known = {f"HOMETRIAL_{name.upper()}" for name in Settings.model_fields}

    assert {name for name in environment if name.startswith("HOMETRIAL_")} <= known
    assert environment["HOMETRIAL_TRUSTED_PROXIES"] == "1"
    assert not any(
        re.search(r"SECRET|PASSWORD$|_KEY", name)
        for service in SERVICES.values()
        for name in service.get("environment", {})
    )
    assert ":" not in environment["HOMETRIAL_DATABASE_URL"].partition("//")[2].partition("@")[0]


def test_the_image_is_made_in_two_stages_runs_as_nobody_of_note_and_holds_no_secret():
    bases = lines("FROM")

    assert len(bases) == 2
    assert all(re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+( AS \w+)?", each) for each in bases)
    assert lines("USER") == ["10001:10001"]
    last = STEPS[[first for first, _ in STEPS].index("USER") :]
    assert [first for first, _ in last] == ["USER", "WORKDIR", "ENTRYPOINT", "CMD"]
    assert "--require-hashes" in DOCKERFILE
    assert "ADD" not in [first for first, _ in STEPS]
    assert not any(
        re.search(r"SECRET|PASSWORD|TOKEN", rest) for rest in lines("ENV") + lines("ARG")
    )
    assert all(not each.startswith(". ") for each in lines("COPY"))  # nothing comes along unnamed


def test_what_the_proxy_says_of_an_address_is_what_it_saw():
    told = (FOLDER / "Caddyfile").read_text()

    assert told.count("header_up X-Forwarded-For {remote_host}") == told.count("reverse_proxy") == 2
    assert "admin off" in told
