"""Alerts: at the answer that raises them, before the form is submitted, and not again at the next one."""

from hometrial.questionnaires.alerting import raised_by_answer, raised_by_form
from hometrial.questionnaires.loading import named
from hometrial.questionnaires.scoring import score

PHQ9 = named("phq9")


def raised(instrument, item, **answers):
    """Return the ids of the alerts that saving this item raises."""
    return [alert.id for alert in raised_by_answer(instrument, item, answers)]


def test_item_9_raises_its_alert_when_it_is_saved():
    assert raised(PHQ9, "phq9_9", phq9_9=0) == []
    assert raised(PHQ9, "phq9_9", phq9_9=1) == ["self_harm_thoughts"]
    assert raised(PHQ9, "phq9_9", phq9_9=2) == ["self_harm_thoughts", "self_harm_thoughts_often"]


def test_the_worse_answer_about_self_harm_has_the_shorter_clock():
    hours = {alert.id: alert.sla_hours for alert in PHQ9.alerts}
    assert hours["self_harm_thoughts"] == 24
    assert hours["self_harm_thoughts_often"] == 2


def test_saving_another_item_does_not_raise_it_again():
    assert raised(PHQ9, "phq9_1", phq9_9=3, phq9_1=1) == []


def test_a_skipped_answer_raises_nothing():
    assert raised(PHQ9, "phq9_9", phq9_9=None) == []


def test_an_opioid_beside_naltrexone_is_a_red_alert_of_four_hours():
    (alert,) = raised_by_answer(named("ldn_me_weekly"), "opioid", {"opioid": 1})
    assert (alert.level, alert.sla_hours) == ("red", 4)


def test_a_submitted_form_raises_by_answers_and_by_scores(small):
    instrument = small()

    def by_form(**answers):
        found = raised_by_form(instrument, answers, score(instrument, answers))
        return [alert.id for alert in found]

    assert by_form(a=2, b=2, c=1) == ["summed"]
    assert by_form(a=0, b=0, rating=10) == ["summed"]
    assert by_form(a=2, b=2, c=0, rating=9) == []


def test_a_severe_side_effect_is_told_with_the_form():
    form = named("side_effects")
    absent = {item.id: 0 for item in form.items if item.stem == "present"}
    severe = absent | {"headache": 1, "headache_severity": 3, "headache_interference": 2}
    hindering = absent | {"headache": 1, "headache_severity": 1, "headache_interference": 8}
    mild = absent | {"headache": 1, "headache_severity": 2, "headache_interference": 7}
    counts = [
        len(raised_by_form(form, each, score(form, each))) for each in (severe, hindering, mild)
    ]
    assert counts == [1, 1, 0]
