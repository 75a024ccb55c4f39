"""What each file of everything held about somebody is, in their own words."""

from flask_babel import gettext, lazy_gettext

from hometrial.services.holding.tables import FILES

FOLDERS = {
    "study": lazy_gettext("You in the study"),
    "consent": lazy_gettext("What you agreed to, and what you stopped"),
    "questions": lazy_gettext("Your answers"),
    "medicine": lazy_gettext("Your medicines"),
    "safety": lazy_gettext("Problems and side effects"),
    "visits": lazy_gettext("Visits and contacts"),
    "messages": lazy_gettext("Messages to you"),
    "watch": lazy_gettext("Your watch: links and days"),
    "page": lazy_gettext("Your page: how you came in"),
}
_FILES = {
    "study/you": lazy_gettext("your study number, and where you are in the study"),
    "study/time_zones": lazy_gettext("where you lived, by time zone"),
    "study/protocol_versions": lazy_gettext("which version of the study plan holds for you"),
    "study/days_counted_from": lazy_gettext("the days that your visits are counted from"),
    "study/rests": lazy_gettext("times of rest from the study"),
    "study/departures_from_the_plan": lazy_gettext("where something went otherwise than planned"),
    "study/screenings": lazy_gettext("whether the study suited you"),
    "study/screening_answers": lazy_gettext("what you and the team answered for that"),
    "study/groups": lazy_gettext("the group that you were drawn into"),
    "study/groups_in_error": lazy_gettext("groups that were drawn by mistake"),
    "consent/sections_read": lazy_gettext("which parts of the consent you read, and when"),
    "consent/questions_of_understanding": lazy_gettext("your answers to the questions about it"),
    "consent/calls_about_questions": lazy_gettext("calls to talk those questions over"),
    "consent/talks": lazy_gettext("talks before you signed"),
    "consent/signatures_refused": lazy_gettext("times when signing did not work"),
    "consent/signatures": lazy_gettext("your signatures, and those beside them"),
    "consent/copies_given": lazy_gettext("copies that were handed out"),
    "consent/kinds_of_data": lazy_gettext("each kind of data that you switched on or off"),
    "consent/what_you_stopped": lazy_gettext("what you stopped, or took back"),
    "questions/forms": lazy_gettext("the forms that you opened"),
    "questions/sittings": lazy_gettext("when and how you filled them in"),
    "questions/answers": lazy_gettext("every answer, as it is stored"),
    "questions/answers_in_words": lazy_gettext("every answer with its question in words"),
    "questions/answers_sent_later": lazy_gettext("answers that were sent after being offline"),
    "questions/forms_sent": lazy_gettext("the forms that you sent"),
    "questions/scores": lazy_gettext("numbers worked out from your answers"),
    "questions/bad_days": lazy_gettext("bad days that you told us"),
    "medicine/doses": lazy_gettext("doses ordered, taken and missed"),
    "medicine/history_told": lazy_gettext("what you told of medicine before"),
    "medicine/other_medicines": lazy_gettext("your other medicines"),
    "medicine/packages": lazy_gettext("packages that went to you or came back"),
    "safety/events": lazy_gettext("problems that were reported"),
    "safety/events_as_described": lazy_gettext("how each was described, in every version"),
    "safety/events_coded": lazy_gettext("the medical word for each"),
    "safety/symptoms_before": lazy_gettext("what you had before the study"),
    "safety/reports_sent": lazy_gettext("reports of them to the authorities"),
    "safety/laboratory_results": lazy_gettext("what laboratories found in your samples"),
    "safety/alerts": lazy_gettext("warnings to the team about you"),
    "safety/alerts_answered": lazy_gettext("what the team did about them"),
    "visits/visits": lazy_gettext("visits held and missed"),
    "visits/contacts": lazy_gettext("calls and letters, and what you wrote to the team"),
    "visits/work_of_the_team": lazy_gettext("what the team had to do for you"),
    "messages/messages": lazy_gettext("messages that were written"),
    "messages/what_they_were_about": lazy_gettext("what each was about"),
    "messages/what_became_of_them": lazy_gettext("whether and when each was sent"),
    "messages/how_to_remind": lazy_gettext("how you want to be reminded"),
    "messages/when_not_to_remind": lazy_gettext("when you do not want to be reminded"),
    "watch/accounts": lazy_gettext("accounts of your watches"),
    "watch/links": lazy_gettext("when each was linked, and when that ended"),
    "watch/devices": lazy_gettext("the devices"),
    "watch/phones": lazy_gettext("phones that may send data"),
    "watch/numbers_of_each_day": lazy_gettext("numbers worked out for each day"),
    "watch/gaps": lazy_gettext("hours without data, and why"),
    "watch/questions_about_data": lazy_gettext("questions of the team about data"),
    "watch/questions_about_data_steps": lazy_gettext("what was said to those questions"),
    "watch/values_set_aside": lazy_gettext("values that looked wrong and are not used"),
    "watch/paired_devices": lazy_gettext("devices at your accounts, and their batteries"),
    "watch/how_far_read": lazy_gettext("up to when each kind of data is read"),
    "watch/when_read_next": lazy_gettext("when it is read next"),
    "watch/reads": lazy_gettext("each time we read from your account"),
    "watch/pages_read": lazy_gettext("what we asked for each time"),
    "watch/data_pushed": lazy_gettext("each time your phone sent data"),
    "page/times_on_your_page": lazy_gettext("when your page was open"),
    "page/proofs_that_it_was_you": lazy_gettext("when you proved that it was you"),
    "page/codes_asked_for": lazy_gettext("codes that you asked for"),
    "page/links_sent": lazy_gettext("links to your page"),
    "page/trips_to_link": lazy_gettext("times when you went to link a watch"),
    "page/passkeys": lazy_gettext("your passkeys"),
    "page/passkeys_used": lazy_gettext("when they were used"),
    "page/passkeys_removed": lazy_gettext("which you removed"),
}


