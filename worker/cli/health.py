"""`health`: ask the worker on this machine whether it turns. Imports little, since containers run it all the time."""

import http.client
import json
from typing import Annotated, Final

import typer

from worker.cli.endings import Complaint
from worker.cli.screen import tell
from worker.settings import HttpSettings, load

app = typer.Typer(add_completion=False, rich_markup_mode="markdown")

# A health check is usually given a few seconds by whoever runs it.
TIMEOUT_S: Final = 3.0
ANSWER_BYTES_MAX: Final = 65_536
ANYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared with, not listened on


@app.command()
def health(
    ready: Annotated[
        bool, typer.Option("--ready", help="Ask whether it takes work, not only whether it turns.")
    ] = False,
) -> None:
    """Ask the worker on this machine whether it is alive; exit code 0 when it is. For a container's health check."""
    settings = load(HttpSettings)
    host = ANYWHERE.get(settings.http_host, settings.http_host)
    path = "/ready" if ready else "/live"
    status, reasons = _asked(host, settings.http_port, path)
    if status != http.HTTPStatus.OK:
        raise Complaint(f"The worker answered {status} to {path}: {' '.join(reasons)}")
    tell("ready" if ready else "alive")


def _asked(host: str, port: int, path: str) -> tuple[int, list[str]]:
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, [str(one) for one in json.loads(answer.read(ANSWER_BYTES_MAX))["reasons"]]
    except (OSError, http.client.HTTPException) as error:
        said = getattr(error, "strerror", None) or type(error).__name__
        raise Complaint(f"No worker answers at {host}:{port} ({said}).") from None
    except (ValueError, KeyError, TypeError):
        raise Complaint(f"What answers at {host}:{port} is no worker.") from None
    finally:
        connection.close()
