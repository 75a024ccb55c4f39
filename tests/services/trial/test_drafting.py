"""Protocols are written in revisions that nobody overwrites unseen, and go into force by another's hand."""

import re

import enrolled
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from hometrial.models import ProtocolDraftRevision
from hometrial.protocol import editing, loading
from hometrial.protocol.difference import version_hash
from hometrial.protocol.editing import Drop, Put
from hometrial.services import enrolling
from hometrial.services.agreeing import texts
from hometrial.services.trial import (
    allocating,
    drafting,
    examining,
    publishing,
    schemes,
    submitting,
)
from hometrial.services.trial.drafting import Content, DraftMovedError, DraftRefusedError

MECFS = loading.shipped_text("ldn-mecfs")


@pytest.fixture
def session(study):
    with study.database.transaction("test", "drafts") as session:
        yield session


@pytest.fixture
def draft(session):
    return drafting.from_shipped(session, "ldn-mecfs", "a third arm", by="ann", is_test=False)


def saved(session, draft, *edits, by="ann", because="tried"):
    last = drafting.newest(session, draft)
    body = editing.edited(last.body, edits)
    content = Content(body, drafting.words_of(last))
    return drafting.save(session, draft, last.number, content, by=by, because=because)


def handed_in(session, draft, by="ann"):
    last = drafting.newest(session, draft)
    return submitting.submit(session, draft, last.number, by=by, because="ready")


@pytest.mark.parametrize("name", loading.shipped())
def test_a_draft_of_a_shipped_protocol_is_the_same_document_and_the_same_file(session, name):
    begun = drafting.from_shipped(session, name, "as it is", by="ann", is_test=False)
    last = drafting.newest(session, begun)
    assert last.body == loading.shipped_text(name)
    examined = submitting.examine(session, begun, last)
    assert examined.is_whole, examined.faults
    original = publishing.read(loading.shipped_text(name), name)
    assert version_hash(examined.protocol) == version_hash(original)


@pytest.mark.parametrize("name", loading.shipped())
def test_a_file_that_was_edited_and_edited_back_declares_the_same_and_keeps_its_comments(name):
    body = loading.shipped_text(name)
    title = editing.at(editing.plain(body), ("title",))
    there = editing.edited(body, [Put(("title",), "Another"), Put(("arms", 0, "label"), "Other")])
    label = editing.at(editing.plain(body), ("arms", 0, "label"))
    back = editing.edited(there, [Put(("title",), title), Put(("arms", 0, "label"), label)])
    assert editing.plain(back) == editing.plain(body)
    assert version_hash(publishing.read(back, name)) == version_hash(publishing.read(body, name))
    comments = [line.strip() for line in body.splitlines() if line.strip().startswith("#")]
    assert comments == [line.strip() for line in back.splitlines() if line.strip().startswith("#")]


def test_an_edit_changes_only_what_it_names():
    body = editing.edited(
        MECFS,
        [
            Put(("arms", 2), {"id": "LATE", "label": "Later", "titration": "standard"}),
            Drop(("unscheduled_visits", 0)),
            Put(("registration", "id"), None),
        ],
    )
    before, after = editing.plain(MECFS), editing.plain(body)
    assert after["arms"][2] == {"id": "LATE", "label": "Later", "titration": "standard"}
    assert after["unscheduled_visits"] == []
    for each in ("arms", "unscheduled_visits"):
        del before[each], after[each]
    assert before == after
    assert "{id: LATE, label: Later, titration: standard}" in body


def test_two_editors_do_not_overwrite_each_other(session, draft):
    first = drafting.newest(session, draft)
    words = drafting.words_of(first)
    other = editing.edited(first.body, [Put(("title",), "By bob")])
    drafting.save(session, draft, 1, Content(other, words), by="bob", because="a better title")
    mine = editing.edited(first.body, [Put(("phase",), "3")])
    with pytest.raises(DraftMovedError, match=r"bob saved revision 2 .*a better title"):
        drafting.save(session, draft, 1, Content(mine, words), by="ann", because="phase")
    assert drafting.newest(session, draft).body == other


def test_what_did_not_change_makes_no_revision(session, draft):
    last = drafting.newest(session, draft)
    again = drafting.save(session, draft, 1, drafting.content_of(last), by="ann", because="looked")
    assert again.number == 1


def test_revisions_are_never_changed(session, draft):
    last = drafting.newest(session, draft)
    with pytest.raises(DBAPIError, match="append-only"):
        session.execute(
            text("UPDATE protocol_draft_revision SET body = 'x' WHERE id = :id"), {"id": last.id}
        )


def test_a_draft_may_be_incomplete_and_is_not_submitted_then(session, draft):
    saved(session, draft, Drop(("title",)), Put(("arms", 0, "titration"), "none"))
    examined = submitting.examine(session, draft, drafting.newest(session, draft))
    assert examined.protocol is None
    assert examined.at("title") == ["Field required"]
    with pytest.raises(DraftRefusedError, match="title: Field required"):
        handed_in(session, draft)


def test_a_fault_stands_at_the_place_that_it_names(session, draft):
    saved(session, draft, Put(("arms", 1, "titration"), "gentle"), Put(("visits", 2, "day"), "x"))
    found = submitting.examine(session, draft, drafting.newest(session, draft))
    assert [each.path for each in found.faults] == ["visits.2.day"]
    saved(session, draft, Put(("visits", 2, "day"), 1))
    found = submitting.examine(session, draft, drafting.newest(session, draft))
    assert [each.path for each in found.faults] == ["arms.1.titration"]
    assert "gentle" in found.faults[0].said


