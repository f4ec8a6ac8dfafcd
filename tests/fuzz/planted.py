"""A target that breaks, for the test of the search itself: run as `tests.fuzz.child` is."""

import sys

from tests.fuzz import targets
from tests.fuzz.child import main


def break_at_a_brace(raw: bytes) -> None:
    """Fails at once: seeds have braces."""
    assert b"{" not in raw


if __name__ == "__main__":
    targets.TARGETS = {"claim": break_at_a_brace}  # type: ignore[misc]  # in a process of its own
    main(*sys.argv[1:])
