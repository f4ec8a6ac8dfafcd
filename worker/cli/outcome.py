"""An outcome event as people read it."""

from collections.abc import Mapping
from typing import Any

from schemas.codes import Code
from worker.cli.candidates import show_explanation
from worker.cli.screen import show_table, tell


def show_outcome(event: Mapping[str, Any]) -> None:
    """What became of a claim: the refusal and its numbers, or what was changed."""
    data = event.get("data", {})
    if event.get("type") == "claim.rejected":
        again = "may succeed later, under a new claim_id" if data["transient"] else "will not succeed as it is"
        tell(f"rejected: {data['code']}", "bold red")
        tell(f"{data['message']} (The same request {again}.)")
        if data["code"] == Code.NO_CANDIDATES:
            show_explanation(data["details"])
        else:
            _show_details(data["details"])
        return
    tell(f"{event.get('type')}{'' if data.get('changed', True) else ' (nothing changed)'}", "bold green")
    if "consumers" in data and isinstance(data["consumers"], list):
        _show_consumers(data["consumers"])
        _show_providers(data.get("providers", {}))
        _show_reshaped(data.get("inventories", {}))
    else:
        show_table("", ["field", "value"], ((name, value) for name, value in data.items() if name != "changed"))


def _show_details(details: object) -> None:
    if isinstance(details, list):
        show_table("details", ["path", "rule", "limit", "value"], ([one.get(k) for k in _VIOLATION] for one in details))
    elif isinstance(details, Mapping) and details:
        show_table("details", ["name", "value"], details.items())


_VIOLATION = ("path", "rule", "limit", "value")


def _show_consumers(consumers: list[Mapping[str, Any]]) -> None:
    rows = ([one.get(name) for name in ("id", "generation", "before", "after")] for one in consumers)
    show_table("consumers", ["consumer", "generation", "before", "after"], rows)


def _show_providers(providers: Mapping[str, Any]) -> None:
    rows = (
        (provider, shown.get("generation"), resource_class, amounts.get("capacity"), amounts.get("used"))
        for provider, shown in providers.items()
        for resource_class, amounts in shown.get("inventories", {}).items()
    )
    show_table("providers", ["provider", "generation", "class", "capacity", "used"], rows)


def _show_reshaped(inventories: Mapping[str, Any]) -> None:
    rows = ((provider, shown["before"], shown["after"]) for provider, shown in inventories.items())
    if inventories:
        show_table("inventories", ["provider", "before", "after"], rows)
