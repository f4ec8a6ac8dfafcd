"""What a claim would change if it were granted: a value, put into the ledger only when the whole claim may go ahead."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from worker.placement.ids import Amounts, ConsumerId, ProviderId, ResourceClass, Trait
from worker.placement.outcomes import Accepted, ProviderLevels
from worker.placement.snapshot import ConsumerRow, ProviderRow


class ConsumerNow(NamedTuple):
    """A consumer as the batch has left it; its row, if it has one, stands in the snapshot."""

    project: str
    user: str
    type: str | None
    generation: int
    allocations: Amounts


ConsumerState = ConsumerRow | ConsumerNow


@dataclass(slots=True, kw_only=True)
class Grant:
    """An outcome with its effect: rows as they will be (None: gone) and rows it rests on without changing them.

    `levels`: providers of which nothing changes but the generation and what is handed out.
    """

    accepted: Accepted
    providers: Mapping[ProviderId, ProviderRow | None] = field(default_factory=dict)
    levels: Mapping[ProviderId, ProviderLevels] = field(default_factory=dict)
    consumers: Mapping[ConsumerId, ConsumerNow | None] = field(default_factory=dict)
    relied_providers: Collection[ProviderId] = ()
    relied_consumers: Collection[ConsumerId] = ()
    class_created: ResourceClass | None = None
    class_deleted: ResourceClass | None = None
    class_renamed: tuple[ResourceClass, ResourceClass] | None = None
    trait_created: Trait | None = None
    trait_deleted: Trait | None = None
