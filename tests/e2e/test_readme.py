"""The program in the README, as it stands there, under the test's own names."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE

from tests.e2e.worker_process import WorkerProcess
from tests.unit.docs.papers import blocks


async def test_the_program_of_the_readme_gets_what_the_readme_shows(
    running: WorkerProcess, broker_url: str, prefix: str
) -> None:
    (program,) = blocks("README.md", "python")
    for name in ("claims", "replies"):
        program = program.replace(f'"allocation.{name}', f'"{prefix}.{name}')
    environment = {**os.environ, "ALLOCATION_BROKER_URL": broker_url}
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, env=environment, stdout=PIPE)
    output, _ = await process.communicate()
    assert process.returncode == 0
    printed = output.decode().replace("}\n{", "},{")
    declared, granted, rejected = json.loads(f"[{printed}]")
    assert declared["type"] == "provider.created"
    examples = [one for one in map(json.loads, blocks("README.md", "json")) if "specversion" in one]
    for outcome, example in zip((granted, rejected), examples, strict=True):
        assert outline(outcome) == outline(example)


def outline(value: object) -> object:
    """Names and kinds of all parts; keys that are ids are left out."""
    if isinstance(value, dict):
        return {key if len(key) != 36 else "id": outline(part) for key, part in value.items()}
    if isinstance(value, list):
        return [outline(part) for part in value]
    return type(value).__name__
