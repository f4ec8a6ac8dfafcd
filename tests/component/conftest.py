"""What the engine logs, for the tests that look at it."""

from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest
import structlog

from tests.builders import VCPU, provider_row
from tests.component.rig import Rig
from worker.placement.inventory import Inventory


@pytest.fixture(autouse=True)
def log() -> Iterator[list[MutableMapping[str, Any]]]:
    """The log's events, in order."""
    with structlog.testing.capture_logs() as captured:
        yield captured


@pytest.fixture
def rig() -> Rig:
    """An engine on an empty store."""
    return Rig()


@pytest.fixture
def two_each() -> Rig:
    """Batches of two claims at most; a provider with room for a hundred."""
    rig = Rig(batch_size_max=2)
    rig.seed(provider_row(1, {VCPU: Inventory(100)}))
    return rig
