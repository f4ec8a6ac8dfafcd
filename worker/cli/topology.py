"""`topology`: the broker's exchanges and queues."""

import shlex
from typing import Annotated

import typer

from worker.cli.broker import broker_of, linked
from worker.cli.endings import FAILED
from worker.cli.loop import run_in_loop
from worker.cli.screen import complain, show_table, tell, tell_aside, write_json
from worker.rabbit import declare as declaring
from worker.rabbit.definitions import definitions as definitions_of
from worker.rabbit.definitions import policy_commands
from worker.rabbit.topology import Topology
from worker.rabbit.topology import topology as topology_of
from worker.settings import BrokerSettings, TopologySettings, load

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode="markdown")

VirtualHost = Annotated[str, typer.Option("--vhost", help="The broker's virtual host.")]


@app.callback()
def topology() -> None:
    """The exchanges, queues, bindings and policies on the broker: show, declare or check them."""


@app.command()
def show() -> None:
    """Show what has to exist; asks no broker."""
    wanted = _wanted(load(TopologySettings))
    show_table("exchanges", ["name", "type"], ([each.name, each.kind] for each in wanted.exchanges))
    show_table("queues", ["name", "arguments"], ([each.name, each.arguments] for each in wanted.queues))
    bindings = ([each.exchange, each.routing_key, each.queue] for each in wanted.bindings)
    show_table("bindings", ["exchange", "routing key", "queue"], bindings)
    policies = ([each.name, each.pattern, each.definition] for each in wanted.policies)
    show_table("policies", ["name", "pattern", "definition"], policies)


@app.command()
def declare() -> None:
    """Make what is missing, but for policies, which a client cannot set; harmless to repeat."""
    settings = load(BrokerSettings)
    run_in_loop(_declared(settings))
    tell(f"Exchanges and queues of {settings.prefix} are declared.")
    tell_aside("What an operator may add, once:")
    for words in policy_commands(_wanted(settings)):
        tell_aside(f"  rabbitmqctl {shlex.join(words)}")


@app.command()
def check() -> None:
    """Say what differs from what has to exist; changes nothing. Exit code 1 when something differs."""
    differences = run_in_loop(_checked(load(BrokerSettings)))
    for difference in differences:
        complain(difference)
    if differences:
        raise typer.Exit(FAILED)
    tell("Exchanges and queues are as they should be.", "green")


@app.command()
def definitions(vhost: VirtualHost = "/") -> None:
    """Print definitions for the broker to load (`rabbitmqctl import_definitions`); asks no broker."""
    write_json(definitions_of(_wanted(load(TopologySettings)), vhost))


def _wanted(settings: TopologySettings) -> Topology:
    return topology_of(settings.prefix, settings.history, settings.events_in_bulk)


async def _declared(settings: BrokerSettings) -> None:
    async with linked(broker_of(settings, "topology")) as link:
        await declaring.declare(link, _wanted(settings))


async def _checked(settings: BrokerSettings) -> tuple[str, ...]:
    async with linked(broker_of(settings, "topology")) as link:
        return await declaring.check(link, _wanted(settings))
