"""Accounts of the staff: who there is, roles asked for and decided by two persons, who could do what on a day."""

from collections.abc import Callable
from datetime import date, timedelta
from uuid import UUID

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.exceptions import BadRequest, NotFound
from wtforms.fields import SelectChoice

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import ROLES, Site, StaffAccount, StaffGrant
from hometrial.services.staffing import accounts, granting, links, permissions
from hometrial.services.viewing import rights
from hometrial.services.viewing.rights import Known, Role
from hometrial.staff.forms import LONGEST_REASON
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, reading, study, writing
from hometrial.staff.user_forms import AccountForm, LinkForm, ReasonForm, RoleForm, beside

SECTIONS = (
    ("Health", "system.page", "system.see"),
    ("Accounts", "users.listing", "users.see"),
    ("Who could do what on a day", "users.on_a_day", "users.see"),
    ("What each role may do", "users.roles", "users.see"),
    ("Access log", "access_log.page", "access.see"),
    ("Keys", "keys.page", "key.rotate"),
)

pages = Blueprint("users", __name__, url_prefix="/system/users")


def sections() -> list[tuple[str, str]]:
    """Return the pages beside each other that may be opened; who is not logged in sees none."""
    if "actor" not in g:
        return []
    return [(label, url_for(where)) for label, where, action in SECTIONS if me().may(action)]


@pages.context_processor
def _sections() -> dict[str, object]:
    return {"sections": sections}


def _known(session: Session, name: str) -> Known:
    found = rights.accounts(session, name)
    if not found:
        raise NotFound
    return found[0]


@pages.get("")
@permits("users.see")
def listing() -> str:
    """Show all accounts, and the roles that wait for a decision."""
    with reading() as session:
        return render_template(
            "users/listing.html",
            known=rights.accounts(session),
            waiting=rights.waiting(session),
        )


@pages.route("/new", methods=["GET", "POST"])
@permits("users.keep", fresh=True)
def new() -> ResponseReturnValue:
    """Make an account, which may do nothing yet."""
    form = AccountForm()
    if request.method == "GET":
        return render_template("users/new.html", form=form)
    name = str(form.name.data or "").strip()
    try:
        with writing("a new account") as session:
            accounts.add(session, name, str(form.full_name.data or ""))
    except TrialError as error:
        beside(form, error)
        return render_template("users/new.html", form=form), 422
    flash(f"{name} has an account. Next: ask for a role, and make a link for the first log-in.")
    return redirect(url_for("users.account", name=name), 303)


@pages.get("/account/<name>")
@permits("users.see")
def account(name: str) -> str:
    """Show one account."""
    return _account_page(name, RoleForm(formdata=None))


def _account_page(name: str, form: RoleForm) -> str:
    with reading() as session:
        known = _known(session, name)
        form.site.choices = _places(session)
    return render_template("users/account.html", known=known, form=form)


def _places(session: Session) -> list[SelectChoice]:
    sites = session.scalars(select(Site).order_by(Site.code)).all()
    everywhere = SelectChoice("", "the whole study, or all sites")
    return [*(SelectChoice(each.code, f"{each.code} {each.name}") for each in sites), everywhere]


@pages.post("/account/<name>/roles")
@permits("users.request")
def ask(name: str) -> ResponseReturnValue:
    """Ask for a role, about which another person decides."""
    form = RoleForm()
    reason = str(form.reason.data or "").strip()
    try:
        with writing(f"ask for a role: {reason}"[:LONGEST_REASON]) as session:
            found = _known(session, name).account
            code = str(form.site.data or "")
            site = session.scalar(select(Site).where(Site.code == code)) if code else None
            if code and site is None:
                raise NotFound
            said = (me().actor, reason)
            granting.request(session, found, str(form.role.data), site, said)
    except TrialError as error:
        beside(form, error)
        return _account_page(name, form), 422
    flash("Asked for. Another person decides: an admin here, or whoever holds the machine.")
    return redirect(url_for("users.account", name=name), 303)


