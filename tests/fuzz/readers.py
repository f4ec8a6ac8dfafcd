"""What people give the command line and the environment: files, settings, words."""

import os
import tempfile
from pathlib import Path
from unittest.mock import patch

from tests.fuzz.said import assert_plain
from worker.cli.compose import amounts_from, class_amounts, fields_from
from worker.cli.endings import WrongUse
from worker.cli.requests import Asked, request_from
from worker.cli.workload.trace import read_nodes, read_tasks
from worker.policy import InvalidPolicy, load_policy
from worker.settings import PREFIX, InvalidSettings, Settings, load
from worker.telemetry import printable

COMPLAINT_MAX = 1_000
PATH_MAX = 200


def check_trace(content: bytes) -> None:
    """A file of nodes or of tasks: read, or refused with file, line and column."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "trace.csv")
        path.write_bytes(content)
        for read in (read_nodes, read_tasks):
            try:
                read(path)
            except WrongUse as wrong:
                assert str(path) in str(wrong)
                assert_plain(printable(str(wrong)), COMPLAINT_MAX + PATH_MAX)


def check_policy(content: bytes) -> None:
    """An access policy: read, or refused in a sentence."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "policy.toml")
        path.write_bytes(content)
        try:
            load_policy(path)
        except InvalidPolicy as wrong:
            assert_plain(printable(str(wrong)), COMPLAINT_MAX + PATH_MAX)


def check_settings(content: bytes) -> None:
    """Lines of NAME=VALUE in the environment: taken, or refused in a sentence."""
    with patch.dict(os.environ, {**SERVERS, **environment_of(content)}, clear=True):
        try:
            load(Settings)
        except InvalidSettings as wrong:
            assert_plain(printable(str(wrong)), COMPLAINT_MAX)


SERVERS = {PREFIX + "DATABASE_URL": "postgresql://h/d", PREFIX + "BROKER_URL": "amqp://h/"}


def environment_of(content: bytes) -> dict[str, str]:
    """What can stand in an environment: no NUL, no empty name."""
    lines = (line.partition(b"=") for line in content.replace(b"\0", b"").split(b"\n"))
    return {PREFIX + os.fsdecode(name): os.fsdecode(value) for name, found, value in lines if name and found}


def check_words(content: bytes) -> None:
    """Each line a word of a command line."""
    words = os.fsdecode(content.replace(b"\0", b"")).split("\n")
    for reading in (
        lambda: fields_from(words),
        lambda: amounts_from(words),
        lambda: [class_amounts(word) for word in words],
        lambda: request_from(Asked(resources=words[:1], require=words, forbid=words)),
    ):
        try:
            reading()
        except WrongUse:
            continue
