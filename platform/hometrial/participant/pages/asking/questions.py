"""One question at a time: shown, answered, skipped on purpose; each answer is saved before the next is shown."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import get_args

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from hometrial import clock
from hometrial.participant.pages.asking import screens, sittings, typed
from hometrial.participant.pages.asking.door import FORM, Here, ShutError, here, pages
from hometrial.participant.pages.asking.screens import NATURAL_STOP, Screen
from hometrial.participant.pages.asking.typed import Typed
from hometrial.questionnaires.instrument import SkipReason
from hometrial.services.asking import saving
from hometrial.services.asking.saving import AnswerRefusedError, Entry

_LONGEST_SHOWN = timedelta(days=1)
_REASONS: tuple[SkipReason, ...] = get_args(SkipReason)


@pages.get(FORM + "/<item>")
def question(form: str, occasion: str, item: str) -> ResponseReturnValue:
    """Show the screen of an item."""
    with here(form, occasion, "look at a question") as at:
        screen = _screen(at, item)
        if screen is None or sittings.own(at) is None:
            return redirect(at.to("start"), 303)
        at.require_open(correcting=True)
        return _page(at, screen, {name: _said(at, name) for name in screen.items})


@pages.post(FORM + "/<item>")
def answer(form: str, occasion: str, item: str) -> ResponseReturnValue:
    """Save what was answered and go where the button says; refuse what cannot be kept beside its field."""
    with here(form, occasion, "answer a question") as at:
        screen = _screen(at, item)
        if screen is None:
            return redirect(to(at, screens.after(at.progress, item)), 303)
        sent = request.form
        got = {name: typed.read(at.progress.instrument, name, sent) for name in screen.items}
        shut = at.shut(_plain(at, got.values()), correcting=sittings.own(at) is not None)
        if shut is not None:
            return _too_late(at, screen, got.values(), shut)
        is_old = sent.get("definition", "") != at.progress.definition_sha256
        told = got if sent.get("then", "next") != "next" else _with_blanks(at, got)
        if is_old or any(each.fault for each in told.values()):
            return _page(at, screen, told, is_old=is_old), 422
        return redirect(_saved(at, screen, got.values()), 303)


def _screen(at: Here, item: str) -> Screen | None:
    """Return the screen of an item, None if it is not asked now. Raises ShutError if the form has no such item."""
    if at.progress.instrument.item(item) is None:
        raise ShutError("not_asked")
    return screens.screen_of(at.progress, item)


def _plain(at: Here, got: Iterable[Typed]) -> str:
    """Return what was typed as the person knows it: the words of a choice, else what stands in the field."""
    shown = {each.item.id: each for each in at.shown().questions}
    return ", ".join(
        next((c.text for c in shown[each.item].choices if c.value == each.value), each.text)
        for each in got
        if each.text
    )


def _too_late(
    at: Here, screen: Screen, got: Iterable[Typed], shut: ShutError
) -> ResponseReturnValue:
    """Refuse what comes too late, but not what tells of danger: its alarm is raised, and help is shown."""
    sitting = sittings.any_of(at)
    for each in got:
        if sitting is None or each.value is None:
            continue
        try:
            saved = saving.save(at.session, at.person, sitting.id, _entry(at, screen, each))
        except AnswerRefusedError:
            continue
        if saved.crisis is not None:
            return redirect(at.to("call_now", each.item), 303)
    raise shut


def _with_blanks(at: Here, got: Mapping[str, Typed]) -> dict[str, Typed]:
    """Return what was typed, with a fault where a field was left empty that has no reason for it yet."""
    fault = gettext("Please answer, or say that you prefer not to.")
    words = at.progress.said
    return {
        name: replace(each, fault=fault)
        if not each.text and (name not in words or words[name].skipped is None)
        else each
        for name, each in got.items()
    }


def _said(at: Here, name: str) -> Typed:
    word = at.progress.said.get(name)
    value = None if word is None else word.value
    return Typed(name, "" if value is None else f"{value}", value)


def _saved(at: Here, screen: Screen, got: Iterable[Typed]) -> str:
    """Save what was answered, each word by itself, and return where to go: first of all to help, if that is needed."""
    danger = None
    for each in got:
        if each.value is not None:
            entry = _entry(at, screen, each)
            saved = saving.save(at.session, at.person, sittings.own_or_new(at).id, entry)
            danger = each.item if saved.crisis is not None else danger
    if danger is not None:
        return at.to("call_now", danger)
    return _onward(at.again(), screen)


def _onward(at: Here, screen: Screen) -> str:
    """Return the address that the button asks for."""
    then = request.form.get("then", "next")
    if then == "rest":
        return url_for("home.page")
    if then == "back":
        found = screens.before(at.progress, screen.name)
        return to(at, found) if found else at.to("start")
    if request.form.get("back") == "review":
        return at.to("review")
    found = screens.after(at.progress, screen.name)
    if found is not None and sittings.since_rest(at) >= NATURAL_STOP.total_seconds():
        sittings.rested(at)
        return at.to("pause", found.name)
    return to(at, found)


def to(at: Here, screen: Screen | None) -> str:
    """Return the address of a screen; after the last comes the page with all answers."""
    if screen is None:
        return at.to("review")
    return at.to("question", screen.name)


def _entry(at: Here, screen: Screen, got: Typed, skipped: SkipReason | None = None) -> Entry:
    """Return an answer, or why there is none, with its screen: which it was, and how long it was shown."""
    order = [each.id for each in at.progress.instrument.items]
    return Entry(
        got.item,
        got.value,
        skipped,
        order.index(screen.name),
        _seconds(),
        changes=_changes(got.item),
    )


def _changes(item: str) -> int | None:
    """Return how often a script counted that an answer was changed on its page; None without a script."""
    told = request.form.get(f"changes-{item}", "")
    return int(told) if told.isdecimal() and len(told) < 5 else None


def _seconds() -> float | None:
    """Return for how long the page was shown, by our clock; None if it does not say so sensibly."""
    told = request.form.get("shown", "")
    if not told.isdecimal() or len(told) > 20:
        return None
    seconds = (clock.microseconds(clock.now()) - int(told)) / 1e6
    return round(seconds, 3) if 0 <= seconds <= _LONGEST_SHOWN.total_seconds() else None


def _page(at: Here, screen: Screen, got: Mapping[str, Typed], *, is_old: bool = False) -> str:
    shown = {each.item.id: each for each in at.shown().questions}
    return render_template(
        "asking/question.html",
        at=at,
        shown=at.shown(),
        screen=screen,
        questions=[shown[name] for name in screen.items],
        got=got,
        is_old=is_old,
        units=typed.UNITS,
        prefix=typed.PREFIX,
        left=_others_left(at, screen),
        can_skip=bool(reasons(at)),
        back=request.values.get("back", ""),
        shown_at=clock.microseconds(clock.now()),
        today=clock.now().astimezone(at.zone).date(),
    )


def _others_left(at: Here, screen: Screen) -> int:
    """Return how many other screens have something that has no word yet."""
    left = set(at.progress.left) - set(screen.items)
    return sum(bool(left & set(each.items)) for each in screens.screens(at.progress))


def reasons(at: Here) -> tuple[SkipReason, ...]:
    """Return the reasons for which a question of this form may be left out."""
    shown = at.progress.instrument.presentation
    return tuple(each for each in _REASONS if each in shown.skip_reasons)


@pages.route(FORM + "/<item>/no-answer", methods=["GET", "POST"])
def no_answer(form: str, occasion: str, item: str) -> ResponseReturnValue:
    """Ask once more whether a question is to be left out, and why if somebody likes to say; then leave it out."""
    with here(form, occasion, "leave a question out") as at:
        screen = _screen(at, item)
        if screen is None or sittings.any_of(at) is None:
            return redirect(at.to("start"), 303)
        at.require_open(correcting=sittings.own(at) is not None)
        left = [name for name in screen.items if name in at.progress.left] or list(screen.items)
        told = request.form.get("reason", "prefer_not")
        reason = next((each for each in reasons(at) if each == told), None)
        if request.method == "POST" and reason is not None:
            for name in left:
                entry = _entry(at, screen, Typed(name, ""), reason)
                saving.save(at.session, at.person, sittings.own_or_new(at).id, entry)
            return redirect(_onward(at.again(), screen), 303)
        return _no_answer_page(at, screen, left)


def _no_answer_page(at: Here, screen: Screen, left: list[str]) -> ResponseReturnValue:
    shown = {each.item.id: each for each in at.shown().questions}
    page = render_template(
        "asking/no_answer.html",
        at=at,
        screen=screen,
        questions=[shown[name] for name in left],
        reasons=reasons(at),
        back=request.values.get("back", ""),
        shown_at=clock.microseconds(clock.now()),
        is_refused=request.method == "POST",
    )
    return page, 422 if request.method == "POST" else 200


@pages.get(FORM + "/<item>/pause")
def pause(form: str, occasion: str, item: str) -> ResponseReturnValue:
    """Offer to rest; the way on is as large."""
    with here(form, occasion, "offer a pause") as at:
        screen = _screen(at, item)
        way = to(at, screen) if screen else at.to("start")
        return render_template("asking/pause.html", at=at, way=way)
