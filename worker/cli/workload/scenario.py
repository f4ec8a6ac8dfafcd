"""The demonstration's claims: each step made from what outcomes told, and what its own outcome means for all."""

from collections import Counter, deque
from collections.abc import Callable, Mapping
from random import Random
from typing import Any, Final

from worker.cli.workload import claims
from worker.cli.workload.amounts import Amounts, Task
from worker.cli.workload.claims import Claim
from worker.cli.workload.holders import Holders, Holding
from worker.cli.workload.mistakes import mistaken
from worker.cli.workload.sending import Letter
from worker.cli.workload.steps import GRANTED, OF_HOLDERS, STEPS, Step
from worker.cli.workload.tally import Told, code_of
from worker.cli.workload.tasks import PROJECTS, USERS, draw_id, draw_large, draw_task
from worker.cli.workload.view import Picture
from worker.cli.workload.waiting import Waiting
from worker.placement.request import Strategy

MORE: Final = Amounts(1_000, 2_048)
LESS: Final = Amounts(1_000)


class Scenario:
    """Draws from `random` alone; what it draws on depends on the outcomes that have come by then."""

    def __init__(self, picture: Picture, random: Random, strategy: Strategy = Strategy.FIRST) -> None:
        self.picture = picture
        self.random = random
        self.strategy = strategy
        self.holders = Holders()
        self.made: Counter[Step] = Counter()
        self.arrived = 0
        self.placed = 0
        self.waiting = Waiting(picture)
        self.wrong: list[str] = []
        """Outcomes that no such claim may have."""
        self._again: deque[Task] = deque()

    def next(self) -> Letter:
        """The next claim. A step for which there is nobody is none, and another one is drawn."""
        while True:
            letter = self._drawn()
            if letter is not None:
                return letter

    def _drawn(self) -> Letter | None:
        (step,) = self.random.choices(list(STEPS), [weight for weight, _ in STEPS.values()])
        match step:
            case Step.ARRIVE:
                return self._arrival(step, draw_task(self.random))
            case Step.ARRIVE_LARGE:
                return self._arrival(step, draw_large(self.random))
            case Step.TRY_AGAIN:
                return self._arrival(step, self._again.popleft()) if self._again else None
            case _ if step in OF_HOLDERS:
                holding = self.holders.take(self.random)
                return None if holding is None else self._of_a_holder(step, holding)
            case _:
                return self._mistake(step, None)

    def _of_a_holder(self, step: Step, holding: Holding) -> Letter | None:
        match step:
            case Step.DEPART:
                return self._letter(step, claims.released(holding.id, holding.generation), _nothing)
            case Step.GROW:
                return self._adjusted(step, holding, "add", MORE)
            case Step.SHRINK if LESS.plus(Amounts(1)).fits_in(holding.bare):
                return self._adjusted(step, holding, "remove", LESS)
            case Step.SHRINK:
                self.holders.put(holding)
                return None
            case Step.HAND_OVER:
                return self._handed_over(holding)
            case _:
                return self._mistake(step, holding)

    def _arrival(self, step: Step, task: Task) -> Letter:
        consumer = self._owner(task.consumer)
        self.arrived += step is not Step.TRY_AGAIN

        def then(event: Told) -> None:
            if code_of(event) == GRANTED:
                self.placed += 1
                self.waiting.leave(task.consumer)
                self._hold(event, consumer)
            else:
                self.waiting.refuse(event, task)
                self._again.append(task)

        return self._letter(step, claims.placed(task, {**consumer, "generation": None}, self.strategy), then)

    def _adjusted(self, step: Step, holding: Holding, verb: str, change: Amounts) -> Letter:
        claim = claims.claim("allocation.adjust", consumer=dict(holding.consumer))
        claim[verb] = {holding.machine: change.as_resources()}

        def then(event: Told) -> None:
            if code_of(event) == GRANTED:
                self._hold(event, holding.consumer)
            else:
                self.holders.put(holding)

        return self._letter(step, claim, then)

    def _handed_over(self, holding: Holding) -> Letter:
        following = self._owner(draw_id(self.random))
        old = {**holding.consumer, "generation": holding.generation}
        claim = claims.handed_over(old, {**following, "generation": None}, holding.allocations)
        return self._letter(Step.HAND_OVER, claim, lambda event: self._hold(event, following))

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
            if code in STEPS[step][1]:
                then(event)
            else:
                self.wrong.append(f"{step.name.lower()} ended as {code}: {event['data'].get('message', '')}")

        return Letter.of(claim, checked)

    def _hold(self, event: Told, consumer: Mapping[str, Any]) -> None:
        """What the consumer holds now, as its grant says."""
        (told,) = (one for one in event["data"]["consumers"] if one["id"] == consumer["id"])
        self.holders.put(Holding(consumer, told["after"], told["generation"]))

    def _owner(self, consumer: str) -> dict[str, Any]:
        project, user = self.random.choice(PROJECTS), self.random.choice(USERS)
        return claims.owner(consumer, project, user, "TASK")


def _nothing(_event: Told) -> None:
    """Who departed holds nothing any more."""
