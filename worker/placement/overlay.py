"""A snapshot as it will be once another batch, whose plan is known, has committed."""

from collections.abc import Mapping
from dataclasses import replace

from worker.placement.ids import ProviderId
from worker.placement.plan import Version
from worker.placement.snapshot import ProviderRow, Snapshot


def overlaid(
    snapshot: Snapshot, before: Mapping[ProviderId, Version | None], left: Mapping[ProviderId, ProviderRow]
) -> Snapshot | None:
    """The snapshot once a batch of allocations alone, of consumers that are not in it, has committed.

    `before`: the versions that the batch found; `left`: the rows as it leaves them. A row that the snapshot shows as
    it was found is taken forward; one that is as the batch leaves it, or further, stays. None where one is older than
    the batch found it, for then the snapshot is of an earlier moment.
    """
    forward: dict[ProviderId, ProviderRow] = {}
    for name, read in snapshot.providers.items():
        found = before.get(name) if name in left else None
        if found is None:
            continue
        version = (read.row, read.generation)
        if version < found:
            return None
        if version == found:
            forward[name] = left[name]
    return replace(snapshot, providers={**snapshot.providers, **forward})
