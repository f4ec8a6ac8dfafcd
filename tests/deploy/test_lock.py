"""The locks: whole, hashed, and without the name of any host."""

import re
import tomllib
from pathlib import Path

import pytest

LOCKS = ("requirements.lock", "requirements.runtime.lock")
PROJECT = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))
RUNTIME: list[str] = PROJECT["project"]["dependencies"]
DEVELOPMENT: list[str] = PROJECT["dependency-groups"]["dev"]


def normal(requirement: str) -> str:
    """The name in a requirement, as packaging tools compare it."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\[<>=!~; ]", requirement)[0]).lower()


def pins(lock: str) -> dict[str, str]:
    """Name to all that the lock says of it; a pin begins at the margin and its hashes are indented."""
    entries = re.split(r"\n(?=\S)", Path(lock).read_text("utf-8").strip())
    return {normal(entry): entry for entry in entries}


def test_the_lock_holds_every_dependency() -> None:
    assert {normal(name) for name in RUNTIME + DEVELOPMENT} - pins("requirements.lock").keys() == set()


def test_the_runtime_lock_holds_what_the_worker_needs_and_no_tools() -> None:
    held = pins("requirements.runtime.lock").keys()
    assert {normal(name) for name in RUNTIME} - held == set()
    assert {normal(name) for name in DEVELOPMENT} & held == set()


def test_the_runtime_lock_pins_what_the_tests_ran_with() -> None:
    whole, runtime = pins("requirements.lock"), pins("requirements.runtime.lock")
    assert {name: entry.split()[0] for name, entry in runtime.items()} == {
        name: whole[name].split()[0] for name in runtime
    }


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_is_exact_and_has_hashes(lock: str) -> None:
    loose = [name for name, entry in pins(lock).items() if "==" not in entry or "--hash=sha256:" not in entry]
    assert loose == []


@pytest.mark.parametrize("lock", LOCKS)
def test_no_host_is_named(lock: str) -> None:
    assert re.findall(r"://|--(?:extra-)?index-url|--find-links|@ ", Path(lock).read_text("utf-8")) == []
