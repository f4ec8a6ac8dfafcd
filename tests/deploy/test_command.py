"""The stack's command line."""

import os
import stat
import subprocess
import sys
from pathlib import Path

PROJECT = Path.cwd()
GIVEN = {"ALLOCATION_DATABASE_URL": "postgresql+asyncpg://there", "ALLOCATION_BROKER_URL": "amqp://there"}
SHOW = "import os, sys; print(os.environ['ALLOCATION_DATABASE_URL']); sys.exit(7)"


def stack_command(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m deploy.local WORDS` with `folder` as the working copy."""
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "deploy.local", *words],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT), **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_run_uses_servers_that_are_named_already_and_ends_as_its_command_ends(tmp_path: Path) -> None:
    done = stack_command(tmp_path, "run", "--", sys.executable, "-c", SHOW, **GIVEN)
    assert done.stdout == "postgresql+asyncpg://there\n"
    assert done.returncode == 7


def test_a_command_that_is_not_there_is_told_in_one_sentence(tmp_path: Path) -> None:
    done = stack_command(tmp_path, "run", "--", "no-such-command", **GIVEN)
    assert done.stderr == "error: no-such-command cannot be run: No such file or directory.\n"
    assert done.returncode == 1


def test_only_oneself_can_read_what_a_detached_stack_says(tmp_path: Path) -> None:
    log, in_the_way = tmp_path / ".local" / "stack.log", tmp_path / "file"
    log.parent.mkdir()
    log.touch(0o666)
    in_the_way.touch()
    assert stack_command(tmp_path, "up", "--detach", "--folder", str(in_the_way)).returncode == 1
    assert log.read_text()
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_a_detached_stack_is_found_guarded_against_a_second_one_and_stopped(tmp_path: Path) -> None:
    up = stack_command(tmp_path, "up", "--detach")
    try:
        assert "export ALLOCATION_BROKER_URL='amqp://" in up.stdout
        assert stack_command(tmp_path, "urls").stdout == up.stdout
        assert "A stack is running already" in stack_command(tmp_path, "up").stderr
    finally:
        down = stack_command(tmp_path, "down")
    assert down.stdout == "stopped\n"
    assert stack_command(tmp_path, "urls").stderr == "error: No stack is running: `make up` starts one.\n"
    assert stack_command(tmp_path, "down").stdout == "nothing is running\n"
