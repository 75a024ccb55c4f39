"""The report stands alone, reads without script, and names rows by pseudonym."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hometrial_ingest.signals import Signal
from hometrial_validation.gate import check
from hometrial_validation.selfcontained import self_contained


class Tags(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))


@pytest.fixture
def report(make, context) -> str:
    frame = make(
        Signal.HEART_RATE, seconds=np.arange(60), value=np.where(np.arange(60) < 30, 400.0, 60.0)
    )
    return check(frame, Signal.HEART_RATE, context).report_html


def test_there_is_no_script_and_no_address_elsewhere(report):
    assert not re.search(r"https?:|//[a-z]|@import|url\(|javascript:", report)
    for tag, attributes in Tags(report).seen:
        assert tag not in {"script", "link", "img", "iframe", "object", "embed", "form", "input"}
        assert not any(name.startswith("on") or name in {"src", "style"} for name in attributes)
        assert (attributes.get("href") or "#").startswith("#")


def test_it_tells_what_failed_and_lists_twenty_rows_of_it(report):
    assert "value_is_physical (error)" in report
    assert "day_is_covered (flag)" in report
    assert "'value': 400.0" in report
    assert "{'row': 119, 'value'" in report
    assert "{'row': 120, 'value'" not in report
    assert "30 unexpected values found" in report
    assert "✗ fails" in report
    assert "✓ holds" in report


def test_times_are_written_as_dates(report):
    assert "'local': '2023-11-15 12:00:00'" in report


def test_it_is_for_phones_and_for_the_dark(report):
    assert '<meta name="viewport" content="width=device-width' in report
    assert "prefers-color-scheme: dark" in report
    assert report.count("<style>") == 1


def test_the_same_frame_gives_the_same_page(make, context):
    pages = {
        check(make(Signal.WEIGHT, value=[1.0]), Signal.WEIGHT, context).report_html
        for _ in range(2)
    }
    assert len(pages) == 1


def test_what_a_source_wrote_is_text_and_never_markup(make, context):
    frame = make(Signal.SLEEP_SESSION, duration=[200_000], source="<script>alert(1)</script>")
    frame.loc[0, "value"] = -1
    page = check(frame, Signal.SLEEP_SESSION, context).report_html
    assert "<script" not in page


@given(text=st.text(alphabet="<>&\"'/= abscriptonlk#:", max_size=60))
def test_no_markup_brings_in_a_script_or_an_address(text):
    page = self_contained(f"<body><p {text}>{text}</p><a href='http://x'>{text}</a></body>", text)
    for tag, attributes in Tags(page.partition("</head>")[2]).seen:
        assert tag in {"body", "h1", "p", "a", "li", "ol", "br", "b", "i", "span"} - {
            "b",
            "i",
        } or tag in {
            "div",
            "strong",
            "table",
            "td",
            "th",
            "tr",
            "ul",
            "tbody",
            "thead",
        }
        assert set(attributes) <= {"id", "class", "hidden", "href"}
        assert (attributes.get("href") or "#").startswith("#")