def test_a_schedule_above_the_energy_budget_is_refused_with_the_sum(session, draft):
    saved(session, draft, Put(("energy_budget", "minutes_any_day"), 5))
    with pytest.raises(DraftRefusedError, match=r"minutes_any_day: .*= [\d.]+ minutes"):
        handed_in(session, draft)


def test_whoever_wrote_any_of_it_does_not_approve_it(session, draft):
    saved(session, draft, Put(("title",), "By bob"), by="bob")
    version = handed_in(session, draft)
    assert publishing.authors(session, version) == {"ann", "bob"}
    for writer in ("ann", "bob"):
        with pytest.raises(publishing.ProtocolRefusedError, match=f"by {writer}"):
            publishing.approve(session, version, by=writer, because="good")
    publishing.approve(session, version, by="cid", because="good")
    assert version.state == "approved"


def test_what_is_saved_after_the_submission_makes_nobody_an_author_of_it(session, draft):
    version = handed_in(session, draft)
    saved(session, draft, Put(("title",), "Later"), by="cid")
    publishing.approve(session, version, by="cid", because="good")
    assert publishing.of(version).title != "Later"


def test_a_draft_of_the_version_in_force_needs_a_number_of_its_own_and_a_change(session):
    version = enrolled.published(session)
    begun = drafting.from_version(session, version, "next", by="ann")
    found = submitting.examine(session, begun, drafting.newest(session, begun))
    assert [each.path for each in found.faults] == ["version"]
    assert "nothing changed" in found.faults[0].said
    saved(session, begun, Put(("title",), "Better"))
    found = submitting.examine(session, begun, drafting.newest(session, begun))
    assert [each.said for each in found.faults] == ["1.0.0 does not follow 1.0.0; raise it"]
    saved(session, begun, Put(("version",), "1.1.0"))
    assert handed_in(session, begun).version == "1.1.0"


def test_an_arm_goes_only_while_nobody_is_in_it(session, study):
    version = enrolled.published(session)
    key = study.database.settings.key("allocation")
    schemes.open_scheme(session, key, version, by="ann")
    person = enrolled.eligible(session, version)
    enrolling.set_zone(session, person, "Europe/Berlin", source="test")
    arm = allocating.allocate(session, key, person, by="ann").arm
    begun = drafting.from_version(session, version, "fewer", by="ann")
    place = 0 if arm == "IMM" else 1
    saved(session, begun, Put(("arms", place, "id"), "OTHER"), Put(("version",), "1.1.0"))
    found = submitting.examine(session, begun, drafting.newest(session, begun))
    assert any(f"1 people are in arm {arm}" in each.said for each in found.faults)


def test_a_draft_goes_into_force_with_the_words_that_were_written_in_it(session, draft):
    last = drafting.newest(session, draft)
    words = {
        name: examining.Words(re.sub(r"\[\[(.+?)\]\]", r"\1", each.text), each.quiz)
        for name, each in drafting.words_of(last).items()
    }
    name = "consent/ldn-mecfs.en.md"
    words[name] = examining.Words(
        words[name].text.replace("You may say no.", "You may always say no."), words[name].quiz
    )
    drafting.save(session, draft, last.number, Content(last.body, words), by="ann", because="words")
    version = handed_in(session, draft)
    publishing.approve(session, version, by="bob", because="read")
    publishing.publish(session, version)
    count, missing = submitting.keep_words(session, version, by="ann")
    assert (count, missing) == (2, [])
    kept = {document.text: row for document, row in texts.kept_of(session, version)}
    assert "You may always say no." in kept[name].body


def test_words_that_people_may_have_signed_need_a_new_version_of_their_document(session, draft):
    test_a_draft_goes_into_force_with_the_words_that_were_written_in_it(session, draft)
    version = publishing.in_force(session, "ldn-mecfs")
    begun = drafting.from_version(session, version, "next", by="ann")
    last = drafting.newest(session, begun)
    words = drafting.words_of(last)
    name = "consent/ldn-mecfs.en.md"
    words[name] = examining.Words(words[name].text.replace("always ", ""), words[name].quiz)
    drafting.save(session, begun, 1, Content(last.body, words), by="ann", because="fewer words")
    found = submitting.examine(session, begun, drafting.newest(session, begun))
    assert "consent.documents.0.version" in [each.path for each in found.faults]


def test_a_draft_that_was_set_aside_is_saved_and_submitted_no_more(session, draft):
    drafting.set_aside(session, draft, by="bob", because="not this year")
    assert drafting.drafts(session) == []
    with pytest.raises(DraftRefusedError, match=r"set aside by bob \(not this year\)"):
        saved(session, draft, Put(("title",), "More"))
    with pytest.raises(DraftRefusedError, match="set aside"):
        handed_in(session, draft)
    assert session.query(ProtocolDraftRevision).count() == 1


def test_a_file_that_is_no_protocol_yet_is_kept_as_it_is(session):
    body = "schema: protocol/1\n# to be written\ntitle: [\n"
    begun = drafting.from_file(session, body, "mine", by="ann", is_test=True)
    last = drafting.newest(session, begun)
    assert last.body == body
    found = submitting.examine(session, begun, last)
    assert (found.protocol, len(found.faults)) == (None, 1)
    assert "no YAML" in found.faults[0].said
