"""Claims as the contract has them, made from machines and tasks."""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import uuid4

from worker.cli.workload.amounts import CLASSES, CUSTOM_CLASSES, Amounts, Machine, Task, trait_of
from worker.placement.request import Strategy

Claim = dict[str, Any]
STRATEGIES: Final = (Strategy.FIRST, Strategy.PACK, Strategy.SPREAD)
GPU_CLASS: Final = CLASSES[2]
STEP_OF_SHARES: Final = 10


def claim(op: str, claim_id: str | None = None, **fields: Any) -> Claim:
    return {"op": op, "claim_id": claim_id or str(uuid4()), **fields}


def vocabulary(models: Iterable[str]) -> list[Claim]:
    """The classes, and the traits of these GPU models; to be settled before machines are declared."""
    classes = [claim("resource_class.ensure", name=name) for name in CUSTOM_CLASSES]
    return classes + [claim("trait.ensure", name=name) for name in sorted(set(map(trait_of, models)))]


def declared(machine: Machine, steps: Mapping[str, int] | None = None) -> list[Claim]:
    """The machine and its GPUs, parents first; `steps` are the step sizes of classes."""
    model = [trait_of(machine.model)] if machine.model else []
    return [
        claim(
            "provider.declare",
            provider=member.provider,
            name=member.name,
            parent=member.parent,
            inventories=_inventories(member.has, steps or {}),
            traits=model if member.parent else [],
            aggregates=[],
        )
        for member in machine.members()
    ]


def _inventories(has: Amounts, steps: Mapping[str, int]) -> dict[str, dict[str, int]]:
    return {name: {"total": total, "step_size": steps.get(name, 1)} for name, total in has.as_resources().items()}


def owner(consumer: str, project: str, user: str, kind: str) -> Claim:
    """The `consumer` of a claim; add a `generation` where it is to be checked."""
    return {"id": consumer, "project": project, "user": user, "type": kind}


def requested(task: Task, strategy: Strategy) -> dict[str, Any]:
    """A request with as few groups as say it: only several GPUs need groups of their own, to be different ones."""
    traits = sorted(map(trait_of, task.models)) if task.wants.gpu_milli else []
    required = {"required": [traits if len(traits) > 1 else traits[0]]} if traits else {}
    if task.gpus == 1 or not task.wants.gpu_milli:
        return {"groups": {"": {"resources": task.wants.as_resources()} | required}, "strategy": strategy.value}
    bare = task.wants._replace(gpu_milli=0).as_resources()
    rest = {"": {"resources": bare}} if bare else {}
    gpus = {f"_gpu{number}": {"resources": {GPU_CLASS: task.share}} | required for number in range(task.gpus)}
    return {"groups": rest | gpus, "group_policy": "isolate", "strategy": strategy.value}


def placed(task: Task, consumer: Claim, strategy: Strategy) -> Claim:
    return claim("allocation.place", consumer=consumer, request=requested(task, strategy))


def set_on(provider: str, consumer: Claim, amounts: Amounts) -> Claim:
    return claim("allocation.set", consumer=consumer, allocations={provider: amounts.as_resources()})


def released(consumer: str, generation: int | None = None) -> Claim:
    checked = {} if generation is None else {"generation": generation}
    return claim("allocation.release", consumer={"id": consumer, **checked})


def handed_over(old: Claim, new: Claim, allocations: Mapping[str, Mapping[str, int]]) -> Claim:
    """All or nothing: what one consumer holds is another's."""
    return claim(
        "allocation.set_many",
        claims=[{"consumer": old, "allocations": {}}, {"consumer": new, "allocations": allocations}],
    )
