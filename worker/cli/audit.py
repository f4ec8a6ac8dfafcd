"""`audit`: recompute from the tables what must always hold."""

from dataclasses import asdict
from typing import Annotated

import typer

from worker.cli.endings import FAILED
from worker.cli.loop import run_in_loop
from worker.cli.screen import show_table, tell, write_json
from worker.postgres.audit import RULES, Finding
from worker.postgres.audit import audit as findings_of
from worker.postgres.database import Limits, create_engine
from worker.settings import DatabaseSettings, load

app = typer.Typer(add_completion=False, rich_markup_mode="markdown")


@app.command()
def audit(as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False) -> None:
    """Recompute usage and invariants from the tables and say what is wrong; exit code 1 when something is.

    Reads all tables at one moment, beside running workers. Needs ALLOCATION_DATABASE_URL.
    """
    findings = run_in_loop(_found(load(DatabaseSettings)))
    if as_json:
        write_json([asdict(finding) for finding in findings])
    elif findings:
        rows = ([one.rule, one.where, one.expected, one.found] for one in findings)
        show_table(f"{len(findings)} findings", ["rule", "where", "expected", "found"], rows)
    else:
        tell(f"All {len(RULES)} rules hold.", "green")
    if findings:
        raise typer.Exit(FAILED)


async def _found(settings: DatabaseSettings) -> list[Finding]:
    engine = create_engine(settings.database_url.get_secret_value(), Limits(pool_size=1), "allocation-worker audit")
    try:
        return await findings_of(engine)
    finally:
        await engine.dispose()