@pages.route("/account/<name>/link", methods=["GET", "POST"])
@permits("users.keep", fresh=True)
def link(name: str) -> ResponseReturnValue:
    """Make a link with which an account's owner sets up how they log in; it is shown this once."""
    form, made, refused = LinkForm(), None, False
    with reading() as session:
        known = _known(session, name)
    if request.method == "POST":
        try:
            with writing("a link to set up a log-in") as session:
                lasting = timedelta(minutes=form.minutes.data or 0)
                token = links.make(session, accounts.find(session, name), me().actor, lasting)
            made = links.address(study().database.settings, token)
        except TrialError as error:
            beside(form, error)
            refused = True
    page = render_template("users/link.html", known=known, form=form, link=made)
    return page, 422 if refused else 200


@pages.route("/account/<name>/disable", methods=["GET", "POST"])
@permits("users.keep", fresh=True)
def disable(name: str) -> ResponseReturnValue:
    """Close an account for good."""
    with reading() as session:
        known = _known(session, name)
    words = (
        f"Disable {known.full_name} ({name})?",
        "Every session, link and token of the account ends at once. It stays closed: who comes back gets another one.",
        "Disable the account",
    )

    def act(session: Session, reason: str) -> None:
        accounts.disable(session, accounts.find(session, name), reason)

    return _for_a_reason(words, name, act)


@pages.route("/roles/<uuid:grant_id>/end", methods=["GET", "POST"])
@permits("users.keep", fresh=True)
def end(grant_id: UUID) -> ResponseReturnValue:
    """End a role that somebody holds."""
    found, role = _role(grant_id)
    words = (
        f"End {role.told} of {found.full_name} ({found.name})?",
        "Their sessions end at once, and they log in anew with what is left. One person is enough to take a role away.",
        "End the role",
    )

    def act(session: Session, reason: str) -> None:
        granting.end(session, session.get_one(StaffGrant, grant_id), me().actor, reason)

    return _for_a_reason(words, found.name, act)


def _for_a_reason(
    words: tuple[str, str, str], name: str, act: Callable[[Session, str], None]
) -> ResponseReturnValue:
    """Ask why, act, and go back to the account."""
    form = ReasonForm()
    given = {"title": words[0], "text": words[1], "button": words[2], "name": name, "form": form}
    if request.method == "GET":
        return render_template("users/reason.html", **given)
    reason = str(form.reason.data or "").strip()
    try:
        with writing(reason[:LONGEST_REASON] or "no reason") as session:
            act(session, reason)
    except TrialError as error:
        beside(form, error)
        return render_template("users/reason.html", **given), 422
    flash("Done, and in the audit trail.")
    return redirect(url_for("users.account", name=name), 303)


def _role(grant_id: UUID) -> tuple[StaffAccount, Role]:
    with reading() as session:
        found = rights.role(session, grant_id)
    if found is None:
        raise NotFound
    return found


@pages.get("/roles/<uuid:grant_id>")
@permits("users.approve", fresh=True)
def decision(grant_id: UUID) -> str:
    """Show what is asked for, to whoever decides."""
    return _decision_page(*_role(grant_id))


def _decision_page(found: StaffAccount, role: Role, refused: str = "") -> str:
    allowed = [each for _, each in permissions.ordered() if role.grant.role in each.roles]
    return render_template(
        "users/decision.html", found=found, role=role, allowed=allowed, refused=refused
    )


@pages.post("/roles/<uuid:grant_id>/<any(approve, decline):how>")
@permits("users.approve", fresh=True)
def decide(grant_id: UUID, how: str) -> ResponseReturnValue:
    """Approve or decline what another person asked for."""
    found, role = _role(grant_id)
    try:
        with writing(f"{how} {role.told} of {found.name}") as session:
            grant = session.get_one(StaffGrant, grant_id)
            granting.decide(session, grant, me().actor, approve=how == "approve")
    except TrialError as error:
        return _decision_page(found, role, str(error)), 422
    flash(f"{role.told} of {found.name}: {how}d.")
    return redirect(url_for("users.listing"), 303)


@pages.get("/on")
@permits("users.see")
def on_a_day() -> str:
    """Show who could do what on a day, from what was decided, ended and disabled by then."""
    day = _day(request.args.get("day", "")) or clock.now().date()
    with reading() as session:
        could = rights.on(session, day)
    return render_template("users/on.html", day=day, could=could, today=clock.now().date())


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise BadRequest(f"{text!r} is not a day; write it like 2026-10-12.") from error


@pages.get("/roles")
@permits("users.see")
def roles() -> str:
    """Show the whole table of what each role may do, as the program reads it."""
    return render_template("users/roles.html", roles=ROLES, actions=permissions.ordered())
