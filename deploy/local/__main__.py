"""`python -m deploy.local`: a private PostgreSQL and RabbitMQ from the command line."""

import argparse
import os
import signal
import subprocess  # nosec B404 - it runs the command it is given
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from deploy.local import running
from deploy.local.faults import StackFault
from deploy.local.planting import plant, servers_of
from deploy.local.stack import Urls, local_stack
from deploy.local.tree import VARIABLE

NOT_TO_BE_HAD = 1
LOOKS_EVERY_S = 1.0


def main(arguments: Sequence[str]) -> int:
    """Obey one verb; the exit code is 0 when all went well, or that of the command given to `run`."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    options = _parser().parse_args(arguments)
    if options.release:
        # the command that is run may start servers of its own: of the same release
        os.environ[VARIABLE] = options.release
    try:
        return _obey(options)
    except StackFault as fault:
        sys.stderr.write(f"error: {fault}\n")
        return NOT_TO_BE_HAD
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _obey(options: argparse.Namespace) -> int:
    match options.verb:
        case "up" if options.detach:
            _say(running.exports(running.detach(options.folder)))
        case "up":
            _stay_up(options.folder)
        case "down":
            _say("stopped" if running.stop() else "nothing is running")
        case "urls":
            _say(running.exports(running.urls()))
        case "run":
            return _run(options.command)
        case "tree":
            tree = plant(options.name)
            _say(f"{tree.root}: {servers_of(tree)}")
    return 0


def _stay_up(folder: Path | None) -> None:
    with running.claimed() as announce, local_stack(folder) as stack:
        announce(stack.urls)
        _say(f"{running.exports(stack.urls)}\n# ctrl-c to stop")
        try:
            while True:
                # not a pause: a signal that comes right before one does not end it
                time.sleep(LOOKS_EVERY_S)
        except KeyboardInterrupt:
            _say("stopping")


def _run(command: Sequence[str]) -> int:
    """Run `command` with both addresses in its environment; servers named there already are used as they are."""
    words = command[1:] if command[:1] == ["--"] else command
    if not words:
        raise StackFault("Name a command to run: python -m deploy.local run -- COMMAND.")
    if all(os.environ.get(name) for name in running.VARIABLES):
        return _run_with(words, {})
    with local_stack() as stack:
        return _run_with(words, running.variables(_prefer_given(stack.urls)))


def _prefer_given(own: Urls) -> Urls:
    database, broker = (os.environ.get(name) for name in running.VARIABLES)
    return Urls(database=database or own.database, broker=broker or own.broker)


def _run_with(command: Sequence[str], variables: dict[str, str]) -> int:
    """Run `command` to its end; ctrl-c is the command's to obey, and a stop asked of us is handed on."""
    try:
        child = subprocess.Popen(command, env={**os.environ, **variables})  # noqa: S603 - the caller's own command
    except OSError as fault:
        raise StackFault(f"{command[0]} cannot be run: {fault.strerror}.") from fault
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        code = child.wait()
    finally:
        child.terminate()
        child.wait()
        signal.signal(signal.SIGINT, before)
    return code if code >= 0 else 128 - code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deploy.local", description=__doc__)
    parser.add_argument("--release", help="take the servers of this Debian release, of which a tree was made")
    verbs = parser.add_subparsers(dest="verb", required=True)
    up = verbs.add_parser("up", help="start both servers and stay until ctrl-c")
    up.add_argument("--detach", action="store_true", help="leave them running in the background")
    up.add_argument("--folder", type=Path, help="keep the data here (default: thrown away at the end)")
    verbs.add_parser("down", help="stop what `up` started")
    verbs.add_parser("urls", help="print the addresses of what `up` started")
    run = verbs.add_parser("run", help="start both servers, run a command, stop them")
    run.add_argument("command", nargs=argparse.REMAINDER, help="the command, after --")
    tree = verbs.add_parser("tree", help="make a tree of another Debian release, for its versions of the servers")
    tree.add_argument("name", help="of the release, trixie or forky, say")
    return parser


def _leave(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
