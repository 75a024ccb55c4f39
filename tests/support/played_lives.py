"""How people of a played trial live: screening, consent, run-in, drug, what happens on it, the end; travel, rest, leaving."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from played import Player
from played_calendar import DAY, visits
from played_looks import edges_of, exposure_of, look, nothing_more, whole
from played_stage import Script

EVENING = (20, 45)
AFTER_THE_END = 60 * DAY
STOPS_DRUG = {"stop_drug", "stop_drug_safety_only", "withdraw_completely"}
SPLIT_FROM = 9  # mg; more is no dose that can be taken at once


def enters(player: Player, *, role: str, decided_late: bool) -> Script:
    """Be screened, sign, and be decided upon, before the run-in or after it."""
    yield player.at(player.first_day, 9)
    player.open()
    held_back = {"unknown": "age"}.get(role, "")
    typed = {name: each for name, each in player.answers.items() if name != held_back}
    player.answer(**typed)
    if role == "declines":
        player.decline()
        return
    if role == "ineligible":
        player.decide()
        return
    player.refused(player.decide, "a decision while something is unknown")
    yield player.at(player.first_day + player.rng.randrange(1, 4) * DAY, 15)
    player.read()
    for _ in range({"slow": 2}.get(role, 0)):
        player.quiz(right=False)
        player.refused(player.sign, "a signature without understanding")
        player.read()
    player.quiz()
    player.sign()
    player.fill_in("V0#1")
    if role == "undecided":
        return
    if role == "unknown":
        player.refused(player.decide, "a decision while the age is unknown")
        yield player.at(player.today + 4 * DAY, 11)
        player.answer(age=player.answers["age"])
    if not decided_late:
        yield player.at(player.today + DAY, 12)
        player.decide()


def run_in(player: Player, days: int) -> Script:
    """Keep the diaries before the drug; its last day is known some days before."""
    player.anchor("run_in_start", player.today + DAY)
    last = player.facts.days["run_in_start"] + (days - 1) * DAY
    yield from evenings(player, last - 4 * DAY)
    player.anchor("run_in_end", last)
    yield from evenings(player, last)


def evenings(player: Player, last: date) -> Script:
    """Wake in the evenings up to a day: every one of who is daily, otherwise those of visits and a few."""
    while True:
        day = player.today + DAY
        if not player.daily:
            day = max(day, min(player.next_visit() or last, player.today + player.rng.randrange(8, 20) * DAY))  # fmt: skip
        if day > last:
            return
        yield player.at(day, *EVENING)
        evening(player)


def evening(player: Player) -> None:
    player.attend()
    player.diaries(0.8 if player.daily else 0.5)


class Course:
    """A person's time on the drug: on which day what happens, and what follows from it later."""

    def __init__(self, player: Player, days: int, events: dict[int, str], rules: dict[str, str]):
        self.player, self.days, self.rules = player, days, rules
        self.events = events
        self.later: list[tuple[date, Callable[[], None]]] = []
        self.patience = 0
        self.highest: Decimal | None = None
        self.no_steps_before = date.min

    @property
    def first(self) -> date:
        return self.player.facts.days["first_dose"]

    @property
    def is_over(self) -> bool:
        state = self.player.drug.stands(self.player.today)[0]
        return state in ("withdrawn", "stopped for good") or (
            state == "stopped" and not any("stopped" in each.__name__ for _, each in self.later)
        )

    def live(self) -> Script:
        """Take the drug from its first day to the planned end, or until the person stops it."""
        player = self.player
        player.start()
        yield player.at(player.today, *EVENING)
        player.take()
        end = self.first + self.days * DAY
        while not self.is_over:
            day = self._next(end)
            if day >= end:
                yield player.at(end, 9)
                break
            yield player.at(day, *EVENING)
            if self.is_over:
                break
            self._happen()
            yield from self._dose()
            if not player.facts.choices.get("withdraw_completely"):
                evening(player)
        if player.drug.stands(player.today)[0] not in ("withdrawn", "stopped for good"):
            if player.drug.open_gap():
                player.drug_is_back()
            player.end()

    def _next(self, end: date) -> date:
        player = self.player
        if player.daily:
            return player.today + DAY
        days = [self.first + number * DAY for number in self.events]
        days += [day for day, _ in self.later]
        days += [each for each in [player.next_visit()] if each]
        if player.drug.mg(player.today) and self._wants_more():
            since = player.today - player.drug.since(player.today) * DAY
            days.append(max(since + self._least() * DAY, self.no_steps_before))
        ahead = [each for each in days if each > player.today]
        return min([end, *ahead])

    def _least(self) -> int:
        mg = self.player.drug.mg(self.player.today)
        steps = self.player.drug.titration["steps"]
        below = [each for each in steps if Decimal(str(each["mg"])) <= mg]
        return int((below or steps[:1])[-1]["min_days"]) + self.patience

    def _wants_more(self) -> bool:
        mg, steps = self.player.drug.mg(self.player.today), self.player.drug.steps
        return mg < (self.highest or steps[-1])

    def _happen(self) -> None:
        """Do what is planned for today, and go up if that is due and wanted."""
        player, drug = self.player, self.player.drug
        for each in [each for each in self.later if each[0] <= player.today]:
            self.later.remove(each)
            each[1]()
        number = (player.today - self.first).days
        for day in sorted(each for each in self.events if each <= number):
            name = self.events.pop(day)
            if drug.stands(player.today)[0] == "on drug" and not drug.open_gap():
                getattr(self, f"_{name.split()[0]}")(*name.split()[1:])
        if self._wants_more():
            self._go_up()

    def _go_up(self) -> None:
        """Take the next step if it is due; who tells seldom tells of the week before."""
        player, drug = self.player, self.player.drug
        for back in range(7, 0, -1) if not player.daily else ():
            if drug.stands(player.today)[0] == "on drug":
                player.take(player.today - back * DAY)
        is_time = drug.mg(player.today) and drug.since(player.today) >= self._least()
        if not is_time or player.today < self.no_steps_before:
            return
        if not drug.may_step_up(player.today):
            player.refused(player.step_up, "a step that is not due")
            return
        if drug.mg(player.today) >= SPLIT_FROM and len(drug.parts(player.today)) == 1:
            player.split()
        player.step_up()

    def _dose(self) -> Script:
        """Tell of the day's dose: at once, after midnight, late, as missed with a reason, or never."""
        player = self.player
        luck = player.rng.random()
        if not player.daily or luck < 0.8:
            player.take()
        elif luck < 0.85:
            player.miss()
        elif luck < 0.93:
            day = player.today
            yield player.at(day + DAY, 0, 45)
            if not self.is_over:
                player.tap()
        elif luck < 0.97:
            day = player.today
            yield player.at(day + DAY, 9)
            if not self.is_over:
                player.take(day)

    def _in(self, days: int, act: Callable[[], None]) -> None:
        self.later.append((self.player.today + days * DAY, act))

    # --- what happens, by the names in `events`

    def _effect(self, hold_days: str) -> None:
        """A side effect of grade 2: held by the rule, then one step lower, or the same if there is none."""
        player, drug = self.player, self.player.drug
        mg = drug.mg(player.today)
        event = player.side_effect()
        player.hold_by(self.rules["hold"])

        def goes_on() -> None:
            if drug.stands(player.today)[0] != "on hold":
                return
            if "down" in self.rules and drug.below(mg):
                player.down_by(self.rules["down"])
            else:
                player.resume()
            player.effect_ends(event)

        self._in(int(hold_days), goes_on)

    def _headache(self, then: str = "") -> None:
        """Down by the rule of headaches; `then`: to a dose beside the plan, for so many days."""
        self.player.down_by(self.rules["headache"])
        if then:
            mg, days = then.split("/")
            self._in(10, lambda: self.player.order(mg))
            self.no_steps_before = self.player.today + int(days) * DAY

    def _out(self, days: str) -> None:
        self.player.run_out()
        self._in(int(days), self.player.drug_is_back)

    def _opioid(self) -> None:
        """Codeine: the drug is stopped by its rule, and begins again at the first step when it may."""
        player = self.player
        player.codeine()
        player.stop_by(self.rules["opioid"])
        self._in(3, player.codeine_is_over)

        def stopped_is_over() -> None:
            player.order(str(player.drug.steps[0]))

        self._in(14, stopped_is_over)

    def _grave(self) -> None:
        """A side effect of grade 3: the drug is stopped by its rule, and for good."""
        self.player.side_effect(3)
        self.player.stop_by(self.rules["grave"])

    def _settle(self, mg: str) -> None:
        """Go down to what is kept, in two halves."""
        self.highest = Decimal(mg)
        self.player.order_halves(mg)


