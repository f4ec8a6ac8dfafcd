"""The adapters have the shapes that the engine asks for; mypy compares the types, this the parameters."""

import inspect

import pytest

from worker.engine import ports
from worker.rabbit.connection import Broker
from worker.rabbit.consumer import Consumer
from worker.rabbit.publisher import Publisher

BROKER = Broker("amqp://127.0.0.1/")


def consumer() -> ports.Consumer:
    return Consumer(BROKER, "queue", prefetch=1)


def publisher() -> ports.Publisher:
    return Publisher(BROKER)


@pytest.mark.parametrize(("port", "adapter"), [(ports.Consumer, consumer()), (ports.Publisher, publisher())])
def test_every_method_of_the_port_is_there_with_its_parameters(port: type, adapter: object) -> None:
    asked = {name: method for name, method in vars(port).items() if inspect.isfunction(method) and name[0] != "_"}
    assert asked
    for name, method in asked.items():
        assert [*inspect.signature(method).parameters][1:] == [*inspect.signature(getattr(adapter, name)).parameters]
