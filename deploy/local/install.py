"""Installs a Debian package where that is allowed, without letting it start a service."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from deploy.local.faults import StackFault

START_POLICY = Path("/usr/sbin/policy-rc.d")
# Debian's policy interface: 101 means the action is forbidden.
START_NOTHING = "#!/bin/sh\nexit 101\n"


def install(package: str) -> None:
    """Install `package` with apt; raise StackFault with the one command to run where that is not possible."""
    if shutil.which("apt-get") is None:
        raise StackFault(f"{package} is missing and there is no apt-get here: install it with your package tool.")
    if os.geteuid() != 0:
        raise StackFault(
            f"{package} is missing: run `sudo apt-get install --no-install-recommends {package}`"
            f" and `sudo systemctl disable --now {package}`, then try again."
        )
    with _no_service_starts():
        if _apt("install", package) != 0 and (_apt("update") != 0 or _apt("install", package) != 0):
            raise StackFault(f"{package} could not be installed: run `apt-get install {package}` to see why.")


def _apt(verb: str, *packages: str) -> int:
    options = ["-y", "-q", "-o", "DPkg::Lock::Timeout=600", "-o", "APT::Install-Recommends=false"]
    answer = subprocess.run(  # noqa: S603 - a fixed command
        ["/usr/bin/apt-get", verb, *options, *packages],
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=False,
    )
    return answer.returncode


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
