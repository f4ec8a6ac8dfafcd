"""A small world to read."""

from collections.abc import AsyncIterator, Mapping
from decimal import Decimal
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.contract.batches import (
    C1,
    C2,
    DISK,
    GOLD,
    P1,
    P2,
    P3,
    VCPU,
    aggregate_id,
    edit,
    grant,
    keep,
    make_providers,
    outcome,
    read_providers,
    write,
)
from tests.integration.postgres.reads.asking import SILVER
from tests.servers import create_database, drop_database, with_database
from worker.placement.ids import ProviderId, RowId
from worker.placement.inventory import Inventory
from worker.placement.plan import ConsumerPut, Writes
from worker.placement.snapshot import Wanted
from worker.postgres.database import Limits, Store, create_engine
from worker.postgres.reads import Reads


@pytest.fixture(scope="package")
async def engine(database_server_url: str, template: str) -> AsyncIterator[AsyncEngine]:
    """One database for all tests of this folder, which only read."""
    name = f"reads_{uuid4().hex}"
    await create_database(database_server_url, name, template)
    made = create_engine(with_database(database_server_url, name), Limits())
    yield made
    await made.dispose()
    await drop_database(database_server_url, name)


@pytest.fixture(scope="package")
async def rows(engine: AsyncEngine) -> Mapping[ProviderId, RowId]:
    """P1 over P2, and P3 apart and draining; C1, a VM, and C2 hold VCPU on them; claim 1 has an outcome."""
    store = Store(engine)
    inventory = Inventory(10, 1, 2, 8, 2, Decimal("1.5"))
    made = await make_providers(store, [P1, P2, P3], {VCPU: inventory, DISK: Inventory(5)}, {P2: P1})
    found = await read_providers(store, P3)
    await write(
        store,
        Writes(
            traits_created=(GOLD,),
            classes_created=(SILVER,),
            providers_edited=(edit(found[P3], state="draining"),),
            traits_linked=((made[P1], GOLD),),
            aggregates_linked=((made[P1], aggregate_id(2)), (made[P1], aggregate_id(1)), (made[P2], aggregate_id(2))),
        ),
    )
    await grant(store, {C1: {P1: 4, P2: 2}, C2: {P1: 2}})
    async with store.transaction() as transaction:
        held = (await transaction.load_snapshot(Wanted(consumers=(C1,)))).consumers[C1]
        typed = ConsumerPut(C1, held.row, held.project, held.user, "VM", held.generation, held.generation + 1)
        await transaction.write_plan(Writes(consumers_put=(typed,)))
        await keep(transaction, outcome(1, b'{"claimid":"x","ratio":1.50}', b'{"causeid":"x"}'))
    return made


@pytest.fixture
def reads(engine: AsyncEngine, rows: Mapping[ProviderId, RowId]) -> Reads:
    return Reads(engine)
