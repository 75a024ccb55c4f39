"""Consent typed by the people who run a trial: texts, talks, calls, paper, countersignatures, copies, signing anew."""

import hashlib
import json
from datetime import timedelta

import pytest
from agreed import APPROVED, NOON, Trial, dizzy, filled, revised
from protocols import shipped
from sqlalchemy import text

from hometrial.protocol import comprehension, consent_text
from hometrial.services import enrolling
from hometrial.services.agreeing import understanding
from hometrial.services.agreeing.sealing import Keys
from hometrial.services.trial import following

pytestmark = pytest.mark.long

PDF = b"%PDF-1.7\nscanned"
TIME = ("--zone", "Europe/Berlin")
AFTER = "2026-03-02T00:30:00+01:00"


@pytest.fixture
def run(typed, study, monkeypatch, at_clock):
    """Type a command as somebody; it must end with this exit code. Return what it printed."""
    at_clock(NOON)

    def checked(*arguments, code=0, actor="ann"):
        monkeypatch.setenv("HOMETRIAL_ACTOR", actor)
        ended, out, err = typed(study, *arguments)
        assert ended == code, out + err
        assert "Traceback" not in err
        return err if code == 2 else out

    return checked


@pytest.fixture
def consent(run):
    """Type `consent-document ...`."""

    def typed_(*arguments, **how):
        return run("consent-document", *arguments, **how)

    return typed_


def publish(run, tmp_path, body=APPROVED, *, version="1.0.0", flags=()):
    file = tmp_path / f"trial-{version}.yaml"
    file.write_text(body)
    run("trial", "load", file, *flags)
    run("trial", "approve", "ldn-mecfs", version, "--because", "reviewed", *flags, actor="bob")
    return run("trial", "publish", "ldn-mecfs", version, *flags)


@pytest.fixture
def in_force(run, consent, tmp_path):
    """The protocol in force with its words filled in."""
    told = publish(run, tmp_path)
    for language in ("en", "de"):
        file = tmp_path / f"consent.{language}.md"
        file.write_text(filled(consent("text", "ldn-mecfs", "--language", language)))
        consent("keep", "ldn-mecfs", "--language", language, "--text", file)
    return told


@pytest.fixture
def code(study, in_force, run):
    return run("screening", "open", "ldn-mecfs", "--zone", "Europe/Berlin").strip()


@pytest.fixture
def acting(study):
    """Do something as the person would on their own page."""

    def act(code, what):
        with study.database.transaction("person", "consent") as session:
            trial = Trial(session, Keys.of(study.database.settings))
            person = enrolling.find_participant(session, code)
            return what(trial, person, trial.offer(person))

    return act


def answers(*, wrong=0):
    """Return the options that type an answer to each question."""
    document = shipped("ldn-mecfs").consent.documents[0]
    asked = comprehension.read(consent_text.shipped(document)[1], "quiz").questions
    given = {each.id: each.right for each in asked}
    for each in asked[:wrong]:
        given[each.id] = next(one.id for one in each.options if one.id != each.right)
    return [part for name, value in given.items() for part in ("--answer", f"{name}={value}")]


def paper(consent, person, scan, *more, given=None, **how):
    return consent(
        "paper", person, "--name", "Łukasz Żółć", "--signed-at", AFTER, *TIME,
        "--meaning", "I agree to take part", "--identity", "passport shown", "--led-by", "dr-ada",
        "--scan", scan, *(answers() if given is None else given), *more, **how,
    )  # fmt: skip


@pytest.fixture
def scan(tmp_path):
    file = tmp_path / "scan.pdf"
    file.write_bytes(PDF)
    return file


def test_publishing_keeps_the_shipped_words_of_a_rehearsal_and_says_what_a_trial_lacks(
    run, study, tmp_path
):
    told = publish(run, tmp_path)
    assert "1.0.0 is in force" in told
    assert "main 1.0.0 in en: still to be filled in: amount and currency" in told
    assert "hometrial consent-document keep ldn-mecfs --language en --text consent.en.md" in told
    assert study.one("SELECT count(*) FROM consent_text") == 0
    rehearsed = publish(run, tmp_path, flags=("--test",))
    assert "kept main 1.0.0 in en: sha256 " in rehearsed
    assert study.rows("SELECT language, is_test FROM consent_text ORDER BY 1") == [
        ("de", True),
        ("en", True),
    ]


