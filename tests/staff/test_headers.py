"""Every answer carries the strict headers; only GX's report has a policy of its own."""

import re

import pytest
from flask.testing import FlaskClient

from hometrial.staff.headers import PAGE_POLICY, REPORT_POLICY

PAGES = (
    "/completeness", "/completeness/P-0001/2026-10-24", "/people", "/people/P-0001", "/people/P-0001/2026-10-24", "/batches", "/quarantine", "/audit",
    "/completeness", "/people/bulk/contact?who=P-0001", "/today/week", "/sync", "/sync/live", "/providers", "/people/P-0003/sync", "/people/P-0004/doctor",
    "/health", "/nowhere", "/people/P-9999", "/people/P-0001/chart.json",
)  # fmt: skip


@pytest.mark.parametrize("address", PAGES)
def test_every_answer_forbids_what_it_does_not_need(staff: FlaskClient, address: str) -> None:
    headers = staff.get(address).headers
    assert headers["Content-Security-Policy"] == PAGE_POLICY
    assert "unsafe" not in PAGE_POLICY
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("address", PAGES)
def test_no_page_holds_a_style_or_script_of_its_own_or_an_address_elsewhere(
    staff: FlaskClient, address: str
) -> None:
    page = staff.get(address).text
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", page))
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)


def test_a_report_of_great_expectations_is_fenced_in(staff: FlaskClient) -> None:
    batch = re.search(r"/batches/[0-9a-f-]{36}", staff.get("/batches").text)
    assert batch
    report = re.search(r"/verdicts/[0-9a-f-]{36}/report", staff.get(batch[0]).text)
    assert report
    answer = staff.get(report[0])
    assert "Expectation" in answer.text
    assert answer.headers["Content-Security-Policy"] == REPORT_POLICY
    assert "sandbox" in REPORT_POLICY
    assert "script-src" not in REPORT_POLICY


def test_a_form_without_its_token_changes_nothing(staff: FlaskClient) -> None:
    answer = staff.post("/logout")
    assert answer.status_code == 400
    assert "Nothing was changed" in answer.text
    assert staff.get("/people").status_code == 200
