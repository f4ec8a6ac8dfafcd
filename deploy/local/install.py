"""Installs Debian packages where that is allowed, without letting them start services."""

import contextlib
import os
import shutil
import subprocess  # nosec B404 - it asks the system for its packages
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from deploy.local.faults import StackFault

START_POLICY = Path("/usr/sbin/policy-rc.d")
# Debian's policy interface: 101 means the action is forbidden.
START_NOTHING = "#!/bin/sh\nexit 101\n"


def install(packages: Sequence[str]) -> None:
    """Install `packages` with apt; raise StackFault with the one command to run where that is not possible."""
    names = " ".join(packages)
    if shutil.which("apt-get") is None:
        raise StackFault(f"Missing: {names}; there is no apt-get here, install them with your package tool.")
    if os.geteuid() != 0:
        raise StackFault(
            f"Missing: {names}; run `sudo apt-get install -y --no-install-recommends {names}"
            f" && sudo systemctl disable --now {names}` and try again."
        )
    sys.stderr.write(f"installing {names}\n")
    with _no_service_starts():
        installed, _ = _apt("install", *packages)
        if installed:
            return
        # the list of packages may be missing or too old
        _apt("update")
        installed, complaint = _apt("install", *packages)
        if not installed:
            raise StackFault(f"apt-get install {names} failed: {complaint}")


def _apt(verb: str, *packages: str) -> tuple[bool, str]:
    """Whether it went well, and what it complained of."""
    options = ["-y", "-q", "-o", "DPkg::Lock::Timeout=600", "-o", "APT::Install-Recommends=false"]
    answer = subprocess.run(  # noqa: S603 - a fixed command
        ["/usr/bin/apt-get", verb, *options, *packages],
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    return answer.returncode == 0, answer.stderr.strip()


@contextlib.contextmanager
def _no_service_starts() -> Iterator[None]:
    """While this lasts, installed packages may not start their services; a policy already there is kept."""
    if START_POLICY.exists():
        yield
        return
    START_POLICY.write_text(START_NOTHING, encoding="ascii")
    START_POLICY.chmod(0o755)
    try:
        yield
    finally:
        START_POLICY.unlink()
