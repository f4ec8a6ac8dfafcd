"""Claims with a mistake in them, each of a kind that people make."""

from random import Random
from typing import Any, Final

from worker.cli.workload import claims
from worker.cli.workload.amounts import WHOLE_GPU, Amounts, Machine, Task, trait_of
from worker.cli.workload.claims import GPU_CLASS, Claim
from worker.cli.workload.holders import Holding
from worker.cli.workload.steps import Step
from worker.cli.workload.tasks import draw_id
from worker.cli.workload.view import Picture
from worker.placement.request import Strategy

LONG_AGO: Final = "2001-01-01T00:00:00Z"
SMALL: Final = Amounts(1_000, 1_024)
GPUS_OF_NOBODY: Final = 17
OF_REQUESTS: Final = frozenset({Step.TOO_MANY, Step.NO_SUCH_MODEL, Step.AT_ODDS})


def mistaken(step: Step, picture: Picture, holding: Holding | None, random: Random) -> Claim | None:
    """A claim that must end as `step` says; None where the fleet has no machine for it."""
    if holding is not None:
        return _of_a_holder(step, picture, holding, random)
    consumer = claims.owner(draw_id(random), "mistakes", "trainee", "TASK")
    if step in OF_REQUESTS:
        return _requested(step, consumer)
    wants_gpus = {Step.ODD_SHARE: True, Step.NO_GPU_THERE: False}.get(step)
    machines = [machine for machine in picture.machines if wants_gpus in {None, bool(machine.gpus)}]
    return _set(step, random.choice(machines), consumer, random) if machines else None  # nosec B311 - repeatable, no secret


def _set(step: Step, machine: Machine, consumer: Claim, random: Random) -> Claim:
    claim = claims.set_on(machine.provider, consumer, SMALL)
    allocations: dict[str, dict[str, int]] = claim["allocations"]
    resources = allocations[machine.provider]
    match step:
        case Step.TOO_LARGE:
            resources["MEMORY_MB"] = machine.total.memory_mb + 1
        case Step.MACHINE_GONE:
            claim["allocations"] = {draw_id(random): resources}
        case Step.NO_GPU_THERE:
            resources[GPU_CLASS] = WHOLE_GPU
        case Step.ODD_SHARE:
            allocations[random.choice(machine.gpus)] = {GPU_CLASS: claims.STEP_OF_SHARES * 33 + 3}  # nosec B311 - repeatable, no secret
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


def _requested(step: Step, consumer: Claim) -> Claim:
    gpus = GPUS_OF_NOBODY if step is Step.TOO_MANY else 1
    task = Task(consumer["id"], "", SMALL._replace(gpu_milli=gpus * WHOLE_GPU), gpus=gpus)
    claim = claims.placed(task, consumer, Strategy.FIRST)
    group: dict[str, Any] = claim["request"]["groups"][""]
    if step is Step.NO_SUCH_MODEL:
        group["required"] = [trait_of("A10000")]
    elif step is Step.AT_ODDS:
        group["required"] = group["forbidden"] = [trait_of("T4")]
    return claim


def _of_a_holder(step: Step, picture: Picture, holding: Holding, random: Random) -> Claim | None:
    match step:
        case Step.ALREADY_PLACED:
            return claims.set_on(holding.machine, {**holding.consumer, "generation": None}, SMALL)
        case Step.OLD_NEWS:
            _, generation = picture.version[holding.machine]
            claim = claims.set_on(holding.machine, {**holding.consumer, "id": draw_id(random)}, SMALL)
            return claim | {"provider_generations": {holding.machine: generation - 1}}
        case Step.NOT_HELD:
            return _gives_back_elsewhere(picture, holding, random)
        case Step.MACHINE_IN_USE:
            return claims.claim("provider.delete", provider=holding.machine)
        case _:
            raise ValueError(f"{step} is no such mistake")


def _gives_back_elsewhere(picture: Picture, holding: Holding, random: Random) -> Claim | None:
    other = random.choice(picture.machines)  # nosec B311 - repeatable, no secret
    if other.provider == holding.machine:
        return None
    remove = {other.provider: SMALL.as_resources()}
    return claims.claim("allocation.adjust", consumer=dict(holding.consumer), remove=remove)
