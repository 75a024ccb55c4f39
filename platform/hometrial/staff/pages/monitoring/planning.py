"""The plan of sampling: the shares, the seed, and every plan there was."""

from flask import flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from hometrial.models import VERIFIABLE
from hometrial.services.monitoring import sampling
from hometrial.services.monitoring.sampling import SHARES, PlanRefusedError
from hometrial.staff.pages.monitoring.blueprint import pages
from hometrial.staff.pages.monitoring.forms import PlanForm
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, reading, writing

Answer = str | Response | tuple[str, int]


@pages.get("/plan")
@permits("monitoring.see", logs="viewed")
def plan() -> str:
    """Show the plan that holds, and those before it."""
    return _page(PlanForm())


@pages.post("/plan")
@permits("sampling.plan")
def make_plan() -> Answer:
    """Make a new plan."""
    form = PlanForm()
    if form.validate_on_submit():
        why = str(form.because.data).strip()
        shares = {each: int(form[each].data) for each in VERIFIABLE}
        try:
            with writing(why) as session:
                sampling.plan(session, shares, by=me().actor, because=why)
        except PlanRefusedError as error:
            form.refuse(error)
        else:
            flash("The plan holds from now on.")
            return redirect(url_for("monitoring.plan"), 303)
    return _page(form), 422


def _page(form: PlanForm) -> str:
    with reading() as session:
        plans = sampling.plans(session)
    form.fill(plans[0].shares if plans else SHARES)
    return render_template("monitoring/plan.html", plans=plans, form=form, kinds=VERIFIABLE)
