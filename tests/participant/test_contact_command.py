"""`hometrial participant contact`, and a link as a QR code: nothing is said twice, nothing in clear."""

import re
import stat

import pytest
import segno
from click.testing import CliRunner

from hometrial.cli.link import link
from hometrial.cli.participant import participant
from hometrial.errors import TrialError
from hometrial.services import identifying
from hometrial.services.syncing import invitations


@pytest.fixture
def run(study):
    """Run a command on a study of its own; what it reads comes from its input."""

    def run_(group, *arguments, typed=""):
        answer = CliRunner().invoke(
            group, list(map(str, arguments)), obj=study.database, input=typed
        )
        if answer.exception and not isinstance(answer.exception, SystemExit):
            raise answer.exception
        return answer

    run_(participant, "add")
    return run_


def kept(study, code="P-0001"):
    with study.database.transaction("test") as session:
        found = study.one("SELECT id FROM participant WHERE code = :code", code=code)
        return identifying.reveal(session, study.database.settings.key("identity"), found)


def test_how_a_person_is_reached_is_read_line_by_line_and_not_repeated(study, run):
    typed = "Ada@Example.org\n+44 20 7946 0000\n"
    answer = run(participant, "contact", "P-0001", "--email", "--phone", typed=typed)
    assert answer.stdout == "P-0001: email, phone on record\n"
    assert kept(study) == {"email": "Ada@Example.org", "phone": "+44 20 7946 0000"}
    trail = str(study.rows("SELECT reason, old, new FROM audit.entry")).lower()
    assert "keep how a person is reached: email, phone" in trail
    for word in ("ada@", "example.org", "7946"):
        assert word not in trail
    shown = run(participant, "contact", "P-0001").output
    assert shown == "P-0001: email, phone on record\n"


def test_of_whom_nothing_is_known_that_is_said(run):
    assert run(participant, "contact", "P-0001").output == "P-0001: nothing on record\n"


def test_what_is_no_address_or_another_s_is_refused_and_nothing_is_kept(study, run):
    run(participant, "add")
    run(participant, "contact", "P-0001", "--email", typed="ada@example.org\n")
    for typed, why in (
        ("ada\n", "this is no address"),
        ("ADA@example.org\n", "for P-0001 already"),
    ):
        with pytest.raises(TrialError, match=why):
            run(participant, "contact", "P-0002", "--email", typed=typed)
    assert kept(study, "P-0002") == {}
    with pytest.raises(TrialError, match="no participant 'P-0009'"):
        run(participant, "contact", "P-0009", "--name", typed="Bob\n")


def test_an_address_of_an_older_release_is_named_and_found_after_reindexing(study, run):
    run(participant, "contact", "P-0001", "--email", typed="ada@example.org\n")
    with study.database.transaction("test") as session:
        session.connection().exec_driver_sql("DELETE FROM entry_address")
    assert "hometrial participant reindex" in run(participant, "contact", "P-0001").output
    assert run(participant, "reindex").output.startswith("1 people")
    assert run(participant, "contact", "P-0001").output == "P-0001: email on record\n"


def test_a_link_as_a_code_is_written_for_one_pair_of_eyes_and_not_printed(study, run, tmp_path):
    file = tmp_path / "P-0001.svg"
    printed = run(link, "invite", "P-0001", "--qr", file).output
    assert printed == f"{file} holds the link of P-0001; it opens the page once, within 7 days\n"
    assert "/join/" not in file.read_text()
    assert re.match(r"<\?xml", file.read_text())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert study.one("SELECT count(*) FROM link_invitation") == 1


def test_the_code_holds_the_link_itself(study, run, tmp_path, monkeypatch):
    made = []
    invite = invitations.invite
    monkeypatch.setattr(
        invitations, "invite", lambda *given: made.append(invite(*given)) or made[0]
    )
    run(link, "invite", "P-0001", "--qr", tmp_path / "own.svg")
    address = f"{study.database.settings.public_url}/join/{made[0]}"
    segno.make_qr(address, error="m").save(str(tmp_path / "other.svg"), scale=8, light="white")
    assert (tmp_path / "own.svg").read_text() == (tmp_path / "other.svg").read_text()


@pytest.mark.parametrize(("name", "why"), [("P-0001.png", "as SVG"), ("there.svg", "exists"),
                                           ("no/P-0001.svg", "no folder")])  # fmt: skip
def test_a_file_that_cannot_be_is_refused_before_there_is_a_link(study, run, tmp_path, name, why):
    (tmp_path / "there.svg").touch()
    with pytest.raises(TrialError, match=why):
        run(link, "invite", "P-0001", "--qr", tmp_path / name)
    assert study.one("SELECT count(*) FROM link_invitation") == 0
