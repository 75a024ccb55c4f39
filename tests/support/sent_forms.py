"""Forms of a page as a browser sends them: what stands in each field, and what a test changes."""

from html.parser import HTMLParser
from typing import Any

from typing_extensions import override


class _Fields(HTMLParser):
    """Reads the fields of one form."""

    def __init__(self, action: str) -> None:
        super().__init__()
        self.action, self.inside = action, False
        self.found: dict[str, list[str]] = {}
        self._name, self._text, self._is_chosen = "", False, False

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.inside = has.get("action", "") == self.action and has.get("method") == "post"
        if not self.inside:
            return
        if tag == "input":
            self._input(has)
        elif tag in ("select", "textarea"):
            self._name, self._text, self._is_chosen = has["name"], tag == "textarea", False
            self.found[self._name] = []
        elif tag == "option" and not self._is_chosen:
            self._is_chosen = "selected" in has
            if self._is_chosen or not self.found[self._name]:
                self.found[self._name] = [has["value"]]

    def _input(self, has: dict[str, str]) -> None:
        if has.get("type") in ("checkbox", "radio") and "checked" not in has:
            return
        self.found.setdefault(has["name"], []).append(has.get("value", ""))

    @override
    def handle_data(self, data: str) -> None:
        if self.inside and self._text:
            self.found[self._name].append(data.strip())

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._text = False
        elif tag == "form":
            self.inside = False


def filled(client: Any, page: str, to: str | None = None, **changed: Any) -> dict[str, Any]:
    """Return the fields of a page's form that goes `to` an address (None: to the page's own), with some changed."""
    answer = client.get(page)
    assert answer.status_code == 200, (page, answer.status_code)
    reader = _Fields(to or page)
    reader.feed(answer.get_data(as_text=True))
    assert reader.found, f"{page} has no form to {to or page}"
    return {**reader.found, **changed}
