"""Claims with a mistake in them, each of a kind that people make."""

from random import Random
from typing import Final

from worker.cli.workload import claims
from worker.cli.workload.amounts import WHOLE_GPU, Amounts, Machine, Task
from worker.cli.workload.claims import GPU_CLASS, Claim
from worker.cli.workload.holders import Holding
from worker.cli.workload.steps import Step
from worker.cli.workload.tasks import draw_id
from worker.cli.workload.view import Picture

LONG_AGO: Final = "2001-01-01T00:00:00Z"
SMALL: Final = Amounts(1_000, 1_024)


def mistaken(step: Step, picture: Picture, holding: Holding | None, random: Random) -> Claim | None:
    """A claim that must end as `step` says; None where the fleet has no machine for it."""
    if holding is not None:
        return _of_a_holder(step, picture, holding, random)
    wants_gpus = {Step.ODD_SHARE: True, Step.NO_GPU_THERE: False}.get(step)
    machines = [machine for machine in picture.machines if wants_gpus in {None, bool(machine.total.gpu_milli)}]
    if not machines:
        return None
    machine = random.choice(machines)
    task = Task(draw_id(random), "", SMALL)
    consumer = claims.owner(task.consumer, "mistakes", "trainee", "TASK")
    claim = claims.placed(task, machine, consumer)
    resources = claim["allocations"][machine.provider]
    match step:
        case Step.TOO_LARGE:
            resources["MEMORY_MB"] = machine.total.memory_mb + 1
        case Step.MACHINE_GONE:
            claim["allocations"] = {draw_id(random): resources}
        case Step.NO_GPU_THERE:
            resources[GPU_CLASS] = WHOLE_GPU
        case Step.ODD_SHARE:
            resources[GPU_CLASS] = claims.STEP_OF_SHARES * 33 + 3
        case Step.NO_SUCH_CLASS:
            resources["CUSTOM_TPU"] = 1
        case Step.TOO_LATE:
            claim["deadline"] = LONG_AGO
        case Step.NOTHING_ASKED:
            resources["MEMORY_MB"] = 0
        case Step.NAME_TAKEN:
            return claims.claim("provider.create", name=machine.name)
        case _:
            raise ValueError(f"{step} is no such mistake")
    return claim


def _of_a_holder(step: Step, picture: Picture, holding: Holding, random: Random) -> Claim | None:
    machine = picture.machines[holding.place]
    task = Task(holding.id, "", SMALL)
    match step:
        case Step.ALREADY_PLACED:
            return claims.placed(task, machine, {**holding.consumer, "generation": None})
        case Step.OLD_NEWS:
            _, generation = picture.known[holding.place].version
            claim = claims.placed(task, machine, {**holding.consumer, "id": draw_id(random)})
            return claim | {"provider_generations": {machine.provider: generation - 1}}
        case Step.NOT_HELD:
            return _gives_back_elsewhere(picture, holding, random)
        case Step.MACHINE_IN_USE:
            return claims.claim("provider.delete", provider=machine.provider)
        case _:
            raise ValueError(f"{step} is no such mistake")


def _gives_back_elsewhere(picture: Picture, holding: Holding, random: Random) -> Claim | None:
    others: list[Machine] = [machine for machine in picture.machines if machine.total.millicpu]
    other = random.choice(others)
    if other.provider == picture.machines[holding.place].provider:
        return None
    remove = {other.provider: SMALL.as_resources()}
    return claims.claim("allocation.adjust", consumer=dict(holding.consumer), remove=remove)
