"""Yes or no: each kind of data by itself, the signature with a fresh proof of who signs, and a no in peace."""

from collections.abc import Iterable

from flask import abort, redirect, render_template, request, url_for
from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse
from wtforms import BooleanField, RadioField, StringField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length

from hometrial import clock
from hometrial.participant import receipts
from hometrial.participant.pages.consenting.asked import (
    Asked,
    asked_of,
    draft,
    keep_draft,
    next_page,
    pages,
    reader,
    signed_versions,
    stale,
    switched,
)
from hometrial.participant.site import site, transaction, visit
from hometrial.participant.sources import zone
from hometrial.services.agreeing import declining, discussing, signing
from hometrial.services.agreeing.acts import Act, Helper, SignatureRefusedError
from hometrial.services.agreeing.sealing import Keys
from hometrial.services.entering import freshness
from hometrial.services.entering.freshness import NotConfirmedError
from hometrial_ingest.data_types import DataType

Answer = AnyResponse | str | tuple[str, int]
_NAME = lazy_gettext("Please write the whole name.")
_TOO_LONG = lazy_gettext("That is too long. Please shorten it.")
_LONGEST_NAME, _LONGEST_REASON = 200, 1000
ROLES = ("self", "scribe", "proxy")


class SignForm(FlaskForm):  # type: ignore[misc]  # the library has no types
    """What whoever signs types and ticks; nothing is filled in or ticked beforehand."""

    name = StringField(
        lazy_gettext("Your full name, as in your passport"),
        [DataRequired(_NAME), Length(max=_LONGEST_NAME, message=_TOO_LONG)],
    )
    means = BooleanField(
        lazy_gettext("I have read and understood this. I want to take part. This is my signature."),
        [InputRequired(lazy_gettext("Please tick this if you want to sign."))],
    )


class HelpedForm(SignForm):
    """The same, with who helps."""

    helper = StringField(
        lazy_gettext("Full name of who helps"),
        [DataRequired(_NAME), Length(max=_LONGEST_NAME, message=_TOO_LONG)],
    )
    relation = StringField(
        lazy_gettext("How they are related, such as: sister, friend, nurse"),
        [
            DataRequired(lazy_gettext("Please say how they are related.")),
            Length(max=_LONGEST_NAME, message=_TOO_LONG),
        ],
    )


class NoForm(FlaskForm):  # type: ignore[misc]  # the library has no types
    """Why somebody says no, if they like to say."""

    reason = TextAreaField(
        lazy_gettext("Why? You do not have to say."),
        [Length(max=_LONGEST_REASON, message=_TOO_LONG)],
    )


def _switches_form(types: Iterable[DataType], given: dict[str, str]) -> FlaskForm:
    """Return a form with a yes and a no for each kind of data; neither is chosen beforehand."""

    class SwitchesForm(FlaskForm):  # type: ignore[misc]  # the library has no types
        """Each kind of data by itself."""

    for each in types:
        field = RadioField(
            receipts.data_type(each),
            [InputRequired(lazy_gettext("Please choose yes or no. Both are fine."))],
            choices=[
                SelectChoice("yes", lazy_gettext("Yes")),
                SelectChoice("no", lazy_gettext("No")),
            ],
        )
        setattr(SwitchesForm, each.value, field)
    return SwitchesForm(data=given)


@pages.route("/choices", methods=["GET", "POST"])
def choices() -> Answer:
    """Ask for each kind of data whether it may be shared."""
    with transaction("choose what to share") as database:
        asked = asked_of(database, reader(database))
        if asked is None or asked.left or not asked.tries.is_passed or not asked.switches:
            return redirect(next_page(asked), 303)
        form = _switches_form(asked.switches, draft(asked)["switches"])
        if not form.is_submitted():
            return render_template("consenting/choices.html", asked=asked, form=form)
        if request.form.get("text") != str(asked.offer.text.id):
            return stale()
        if not form.validate():
            return render_template("consenting/choices.html", asked=asked, form=form), 400
        keep_draft(
            asked, "switches", {each.value: form[each.value].data for each in asked.switches}
        )
        return redirect(next_page(asked), 303)


@pages.get("/talk")
def talk() -> Answer:
    """Say that somebody of the team talks it over before anybody signs."""
    with transaction("look at one's own consent") as database:
        asked = asked_of(database, reader(database))
        if asked is None or asked.is_talked_over:
            return redirect(next_page(asked), 303)
        return render_template("consenting/talk.html")


@pages.get("/sign")
def sign() -> Answer:
    """Show what is signed, by whom and when, after a fresh proof of who is there."""
    with transaction("look at what is to be signed") as database:
        asked = asked_of(database, reader(database))
        here = url_for("consenting.sign")
        if asked is None or next_page(asked) != here:
            return redirect(next_page(asked), 303)
        freshness.require_fresh(database, visit())
        role = request.args.get("by", "self")
        return _sign_page(database, asked, _form(asked, role), role)


