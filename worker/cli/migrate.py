"""`migrate`: bring the database to the present tables."""

import typer

from worker.cli.screen import tell
from worker.postgres.migrate import current, upgrade
from worker.settings import DatabaseSettings, load

app = typer.Typer(add_completion=False, rich_markup_mode="markdown")


@app.command()
def migrate() -> None:
    """Bring the database to the present tables; harmless to repeat. Needs ALLOCATION_DATABASE_URL."""
    url = load(DatabaseSettings).database_url.get_secret_value()
    upgrade(url)
    tell(f"The database is at revision {current(url)}.")
