"""Writes providers' own rows, and their links to traits and aggregates."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from worker.faults import Conflict
from worker.placement.plan import Writes
from worker.postgres.guard import write_rows
from worker.postgres.rows import columns

# One statement, because uniqueness of names and foreign keys are checked at its end: a name may pass from one provider
# to another and a parent may go while its child moves, in any order.
RESTRUCTURE = text("""
    WITH made AS MATERIALIZED (
        SELECT * FROM unnest(CAST(:new_rows AS bigint[]), CAST(:new_ids AS uuid[]), CAST(:new_names AS text[]),
                             CAST(:new_generations AS bigint[]), CAST(:new_states AS text[]),
                             CAST(:new_parents AS uuid[]), CAST(:new_roots AS uuid[]))
                      AS made (id, uuid, name, generation, state, parent, root)
    ),
    relatives AS MATERIALIZED (
        SELECT uuid, id FROM made
        UNION ALL
        SELECT uuid, id FROM providers WHERE uuid = ANY (
            CAST(:new_parents AS uuid[]) || CAST(:new_roots AS uuid[])
            || CAST(:parents AS uuid[]) || CAST(:roots AS uuid[]))
    ),
    deleted AS (
        DELETE FROM providers AS p
        USING unnest(CAST(:gone_rows AS bigint[]), CAST(:gone_generations AS bigint[])) AS gone (id, generation)
        WHERE p.id = gone.id AND p.generation = gone.generation RETURNING 1
    ),
    edited AS (
        UPDATE providers AS p SET generation = new.generation, name = new.name, state = new.state,
                                  parent = parent.id, root = root.id, updated_at = now()
        FROM unnest(CAST(:rows AS bigint[]), CAST(:before AS bigint[]), CAST(:after AS bigint[]),
                    CAST(:names AS text[]), CAST(:states AS text[]), CAST(:parents AS uuid[]), CAST(:roots AS uuid[]))
             AS new (id, before, generation, name, state, parent, root)
        JOIN relatives AS root ON root.uuid = new.root LEFT JOIN relatives AS parent ON parent.uuid = new.parent
        WHERE p.id = new.id AND p.generation = new.before AND (new.parent IS NULL) = (parent.id IS NULL)
        RETURNING 1
    ),
    created AS (
        INSERT INTO providers (id, uuid, name, generation, state, parent, root)
        SELECT made.id, made.uuid, made.name, made.generation, made.state, parent.id, root.id
        FROM made JOIN relatives AS root ON root.uuid = made.root
        LEFT JOIN relatives AS parent ON parent.uuid = made.parent
        WHERE (made.parent IS NULL) = (parent.id IS NULL)
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM deleted), (SELECT count(*) FROM edited), (SELECT count(*) FROM created)
""")

# A child that another worker made while this one moved its ancestor: it changed no row that is compared. A new
# statement sees it, and no more can be made, since each needs the lock on its parent.
LEFT_BEHIND = text("""
    SELECT count(*) FROM providers AS child JOIN providers AS parent ON parent.id = child.parent
    WHERE child.parent = ANY (CAST(:rows AS bigint[])) AND child.root <> parent.root
""")

LINK_TRAITS = text("""
    INSERT INTO provider_traits (provider, trait)
    SELECT new.provider, t.id FROM unnest(CAST(:rows AS bigint[]), CAST(:links AS text[])) AS new (provider, name)
    JOIN traits AS t ON t.name = new.name
""")

UNLINK_TRAITS = text("""
    DELETE FROM provider_traits AS l
    USING unnest(CAST(:rows AS bigint[]), CAST(:links AS text[])) AS gone (provider, name), traits AS t
    WHERE t.name = gone.name AND l.provider = gone.provider AND l.trait = t.id
""")

LINK_AGGREGATES = text("""
    INSERT INTO provider_aggregates (provider, aggregate)
    SELECT * FROM unnest(CAST(:rows AS bigint[]), CAST(:links AS uuid[]))
""")

UNLINK_AGGREGATES = text("""
    DELETE FROM provider_aggregates AS l
    USING unnest(CAST(:rows AS bigint[]), CAST(:links AS uuid[])) AS gone (provider, aggregate)
    WHERE l.provider = gone.provider AND l.aggregate = gone.aggregate
""")


async def restructure_providers(connection: AsyncConnection, writes: Writes) -> None:
    """Delete, edit and create providers. Raises `Conflict` where one, or a relative it names, is not as planned."""
    planned = (len(writes.providers_deleted), len(writes.providers_edited), len(writes.providers_created))
    if not any(planned):
        return
    written = (await connection.execute(RESTRUCTURE, _structure(writes))).one()
    if tuple(written) != planned:
        raise Conflict(f"providers deleted, edited, created: {tuple(written)} written, {planned} planned")
    if writes.providers_edited:
        rows = {"rows": [edit.row for edit in writes.providers_edited]}
        left_behind = (await connection.execute(LEFT_BEHIND, rows)).scalar_one()
        if left_behind:
            raise Conflict(f"{left_behind} children appeared while their tree was moved")


async def unlink_providers(connection: AsyncConnection, writes: Writes) -> None:
    """Take traits and aggregates off providers."""
    await write_rows(connection, UNLINK_TRAITS, _links(writes.traits_unlinked), "traits unlinked")
    await write_rows(connection, UNLINK_AGGREGATES, _links(writes.aggregates_unlinked), "aggregates unlinked")


async def link_providers(connection: AsyncConnection, writes: Writes) -> None:
    """Put traits and aggregates on providers."""
    await write_rows(connection, LINK_TRAITS, _links(writes.traits_linked), "traits linked")
    await write_rows(connection, LINK_AGGREGATES, _links(writes.aggregates_linked), "aggregates linked")


def _links(pairs: tuple[tuple[int, str], ...]) -> dict[str, list[object]]:
    return columns(pairs, rows=lambda pair: pair[0], links=lambda pair: pair[1])


def _structure(writes: Writes) -> dict[str, list[object]]:
    gone = columns(writes.providers_deleted, gone_rows=lambda gone: gone[0], gone_generations=lambda gone: gone[1])
    edited = columns(
        writes.providers_edited,
        rows=lambda edit: edit.row,
        before=lambda edit: edit.generation_from,
        after=lambda edit: edit.generation_to,
        names=lambda edit: edit.name,
        states=lambda edit: edit.state,
        parents=lambda edit: edit.parent,
        roots=lambda edit: edit.root,
    )
    created = columns(
        writes.providers_created,
        new_rows=lambda new: new.row,
        new_ids=lambda new: new.id,
        new_names=lambda new: new.name,
        new_generations=lambda new: new.generation,
        new_states=lambda new: new.state,
        new_parents=lambda new: new.parent,
        new_roots=lambda new: new.root,
    )
    return gone | edited | created