def follow_up(player: Player) -> Script:
    """Go on with visits and diaries until every window is over, and see what is due long after: nothing."""
    ends = [each.last for each in visits(player.facts)]
    yield from evenings(player, max([player.today, *ends]) + 5 * DAY)
    player.over_on = player.today
    player.tell_late()
    yield player.at(max([player.today, *ends]) + AFTER_THE_END, 12)
    player.totals = whole(player)
    player.doses = exposure_of(player)
    nothing_more(player)
    player.done = True


def looks(player: Player, share: float, most: timedelta) -> Script:
    """Look on every day of who is daily, otherwise on a share of the days of events and their neighbours."""
    day, known, edges = player.first_day, 0, set[date]()
    while not player.done and day < player.first_day + most:
        hour, minute = player.rng.choice([(3, 30), (8, 0), (17, 0), (19, 30), (23, 45)])
        yield player.at(day, hour, minute)
        if player.id is not None and not player.done:
            if known != len(player.facts.days):
                known, edges = len(player.facts.days), edges_of(player)
            if player.daily or (day in player.marked | edges and player.rng.random() < share):
                look(player)
        day = max(day, player.today) + DAY


def travels(player: Player) -> Script:
    """Move to another zone, at a time of day of the place that is left."""
    for after, hour, zone in player.moves:
        yield player.at(player.first_day + after * DAY, hour)
        player.move(zone)


def rests(player: Player, days: list[int]) -> Script:
    """Have bad days; every other one is over sooner than thought."""
    for turn, after in enumerate(days):
        yield player.at(player.first_day + after * DAY, 10)
        if player.facts.days.get("consent") and "withdraw_completely" not in player.facts.choices:
            player.bad_day()
            yield player.stage.now + timedelta(hours=26)
            if turn % 2 and "withdraw_completely" not in player.facts.choices:
                player.better()


def leaves(player: Player, choice: str, after: int) -> Script:
    """Choose to stop something, so many days after the first."""
    yield player.at(player.first_day + after * DAY, 16)
    player.choose(choice)


def whole_life(player: Player, role: str, course: Course, shape: Any) -> Script:
    """Live through the trial as it is planned for this person."""
    yield from enters(player, role=role, decided_late=shape.decided_late)
    if role in ("declines", "ineligible", "undecided"):
        player.done = True
        return
    yield from run_in(player, shape.run_in)
    if player.facts.choices.get("withdraw_completely"):
        yield from follow_up(player)
        return
    yield from shape.begins(player)
    if STOPS_DRUG & set(player.facts.choices):
        player.refused(player.start, "a drug for who chose to stop it")
    else:
        yield from course.live()
    yield from follow_up(player)
