"""Claims as the contract has them, made from machines and tasks."""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import uuid4

from worker.cli.workload.amounts import CLASSES, CUSTOM_CLASSES, Amounts, Machine, Task, trait_of

Claim = dict[str, Any]
STEP_OF_SHARES: Final = 10


def claim(op: str, claim_id: str | None = None, **fields: Any) -> Claim:
    return {"op": op, "claim_id": claim_id or str(uuid4()), **fields}


def vocabulary(machines: Iterable[Machine]) -> list[Claim]:
    """The classes and traits that the machines need; to be settled before these are declared."""
    models = sorted({trait_of(machine.model) for machine in machines if machine.model})
    classes = [claim("resource_class.ensure", name=name) for name in CUSTOM_CLASSES]
    return classes + [claim("trait.ensure", name=name) for name in models]


def declared(machine: Machine, steps: Mapping[str, int] | None = None) -> Claim:
    """The machine, whole, as one flat provider; `steps` are the step sizes of classes."""
    inventories = {name: {"total": amount} for name, amount in machine.total.as_resources().items()}
    for name, step in (steps or {}).items():
        if name in inventories:
            inventories[name]["step_size"] = step
    return claim(
        "provider.declare",
        provider=machine.provider,
        name=machine.name,
        inventories=inventories,
        traits=[trait_of(machine.model)] if machine.model else [],
        aggregates=[],
    )


def owner(consumer: str, project: str, user: str, kind: str) -> Claim:
    """The `consumer` of a claim; add a `generation` where it is to be checked."""
    return {"id": consumer, "project": project, "user": user, "type": kind}


def placed(task: Task, machine: Machine, consumer: Claim) -> Claim:
    return claim("allocation.set", consumer=consumer, allocations={machine.provider: task.wants.as_resources()})


def released(consumer: str, generation: int | None = None) -> Claim:
    checked = {} if generation is None else {"generation": generation}
    return claim("allocation.release", consumer={"id": consumer, **checked})


def gang_placed(members: Iterable[tuple[Claim, Machine, Amounts]]) -> Claim:
    """All or nothing: each consumer on its machine."""
    return claim(
        "allocation.set_many",
        claims=[
            {"consumer": consumer, "allocations": {machine.provider: wants.as_resources()}}
            for consumer, machine, wants in members
        ],
    )


GPU_CLASS: Final = CLASSES[2]
