"""Placement in a virtual environment of its own, made when first asked for and kept from then on."""

import asyncio
import shutil
import sys
from pathlib import Path
from typing import Final

PINS: Final = ("openstack-placement==16.0.0", "pyuwsgi==2.0.30.post1", "psycopg2-binary==2.9.13")
"""Of the wheels' own dependencies the newest that fit are taken."""
VERSION: Final = PINS[0]
CACHE: Final = Path(__file__).parents[3] / ".local" / "peer"


async def installed() -> Path:
    """The folder of its programs. Raises RuntimeError where it cannot be installed."""
    programs = CACHE / "bin"
    complete = CACHE / "complete"
    if complete.exists() and complete.read_text() == "\n".join(PINS):
        return programs
    shutil.rmtree(CACHE, ignore_errors=True)
    await ran(Path(sys.executable), "-m", "venv", str(CACHE))
    await ran(programs / "python", "-m", "pip", "install", "-q", "--disable-pip-version-check", *PINS)
    complete.write_text("\n".join(PINS))
    return programs


async def ran(program: Path, *arguments: str) -> bytes:
    """What a program prints, once it has ended well. Raises RuntimeError with what it complained of."""
    process = await asyncio.create_subprocess_exec(
        program, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, complaint = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{program.name} ended with {process.returncode}: {complaint.decode()[-2_000:]}")
    return output
