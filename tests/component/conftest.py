"""What the engine logs, for the tests that look at it."""

from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest
import structlog

from tests.component.rig import Rig


@pytest.fixture(autouse=True)
def log() -> Iterator[list[MutableMapping[str, Any]]]:
    """The log's events, in order."""
    with structlog.testing.capture_logs() as captured:
        yield captured


@pytest.fixture
def rig() -> Rig:
    """An engine on an empty store."""
    return Rig()
