"""The sections of a draft as forms, and the burden of its schedule as it is edited."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict

from hometrial.errors import TrialError
from hometrial.protocol import burden, checking, editing
from hometrial.protocol.model import Protocol
from hometrial.services.trial import drafting, examining, publishing
from hometrial.services.trial.drafting import Content, DraftMovedError
from hometrial.staff.pages.trial import draft_forms as forms
from hometrial.staff.pages.trial import sections, sheet
from hometrial.staff.pages.trial.door import Answer, pages
from hometrial.staff.pages.trial.draft_opened import Opened, opened, revision, save
from hometrial.staff.pages.trial.sections import BY_ID, SECTIONS, Section
from hometrial.staff.permitting import permits


@pages.route("/trial/drafts/<uuid:draft_id>/part/<part>", methods=["GET", "POST"])
@permits("trial.edit")
def draft_section(draft_id: UUID, part: str) -> Answer:
    """Edit one section of a draft."""
    section = BY_ID.get(part) or abort(404)
    shown = opened(draft_id)
    if not shown.is_readable:
        return render_template("trial/draft_unreadable.html", shown=shown, section=section)
    if request.method == "GET":
        return _section_page(shown, section, shown.document)
    form = forms.SaveForm()
    if not form.validate_on_submit():
        return _section_page(shown, section, shown.document, form), 422
    began = revision(shown, int(form.seen.data))
    body = _edited(began.body, section, shown.kept, request.form)
    try:
        saved = save(
            shown, int(form.seen.data), Content(body, drafting.words_of(began)), form, section.title
        )
    except DraftMovedError as error:
        form.because.errors = [str(error)]
        return _section_page(shown, section, editing.plain(body), form), 409
    except TrialError as error:
        form.because.errors = [str(error)]
        return _section_page(shown, section, editing.plain(body), form), 422
    changed = saved.number != shown.last.number
    flash(f"Saved as revision {saved.number}." if changed else "Nothing was changed.")
    return redirect(url_for("trial.draft_section", draft_id=draft_id, part=part), 303)


def _edited(body: str, section: Section, kept: dict[str, str], form: MultiDict[str, str]) -> str:
    document = editing.plain(body) or {}
    tables = section.tables(document, kept)
    return editing.edited(body, sheet.edits(document, tables, form))


def _section_page(
    shown: Opened, section: Section, document: Any, form: forms.SaveForm | None = None
) -> str:
    tables = section.tables(document, shown.kept)
    mine = [f for f in shown.examined.faults if f.place and f.place[0] in section.top]
    return render_template(
        "trial/draft_section.html",
        shown=shown,
        section=section,
        sections_=SECTIONS,
        tables=[(table, sheet.rows(document, table)) for table in tables],
        document=document,
        faults=mine,
        form=form or forms.SaveForm(formdata=None, seen=shown.last.number),
        variables=_variables(document),
        loads=loads(shown.examined.protocol) if section.id == "schedule" else None,
        NEW=sheet.NEW,
        GONE=sheet.GONE,
        library=sections.schedule.licences() if section.id == "schedule" else [],
    )


def _variables(document: Any) -> list[Any]:
    found = editing.at(document, ("variables",))
    return found if isinstance(found, list) else []


@dataclass(frozen=True)
class ArmLoad:
    """What the plan of an arm asks, against the budget of the protocol."""

    arm: str
    asked: burden.Burden
    epochs: tuple[burden.EpochLoad, ...]
    limits: tuple[tuple[str, float, float], ...]


def loads(protocol: Protocol | None) -> list[ArmLoad] | None:
    """Return what each arm's plan asks; None while the plan cannot be laid out."""
    if protocol is None or any(
        fault for check in checking.REFERENCES for fault in check(protocol, publishing.known())
    ):
        return None
    cap = protocol.energy_budget
    found = []
    for arm in protocol.arms:
        asked = burden.burden_of(protocol, arm.id)
        limits = (
            ("the fullest day", asked.day.minutes, cap.minutes_any_day),
            ("the fullest week", asked.week.minutes, cap.minutes_any_week),
            ("the median week", asked.median_week, cap.minutes_median_week),
        )
        epochs = burden.burden_by_epoch(protocol, arm.id)
        found.append(ArmLoad(f"{arm.id} {arm.label}", asked, epochs, limits))
    return found


@pages.post("/trial/drafts/<uuid:draft_id>/burden")
@permits("trial.edit", by_itself=True)
def draft_burden(draft_id: UUID) -> str:
    """Say what the schedule on the screen would ask; nothing is kept."""
    shown = opened(draft_id)
    body = _edited(shown.last.body, BY_ID["schedule"], shown.kept, request.form)
    examined = examining.examine(body, {})
    return render_template("trial/_burden.html", loads=loads(examined.protocol))
