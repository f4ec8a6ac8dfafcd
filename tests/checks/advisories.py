"""Known vulnerabilities of what the worker runs on: `python -m tests.checks.advisories LOCK`.

One that is found fails. That nobody could be asked, or that nobody knows the packages, fails nothing, since a check
must not depend on a network; it is said in one line, since silence would pass for an answer.
"""

import json
import subprocess  # nosec B404 - pip-audit is a program
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

WHOLE_S: Final = 12.0
EACH_S: Final = 3
# What pip-audit ends with where the source of advisories is out of reach; anything else is a failure of the audit.
UNREACHABLE: Final = ("Could not connect", "Tip: your network", "Connection", "timed out", "ServiceError", "resolve")

Run = Callable[[Sequence[str]], "Ended | None"]


@dataclass(frozen=True, slots=True)
class Ended:
    """What pip-audit said."""

    code: int
    out: str
    err: str


def verdict(ended: Ended | None) -> tuple[int, str]:
    """The exit code, and the one line (or more, of vulnerabilities) that goes with it. None: it took too long."""
    if ended is None:
        return 0, f"pip-audit: NOT AUDITED, no answer within {WHOLE_S:.0f} s"
    start = ended.out.find('{"dependencies"')
    if start < 0:
        last = (ended.err.strip().splitlines() or ["it said nothing"])[-1]
        if any(words in ended.err for words in UNREACHABLE):
            return 0, f"pip-audit: NOT AUDITED, the source of advisories cannot be reached: {last}"
        return 1, f"pip-audit failed: {last}"
    return _told(json.loads(ended.out[start:])["dependencies"])


def _told(packages: Sequence[dict[str, Any]]) -> tuple[int, str]:
    found = [
        f"{package['name']} {package['version']}: {one['id']}, fixed in {', '.join(one['fix_versions']) or 'none'}"
        for package in packages
        for one in package.get("vulns", ())
    ]
    if found:
        return 1, "\n".join(found)
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    audited = len(packages) - len(skipped)
    if not audited:
        return 0, f"pip-audit: NOT AUDITED, the source of advisories knows none of the {len(packages)} packages"
    rest = f"; NOT AUDITED, since not known there: {', '.join(skipped)}" if skipped else ""
    return 0, f"pip-audit: no known vulnerability in {audited} packages{rest}"


def asked(command: Sequence[str]) -> Ended | None:
    """What the command said; None where it took too long."""
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command, the lock from the Makefile
            command, capture_output=True, text=True, timeout=WHOLE_S, check=False
        )
    except subprocess.TimeoutExpired:
        return None
    return Ended(done.returncode, done.stdout, done.stderr)


def main(lock: str, run: Run = asked) -> int:
    """Audits what the lock pins, and nothing else: no package is fetched or resolved."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", lock, "--disable-pip", "--require-hashes"]
    command += ["--format", "json", "--timeout", str(EACH_S), "--progress-spinner", "off"]
    code, line = verdict(run(command))
    sys.stdout.write(f"{line}\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