def readme(code: str, made: str) -> str:
    """Return the page that explains every file, in the reader's language."""
    parts = [
        gettext("Everything that the study holds about %(code)s", code=code),
        gettext("Made at %(moment)s.", moment=made),
        gettext(
            "This file tells a lot about you. Keep it where nobody else can read it, and send it to nobody "
            "whom you do not trust."
        ),
        gettext(
            "Files that end in .csv are tables: any spreadsheet opens them. Times are in UTC unless the name says "
            "local. Where a text could be mistaken for a formula, an apostrophe stands before it."
        ),
    ]
    for folder, title in FOLDERS.items():
        parts.append(f"{title}\n{'=' * len(str(title))}")
        parts.append("\n".join(_line(name) for name in _FILES if name.startswith(f"{folder}/")))
    parts += [
        "\n".join(
            [
                "consent/*.pdf: " + gettext("copies of what you signed"),
                "samples/: " + gettext("every value of your watch, a file for each kind and month"),
                "originals/: "
                + gettext("what your watch's service, your phone and your forms sent, as it came"),
                "trail/entries.csv: "
                + gettext("each change of a line about you: when, by whom, why"),
            ]
        ),
        gettext("What is not in here"),
        "\n".join(
            "- " + said
            for said in (
                gettext(
                    "Your name, e-mail and telephone number lie apart from the study. The team tells you what it has."
                ),
                gettext(
                    "Names of the team: where somebody else did something, only their part is named."
                ),
                gettext("Keys, codes and passwords: whoever has them could act for you."),
                gettext(
                    "Files that the team read in for several people at once. What they say of you is in `samples`."
                ),
                gettext(
                    "Who looked at your data: this study's programme does not write that down yet."
                ),
            )
        ),
    ]
    return "\r\n\r\n".join(part.replace("\n", "\r\n") for part in parts) + "\r\n"


def _line(name: str) -> str:
    return f"{name}.csv: {_FILES[name]}"


assert set(_FILES) == {*FILES.values(), "questions/answers_in_words"}  # noqa: S101  # each file is explained
