"""The demonstration's claims: each step made from what its scheduler sees, and what its outcome means for all."""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from worker.cli.workload import claims
from worker.cli.workload.amounts import WHOLE_GPU, Amounts, Task
from worker.cli.workload.claims import Claim
from worker.cli.workload.holders import Holders, Holding
from worker.cli.workload.mistakes import mistaken
from worker.cli.workload.sending import Letter
from worker.cli.workload.steps import GRANTED, OF_HOLDERS, STEPS, TAKEN, Step
from worker.cli.workload.tally import Told, code_of
from worker.cli.workload.tasks import PROJECTS, USERS, draw_gang, draw_task
from worker.cli.workload.view import Picture, View

# Each sees the others' claims only once they are settled: so some of what it sees free is taken.
SCHEDULERS: Final = 4
TRIES_MAX: Final = 3
MORE: Final = Amounts(1_000, 2_048)


@dataclass(frozen=True, slots=True)
class Try:
    """A task to place, for the so-manieth time."""

    task: Task
    number: int


class Scenario:
    """Draws from `random` alone; what it draws on depends on the outcomes that have come by then."""

    def __init__(self, picture: Picture, random: Random) -> None:
        self.picture = picture
        self.random = random
        self.holders = Holders()
        self.made: Counter[Step] = Counter()
        self.no_room_seen = 0
        self.wrong: list[str] = []
        """Outcomes that no such claim may have."""
        self.views = [View(picture, number / SCHEDULERS) for number in range(SCHEDULERS)]
        self._again: deque[Try] = deque()

    def next(self) -> Letter:
        """The next claim. What finds no room in its scheduler's view is no claim, and another step is drawn."""
        while True:
            letter = self._arrival(self._again.popleft()) if self._again else self._drawn()
            if letter is not None:
                return letter

    def hear(self, event: Told) -> None:
        """To be called with every event, before its outcome is acted on."""
        for place in self.picture.hear(event):
            for view in self.views:
                view.refresh(place)

    def _drawn(self) -> Letter | None:
        (step,) = self.random.choices(list(STEPS), [weight for weight, _ in STEPS.values()])
        if step is Step.ARRIVE:
            return self._arrival(Try(draw_task(self.random), 1))
        if step is Step.GANG:
            return self._gang(draw_gang(self.random))
        holding = self.holders.take(self.random) if step in OF_HOLDERS else None
        if step in OF_HOLDERS and holding is None:
            return None
        match step, holding:
            case Step.DEPART, Holding():
                return self._departure(holding)
            case Step.GROW, Holding():
                return self._adjusted(step, holding, "add", MORE, 1)
            case Step.SHRINK, Holding():
                return self._adjusted(step, holding, "remove", Amounts(1_000), -1)
            case _:
                return self._mistake(step, holding)

    def _arrival(self, attempt: Try) -> Letter | None:
        task, view = attempt.task, self.random.choice(self.views)
        place = view.find(task)
        if place is None:
            self.no_room_seen += 1
            return None
        consumer = self._owner(task)
        view.expect(place, task.wants)

        def then(event: Told) -> None:
            view.expect(place, Amounts().minus(task.wants))
            if code_of(event) == GRANTED:
                self._hold(event, {task.consumer: Holding(consumer, place, task.wants, 0)})
            elif attempt.number < TRIES_MAX:
                self._again.append(Try(task, attempt.number + 1))

        claim = claims.placed(task, self.picture.machines[place], {**consumer, "generation": None})
        return self._letter(Step.ARRIVE, claim, then)

    def _gang(self, members: list[Task]) -> Letter | None:
        view = self.random.choice(self.views)
        found: dict[str, Holding] = {}
        for task in members:
            place = view.find(task)
            if place is not None:
                view.expect(place, task.wants)
                found[task.consumer] = Holding(self._owner(task), place, task.wants, 0)

        def forget() -> None:
            for one in found.values():
                view.expect(one.place, Amounts().minus(one.holds))

        def then(event: Told) -> None:
            forget()
            if code_of(event) == GRANTED:
                self._hold(event, found)

        if len(found) < len(members):
            forget()
            self.no_room_seen += 1
            return None
        rows = [(dict(one.consumer), self.picture.machines[one.place], one.holds) for one in found.values()]
        return self._letter(Step.GANG, claims.gang_placed(rows), then)

    def _departure(self, holding: Holding) -> Letter:
        claim = claims.released(holding.id, holding.generation)
        return self._letter(Step.DEPART, claim, lambda _event: None)

    def _adjusted(self, step: Step, holding: Holding, verb: str, change: Amounts, sign: int) -> Letter | None:
        if sign < 0 and not change.plus(Amounts(1)).fits_in(holding.holds._replace(gpu_milli=WHOLE_GPU)):
            self.holders.put(holding)
            return None
        provider = self.picture.machines[holding.place].provider
        claim = claims.claim("allocation.adjust", consumer=dict(holding.consumer))
        claim[verb] = {provider: change.as_resources()}
        after = holding.holds.plus(change) if sign > 0 else holding.holds.minus(change)

        def then(event: Told) -> None:
            if code_of(event) == GRANTED:
                self._hold(event, {holding.id: Holding(holding.consumer, holding.place, after, 0)})
            else:
                self.holders.put(holding)

        return self._letter(step, claim, then)

    def _mistake(self, step: Step, holding: Holding | None) -> Letter | None:
        claim = mistaken(step, self.picture, holding, self.random)

        def then(_event: Told) -> None:
            if holding is not None:
                self.holders.put(holding)

        if claim is None:
            then({})
            return None
        return self._letter(step, claim, then)

    def _letter(self, step: Step, claim: Claim, then: Callable[[Told], None]) -> Letter:
        self.made[step] += 1

        def checked(event: Told) -> None:
            code = code_of(event)
            if code not in STEPS[step][1]:
                self.wrong.append(f"{step.name.lower()} ended as {code}: {event['data'].get('message', '')}")
            then(event)

        return Letter.of(claim, checked)

    def _hold(self, event: Told, holdings: dict[str, Holding]) -> None:
        for one in event["data"]["consumers"]:
            holding = holdings[one["id"]]
            self.holders.put(Holding(holding.consumer, holding.place, holding.holds, one["generation"]))

    def _owner(self, task: Task) -> dict[str, Any]:
        project, user = self.random.choice(PROJECTS), self.random.choice(USERS)
        return claims.owner(task.consumer, project, user, "TASK")


def refused_by_view(made: Counter[Step], outcomes: Counter[str]) -> int:
    """How many claims were refused because somebody else was faster."""
    return outcomes[TAKEN] - made[Step.TOO_LARGE]
