"""`python -m tests.chaos`: a load on real servers while everything is broken that can be broken, and what came of it.

Exit code 1 where a claim is lost or doubled, more is handed out than there is, or anything else should not be.
"""

import argparse
import asyncio
import json
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.chaos.nemesis import FAULTS
from tests.chaos.report import as_json, lines
from tests.chaos.run import Plan, faults_for, run


def main(arguments: Sequence[str]) -> int:
    """Run, and tell."""
    options = _parser().parse_args(arguments)
    only = [fault.name for fault in FAULTS if not options.only or any(word in fault.name for word in options.only)]
    faults = options.faults or faults_for(options.claims, [fault for fault in FAULTS if fault.name in only])
    seed = secrets.randbelow(1_000_000) if options.seed is None else options.seed
    _say(f"{options.claims:,} claims, seed {seed}, {options.workers} workers, {faults} faults")
    done = asyncio.run(run(Plan(options.claims, seed, options.workers, faults, only), _say, options.keep))
    for line in lines(done):
        _say(line)
    if options.report:
        options.report.write_text(json.dumps(as_json(done), indent=1) + "\n")
    return 0 if done.is_good else 1


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    made.add_argument("--claims", type=int, default=100_000)
    made.add_argument("--seed", type=int, help="of claims, faults and moments; drawn if not given")
    made.add_argument("--workers", type=int, choices=(2, 3, 4), default=2)
    made.add_argument("--faults", type=int, help="how many; each kind once, more for many claims, if not given")
    made.add_argument("--only", action="append", metavar="WORD", help="faults with that in their name; repeatable")
    made.add_argument("--report", type=Path, metavar="FILE", help="also write all figures there, as JSON")
    made.add_argument("--keep", type=Path, metavar="FOLDER", help="keep journals and logs there")
    return made


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
