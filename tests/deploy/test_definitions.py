"""The broker's definitions: the checked-in file is what the topology says, and a broker takes it."""

import json
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from deploy.local import Rabbit
from worker.rabbit.definitions import definitions
from worker.rabbit.topology import topology


@pytest.fixture
def vhost(rabbit_server: Rabbit) -> Iterator[str]:
    """A virtual host of the test's own."""
    name = f"test-{uuid4().hex}"
    rabbit_server.ctl("add_vhost", name)
    yield name
    rabbit_server.ctl("delete_vhost", name)


def test_the_file_for_the_broker_is_what_the_topology_says() -> None:
    checked_in = json.loads(Path("deploy/rabbitmq/definitions.json").read_text("utf-8"))
    assert checked_in == definitions(topology())


def test_a_broker_takes_the_definitions(rabbit_server: Rabbit, vhost: str) -> None:
    file = rabbit_server.folder / "definitions.json"
    file.write_text(json.dumps(definitions(topology(), vhost)), "utf-8")
    rabbit_server.ctl("import_definitions", str(file))
    listed = rabbit_server.ctl("list_queues", "--vhost", vhost, "--no-table-headers", "name", "policy")
    assert {tuple(line.split()) for line in listed.splitlines()} == {
        ("allocation.claims", "allocation.claims"),
        ("allocation.dead",),
        ("allocation.queries",),
    }
