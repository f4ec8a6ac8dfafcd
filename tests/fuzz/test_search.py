"""The search finds what is broken, keeps it in a file, and the file does it again."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.running import run
from tests.fuzz.targets import TARGETS

searched = pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None, reason="atheris is not there for this Python or system"
)


@searched
def test_what_breaks_is_found_and_kept_in_a_file(tmp_path: Path) -> None:
    ran = run("claim", 20, tmp_path, seed=1, child="tests.fuzz.planted")
    assert ran.find is not None
    assert b"{" in ran.find.read_bytes()
    assert ran.find.name.startswith("claim-")
    assert not ran.is_sound
    assert "AssertionError" in ran.said


@searched
def test_what_is_sound_is_run_and_counted(tmp_path: Path) -> None:
    ran = run("query", 1, tmp_path, seed=1)
    assert ran.is_sound
    assert ran.executions > ran.seeds
    assert ran.branches > 0


def test_a_file_is_run_through_the_target_that_it_is_named_after(tmp_path: Path) -> None:
    find = tmp_path / "words-crash-1"
    find.write_bytes(b"a=1")
    command = [sys.executable, "-m", "tests.fuzz", "--input", str(find)]
    again = subprocess.run(command, capture_output=True, check=True, timeout=60)  # noqa: S603 - our own program
    assert again.stdout.decode() == f"{find} goes through.\n"


def test_every_target_has_a_name_that_a_file_may_begin_with() -> None:
    assert all(name.isalpha() for name in TARGETS)