def test_texts_are_kept_listed_and_shown_with_what_they_cover(run, consent, tmp_path):
    publish(run, tmp_path)
    assert "words not kept yet" in consent("list", "ldn-mecfs")
    assert "not every document has its words" in consent("keep", "ldn-mecfs", code=2)
    words = filled(consent("text", "ldn-mecfs"))
    file = tmp_path / "consent.md"
    file.write_text(words)
    told = consent("keep", "ldn-mecfs", "--text", file)
    sha256 = hashlib.sha256(words.encode()).hexdigest()
    assert told == f"kept main 1.0.0 in en: sha256 {sha256}\n"
    assert consent("text", "ldn-mecfs") == words
    assert "consent-quiz/1" in consent("text", "ldn-mecfs", "--quiz")
    english, german = json.loads(consent("list", "ldn-mecfs", "--json"))
    assert (english["sha256"], english["kept_by"], german["sha256"]) == (sha256, "ann", None)
    shown = json.loads(consent("show", "ldn-mecfs", "--json"))
    assert shown["elements"]["f"] == ["risks"]
    assert all(shown["elements"].values())
    assert "foreseeable risks" in consent("show", "ldn-mecfs")
    file.write_text(words.replace("Rarely", "At times"))
    assert "raise the document's version" in consent("keep", "ldn-mecfs", "--text", file, code=2)
    assert "there are main in en" in consent("show", "ldn-mecfs", "--language", "fr", code=2)
    nowhere = tmp_path / "none.md"
    assert "No such file" in consent("keep", "ldn-mecfs", "--text", nowhere, code=2)


def test_a_talk_is_recorded_as_a_fact(consent, code, study):
    told = consent("talked", code, "--way", "video", "--identity", "passport shown", actor="dr-ada")
    assert f"{code} talked it over with dr-ada" in told
    (row,) = study.rows("SELECT way, led_by, identity_check, recorded_by FROM consent_talk")
    assert row == ("video", "dr-ada", "passport shown", "dr-ada")
    refused = ("--way", "phone", "--identity", "birthday", "--at", "2027-01-01T00:00:00Z")
    assert "is yet to come" in consent("talked", code, *refused, code=2)


def test_a_call_after_three_tries_opens_one_more(consent, code, acting, study):
    assert "needs no call" in consent("called", code, "--note", "talked", code=2)

    def fail(trial, person, offer):
        trial.read(person, offer)
        asked = next(each for each in offer.quiz.questions if each.id == "may_stop")
        wrong = next(each.id for each in asked.options if each.id != asked.right)
        for _ in range(3):
            understanding.answer(trial.session, person, offer, trial.answers(offer, may_stop=wrong))
            trial.read(person, offer)

    acting(code, fail)
    assert study.one("SELECT kind FROM work_item WHERE closed_at IS NULL") == "consent_call"
    told = consent("called", code, "--note", "explained once more")
    assert f"{code} has 1 more try at the questions of main 1.0.0 in en" in told
    assert study.one("SELECT count(*) FROM work_item WHERE closed_at IS NULL") == 0


def test_consent_on_paper_is_recorded_with_its_scan_and_countersigned(
    consent, code, scan, study, tmp_path
):
    more = ("--grant", "steps", "--grant", "sleep", "--scribe", "Ben", "--relation", "brother")
    told = paper(consent, code, scan, *more)
    digest = hashlib.sha256(PDF).hexdigest()
    assert f"scan sha256 {digest}" in told
    assert "main 1.0.0 in en on paper at 2026-03-01T23:30:00+00:00" in told
    (row,) = json.loads(consent("signed", code, "--json"))["signatures"]
    assert (row["kind"], row["role"], row["granted"]) == (
        "handwritten",
        "scribe",
        ["sleep", "steps"],
    )
    assert row["countersigned_at"] is None
    assert "is countersigned" in consent(
        "countersign", code, "--name", "Ada Byron", *TIME, "--meaning", "I led the discussion",
        "--identity", "staff register", "--on-paper-at", AFTER, actor="dr-ada",
    )  # fmt: skip
    (row,) = json.loads(consent("signed", code, "--json"))["signatures"]
    assert row["countersigned_by"] == "dr-ada"
    file = tmp_path / "copy.pdf"
    told = consent("copy", code, "--to", file)
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    assert sha256 in told
    assert study.rows("SELECT sha256, given_to FROM consent_copy") == [(sha256, "ann")]
    assert "File exists" in consent("copy", code, "--to", file, code=2)
    assert json.loads(consent("verify", "--json")) == {"signatures": 2, "broken": []}
    assert study.verify().problems == ()