def _form(asked: Asked, role: str) -> SignForm:
    if role not in ROLES or (role == "proxy" and not asked.offer.protocol.consent.allows_proxy):
        abort(404)
    form = SignForm() if role == "self" else HelpedForm()
    if role == "proxy":
        form.name.label.text = lazy_gettext("Full name of the person who takes part")
        form.means.label.text = lazy_gettext(
            "I sign for this person, as their legal representative. We have read and understood this."
        )
    return form


def _sign_page(database: Session, asked: Asked, form: SignForm, role: str) -> str:
    here = zone(database, asked.person.id)
    given = switched(asked) or {}
    return render_template(
        "consenting/sign.html",
        asked=asked,
        form=form,
        role=role,
        talk=discussing.require(database, asked.person),
        shares=[receipts.data_type(each) for each in asked.switches if given.get(each) == "yes"],
        keeps=[receipts.data_type(each) for each in asked.switches if given.get(each) == "no"],
        now=clock.now(),
        zone=here,
    )


@pages.post("/sign")
def signed_now() -> Answer:
    """Sign, or refuse and keep in the trail why; a form that comes twice signs once."""
    try:
        return _sign()
    except (SignatureRefusedError, NotConfirmedError) as error:
        with transaction("a signature was refused") as database:
            asked = asked_of(database, reader(database))
            if asked is None:
                return redirect(url_for("consenting.thanks"), 303)
            signing.refuse(database, asked.person, asked.offer, str(error))
        raise


def _sign() -> Answer:
    with transaction("sign a consent document") as database:
        asked = asked_of(database, reader(database))
        if asked is None:
            return redirect(url_for("consenting.thanks"), 303)
        if request.form.get("text") != str(asked.offer.text.id):
            signing.refuse(database, asked.person, asked.offer, "sent from a page of other words")
            return stale()
        role = request.form.get("by", "self")
        form = _form(asked, role)
        if not form.validate():
            return _sign_page(database, asked, form, role), 400
        means = freshness.require_fresh(database, visit())
        signing.sign(
            database,
            Keys.of(site().database.settings),
            asked.person,
            asked.offer,
            _act(database, asked, form, role, means),
        )
    return redirect(url_for("consenting.thanks"), 303)


def _act(database: Session, asked: Asked, form: SignForm, role: str, means: str) -> Act:
    """Return what is signed with. Raises SignatureRefusedError before a talk, or without a choice for each switch."""
    given = switched(asked)
    if asked.is_declined:
        raise SignatureRefusedError(f"{asked.offer.named}: the person said no, and holds to it")
    if not asked.is_talked_over:
        raise SignatureRefusedError(f"{asked.offer.named}: nobody has talked it over yet")
    if given is None:
        raise SignatureRefusedError(f"{asked.offer.named}: not every switch has its answer")
    here = zone(database, asked.person.id)
    if here is None:
        raise SignatureRefusedError(f"{asked.person.code}: nobody knows in which zone they live")
    held = discussing.require(database, asked.person)
    is_helped = role != "self"
    return Act(
        name=form.name.data,
        zone=here.key,
        meaning=str(form.means.label.text),
        reauthentication=means,
        identity_check=held.identity_check,
        discussed_with=held.led_by,
        role="self" if role == "self" else "scribe" if role == "scribe" else "proxy",
        helper=Helper(form.helper.data, form.relation.data) if is_helped else None,
        granted=tuple(each for each in asked.switches if given[each] == "yes"),
    )


@pages.get("/signed")
def thanks() -> Answer:
    """Say thank you, and what happens now."""
    with transaction("look at what one has signed") as database:
        person = reader(database)
        signed = signed_versions(database, person)
        if not signed:
            return redirect(url_for("consenting.page"), 303)
        beside = signing.countersignature(database, signed[0])
        return render_template(
            "consenting/signed.html",
            signature=signed[0],
            is_countersigned=beside is not None,
            now=clock.now(),
            zone=zone(database, person.id),
        )


@pages.route("/no", methods=["GET", "POST"])
def no() -> Answer:
    """Take a no, at any point, without asking twice."""
    with transaction("said no to a consent document") as database:
        asked = asked_of(database, reader(database))
        if asked is None or asked.is_declined:
            return redirect(url_for("consenting.page"), 303)
        form = NoForm()
        is_new = not signed_versions(database, asked.person)
        if not form.is_submitted():
            return render_template("consenting/no.html", form=form, is_new=is_new)
        if not form.validate():
            return render_template("consenting/no.html", form=form, is_new=is_new), 400
        declining.decline(database, asked.person, asked.offer, form.reason.data or "")
    return redirect(url_for("consenting.page"), 303)


@pages.post("/think-again")
def think_again() -> AnyResponse:
    """Take a no back."""
    with transaction("thought again about a consent document") as database:
        asked = asked_of(database, reader(database))
        if asked is not None:
            declining.think_again(database, asked.person, asked.offer)
    return redirect(url_for("consenting.page"), 303)
