"""What the trial costs people, by person and by severity: minutes and reminders, beside who leaves."""

from flask import render_template, request
from werkzeug.exceptions import BadRequest

from hometrial.services.viewing import minutes
from hometrial.staff.pages.trial.door import asked, name_of, pages, trials
from hometrial.staff.permitting import permits
from hometrial.staff.study import reading

PER_PAGE = 50
WEEKS = (1, 4, 12)


@pages.get("/trial/burden")
@permits("recruitment.see")
def burden() -> str:
    """Show what the last weeks cost people, and whether it is fairly shared."""
    weeks = request.args.get("weeks", 1, type=int)
    if weeks not in WEEKS:
        raise BadRequest(f"Shown are the last {', '.join(map(str, WEEKS))} weeks.")
    start = max(0, request.args.get("start", 0, type=int))
    with reading() as session:
        found = trials(session)
        version = asked(found)
        shown = None
        if version is not None:
            shown = minutes.fairness(session, version, weeks=weeks, by=request.args.get("by"))
    people = [] if shown is None else shown.people
    return render_template(
        "trial/burden.html",
        shown=shown,
        lines=people[start : start + PER_PAGE],
        page={"start": start, "total": len(people)},
        per_page=PER_PAGE,
        variables=[] if shown is None else minutes.groupable(shown.protocol),
        weeks=weeks,
        all_weeks=WEEKS,
        trials=found,
        name_of=name_of,
        chosen=version,
    )
