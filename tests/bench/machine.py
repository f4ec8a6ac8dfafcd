"""What the figures were measured on."""

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Final

from tests.bench.ground import Ground, value_of
from worker.rabbit.connection import Broker

LIBRARIES: Final = ("aio-pika", "aiormq", "pamqp", "uvloop", "sqlalchemy", "asyncpg", "pydantic")
DURABILITY: Final = ("fsync", "synchronous_commit", "full_page_writes")


async def described(ground: Ground) -> dict[str, str]:
    """Machine, servers, libraries and the durability in force, each as text under its name."""
    durability = [f"{name} {await value_of(ground.database_url, f'SHOW {name}')}" for name in DURABILITY]
    return {
        "machine": f"{os.cpu_count()} x {_first('/proc/cpuinfo', 'model name')}, {_memory_gib():.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "load": f"{os.getloadavg()[0]:.1f} before the first run",
        "python": platform.python_version(),
        "postgresql": f"{await value_of(ground.database_url, 'SHOW server_version')}, {', '.join(durability)}",
        "rabbitmq": f"{await _rabbitmq(ground.broker_url)}, quorum queues",
        "libraries": ", ".join(f"{name} {version(name)}" for name in LIBRARIES),
    }


async def _rabbitmq(broker_url: str) -> str:
    link = await Broker(broker_url, name="benchmark").connect("version")
    try:
        found = link.connection.server_properties["version"]
        return found.decode() if isinstance(found, bytes) else str(found)
    finally:
        await link.close()


def _memory_gib() -> float:
    return int(_first("/proc/meminfo", "MemTotal").split()[0]) / 1_024**2


def _first(path: str, name: str) -> str:
    lines = (line.partition(":") for line in Path(path).read_text().splitlines())
    return next((value.strip() for key, _, value in lines if key.strip() == name), "unknown")