def test_a_scan_is_kept_encrypted_and_its_loss_is_found(consent, code, scan, study):
    paper(consent, code, scan)
    with study.database.engine.begin() as connection:
        bodies = connection.execute(text("SELECT body FROM payload_part")).scalars().all()
        assert bodies
        assert not any(PDF in bytes(body) for body in bodies)
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("UPDATE payload SET sha256 = repeat('0', 64)"))
    assert "scan: the file is not there any more" in consent("verify", code=1)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("--signed-at", "2026-03-02T00:30:00"), "has no zone"),
        (("--signed-at", "2026-03-02T00:31:00+01:00"), "is yet to come"),
        (("--signed-at", "2026-03-01T00:30:00+01:00"), "before these words were kept here"),
        (("--zone", "Europe/Atlantis"), "zone: "),
        (("--identity", " "), "identity_check: say it"),
        (("--scribe", "Ben"), "relation: say how the scribe stands"),
        (("--proxy", "Ben", "--relation", "brother"), "no consent from a legal representative"),
        (("--proxy", "Ben", "--scribe", "Eva"), "somebody wrote for the person, or signed"),
        (("--grant", "weight"), "weight is no switch of this trial"),
        (("--answer", "may_stop"), "write QUESTION=ANSWER once"),
        (("--document", "other"), "is asked main 1.0.0 in en"),
    ],
)
def test_a_paper_that_leaves_something_out_is_refused_and_nothing_is_kept(
    consent, code, scan, study, change, said
):
    assert said in paper(consent, code, scan, *change, code=2)
    for table in ("consent_signature", "section_read", "quiz_try", "payload"):
        assert study.one(f"SELECT count(*) FROM {table}") == 0, table  # noqa: S608


def test_a_paper_with_wrong_answers_or_no_scan_is_refused(consent, code, scan, study, tmp_path):
    assert "not all right yet" in paper(consent, code, scan, given=answers(wrong=1), code=2)
    assert "not answered yet" in paper(consent, code, scan, given=(), code=2)
    scan.write_bytes(b"MZ not a scan")
    assert "is none of PDF, JPEG, PNG" in paper(consent, code, scan, code=2)
    scan.unlink()
    assert "No such file" in paper(consent, code, scan, code=2)
    assert study.one("SELECT count(*) FROM consent_signature") == 0


def test_a_signature_on_screen_is_countersigned_and_copied(consent, code, acting, tmp_path):
    assert "has signed nothing yet" in consent("signed", code)
    assert "they signed nothing" in consent("copy", code, "--to", tmp_path / "x.pdf", code=2)

    def sign(trial, person, offer):
        trial.understand(person, offer)
        trial.sign(person, offer)

    acting(code, sign)
    who = ("--name", "Ada Byron", *TIME, "--meaning", "I led it", "--identity", "staff register")
    assert "or of a signature by hand --on-paper-at" in consent("countersign", code, *who, code=2)
    by_hand = ("--on-paper-at", AFTER)
    assert "signed on a screen" in consent("countersign", code, *who, *by_hand, code=2)
    fresh = ("--reauthentication", "password and code")
    assert "is countersigned" in consent("countersign", code, *who, *fresh, actor="dr-ada")
    assert "countersigned already" in consent("countersign", code, *who, *fresh, code=2)
    file = tmp_path / "copy.pdf"
    consent("copy", code, "--to", file)
    assert file.read_bytes().startswith(b"%PDF-")
    assert "electronic, self  on: nothing" in consent("signed", code)


def test_a_broken_signature_ends_with_1_and_says_whose_it_is(consent, code, acting, study):
    assert "0 signatures, 0 broken" in consent("verify")

    def sign(trial, person, offer):
        trial.understand(person, offer)
        trial.sign(person, offer)

    acting(code, sign)
    with study.database.engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("UPDATE consent_signature SET meaning = 'other'"))
    told = consent("verify", code=1)
    assert told.startswith("1 signatures, 1 broken")
    assert f"{code}, main 1.0.0, signature " in told


def test_who_signs_anew_is_listed_and_moved_by_signing(
    run, consent, code, acting, scan, tmp_path, at_clock, study
):
    def sign(trial, person, offer):
        trial.understand(person, offer)
        trial.sign(person, offer)

    acting(code, sign)
    assert "nobody is asked anything anew" in consent("due", "ldn-mecfs")
    later = NOON + timedelta(days=30)
    at_clock(later)
    publish(run, tmp_path, revised("reconsent", "all"), version="1.1.0")
    assert "words were not taken in yet" in consent("due", "ldn-mecfs", code=2)
    file = tmp_path / "new.md"
    file.write_text(dizzy(consent("text", "ldn-mecfs")))
    consent("keep", "ldn-mecfs", "--text", file)
    (row,) = json.loads(consent("due", "ldn-mecfs", "--json"))
    assert (row["participant"], row["signed"], row["version"], row["asks"]) == (
        code,
        "1.0.0",
        "1.1.0",
        "reconsent",
    )
    at_clock(later + timedelta(days=15))
    assert f"{code}  reconsent main 1.0.0 -> 1.1.0  OVERDUE since" in consent("due", "ldn-mecfs")
    moment = (later + timedelta(days=14)).isoformat()
    paper(consent, code, scan, "--signed-at", moment)
    assert "nobody is asked anything anew" in consent("due", "ldn-mecfs")
    with study.database.reading() as session:
        person = enrolling.find_participant(session, code)
        assert following.version_of(session, person).version == "1.1.0"
