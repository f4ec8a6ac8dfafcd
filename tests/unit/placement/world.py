"""The whole committed state as one snapshot, with the two ways in and out of it that a database has."""

from dataclasses import dataclass, replace

from tests.builders import AVX2, MEMORY, NOW, VCPU, consumer_row, provider_id, provider_row, snapshot
from worker.placement.ids import Amounts, ConsumerId, ProviderId, ResourceClass, RowId
from worker.placement.inventory import Inventory, Stock
from worker.placement.plan import Plan, Writes
from worker.placement.snapshot import EXAMPLES_MAX, ConsumerRow, ProviderRow, Snapshot, Users, Wanted


@dataclass(frozen=True)
class World:
    """Everything there is, and the next row id."""

    state: Snapshot
    next_row: int


def seeded_world() -> World:
    """Two roots, a child that is draining, and a consumer on it and on its parent, where a class is over capacity."""
    vcpu = Inventory(10, max_unit=8)
    rows = (
        provider_row(1, {VCPU: vcpu, MEMORY: Inventory(12, min_unit=2, step_size=2)}, name="a", generation=1),
        provider_row(2, {VCPU: Stock(vcpu, 4), MEMORY: Stock(Inventory(2), 5)}, name="b", generation=2),
        provider_row(3, {VCPU: Stock(vcpu, 3)}, name="c", parent=2, state="draining", traits=(AVX2,)),
        consumer_row(1, {provider_id(2): {VCPU: 4, MEMORY: 5}, provider_id(3): {VCPU: 3}}),
    )
    return World(replace(snapshot(*rows), traits=frozenset({AVX2}), new_rows=()), next_row=100)


def read(world: World, wanted: Wanted) -> Snapshot:
    """Exactly what `wanted` asks for, and what it says is loaded beside."""
    state = world.state
    consumers = {name: state.consumers[name] for name in wanted.consumers if name in state.consumers}
    roots = {state.providers[name].root for name in wanted.trees if name in state.providers}
    named = {*wanted.providers, *(p for row in consumers.values() for p in row.allocations)}
    providers = {
        row.id: row if row.id in wanted.linked else replace(row, traits=frozenset(), aggregates=frozenset())
        for row in state.providers.values()
        if row.id in named or row.root in roots
    }
    return replace(
        state,
        consumers=consumers,
        providers=providers,
        names={name: state.names[name] for name in wanted.names if name in state.names},
        classes=state.classes & frozenset(wanted.classes),
        traits=state.traits & frozenset(wanted.traits),
        new_rows=tuple(RowId(world.next_row + n) for n in range(wanted.new_providers)),
        holders={name: _holders(state, name) for name in wanted.held if name in state.providers},
        class_users={
            name: _users([row.id for row in state.providers.values() if name in row.inventories])
            for name in wanted.classes_used
        },
        trait_users={
            name: _users([row.id for row in state.providers.values() if name in row.traits])
            for name in wanted.traits_used
        },
    )


def _holders(state: Snapshot, provider: ProviderId) -> dict[ResourceClass, Users]:
    return {
        name: _users([row.id for row in state.consumers.values() if name in row.allocations.get(provider, {})])
        for name in state.providers[provider].inventories
    }


def _users(names: list[ProviderId] | list[ConsumerId]) -> Users:
    return Users(len(names), tuple(sorted(names)[:EXAMPLES_MAX]))


def commit(world: World, plan: Plan) -> World:
    """The world with a plan's writes in it, each row compared with the version that the plan rests on."""
    for provider, version in plan.providers.items():
        row = world.state.providers.get(provider)
        assert version == (None if row is None else (row.row, row.generation))
    for consumer, found in plan.consumers.items():
        holder = world.state.consumers.get(consumer)
        assert found == (None if holder is None else (holder.row, holder.generation))
    return World(apply_writes(world, plan.writes), world.next_row + 10_000)


def apply_writes(world: World, writes: Writes) -> Snapshot:
    """The state after the rows of `writes` are written, in an order that a database with foreign keys accepts."""
    providers = {row.row: row for row in world.state.providers.values()}
    consumers = {row.row: row for row in world.state.consumers.values()}
    _write_consumers(world, writes, providers, consumers)
    _write_providers(writes, providers)
    rename = dict(writes.classes_renamed)
    renamed = [
        replace(row, inventories={rename.get(name, name): stock for name, stock in row.inventories.items()})
        for row in providers.values()
    ]
    holders = [replace(row, allocations=_renamed(row.allocations, rename)) for row in consumers.values()]
    names = {row.name: row.id for row in renamed}
    assert len(names) == len(renamed), "two providers have one name"
    gone = {*rename, *writes.classes_deleted}
    return replace(
        world.state,
        providers={row.id: row for row in renamed},
        consumers={row.id: row for row in holders},
        names=names,
        classes=(world.state.classes - gone) | {*rename.values(), *writes.classes_created},
        traits=(world.state.traits - {*writes.traits_deleted}) | {*writes.traits_created},
    )


def _renamed(amounts: Amounts, rename: dict[ResourceClass, ResourceClass]) -> Amounts:
    return {provider: {rename.get(name, name): n for name, n in held.items()} for provider, held in amounts.items()}


def _write_providers(writes: Writes, providers: dict[RowId, ProviderRow]) -> None:
    for new in writes.providers_created:
        assert new.row not in providers
        providers[new.row] = ProviderRow(
            row=new.row, id=new.id, name=new.name, generation=new.generation, state=new.state,
            parent=new.parent, root=new.root, created_at=NOW, updated_at=NOW,
        )  # fmt: skip
    for advance in writes.providers_advanced:
        assert providers[advance.row].generation == advance.generation_from < advance.generation_to
        providers[advance.row] = replace(providers[advance.row], generation=advance.generation_to)
    for edit in writes.providers_edited:
        assert providers[edit.row].generation == edit.generation_from < edit.generation_to
        providers[edit.row] = replace(
            providers[edit.row], generation=edit.generation_to, name=edit.name, state=edit.state,
            parent=edit.parent, root=edit.root,
        )  # fmt: skip
    for put in writes.inventories_put:
        _stock(providers, put.provider, put.resource_class, Stock(put.inventory, put.used))
    for used in writes.used_put:
        old = providers[used.provider].inventories[used.resource_class]
        _stock(providers, used.provider, used.resource_class, Stock(old.inventory, used.used))
    for row, name in writes.inventories_deleted:
        _stock(providers, row, name, None)
    for row, trait in writes.traits_linked:
        providers[row] = replace(providers[row], traits=providers[row].traits | {trait})
    for row, trait in writes.traits_unlinked:
        assert trait in providers[row].traits
        providers[row] = replace(providers[row], traits=providers[row].traits - {trait})
    for row, aggregate in writes.aggregates_linked:
        providers[row] = replace(providers[row], aggregates=providers[row].aggregates | {aggregate})
    for row, aggregate in writes.aggregates_unlinked:
        assert aggregate in providers[row].aggregates
        providers[row] = replace(providers[row], aggregates=providers[row].aggregates - {aggregate})
    for row, generation in writes.providers_deleted:
        gone = providers.pop(row)
        assert gone.generation == generation
        assert not (gone.inventories or gone.traits or gone.aggregates), "a provider goes with its rows left behind"


def _stock(providers: dict[RowId, ProviderRow], row: RowId, name: ResourceClass, stock: Stock | None) -> None:
    stocks = dict(providers[row].inventories)
    if stock is None:
        del stocks[name]
    else:
        stocks[name] = stock
    providers[row] = replace(providers[row], inventories=stocks)


def _write_consumers(
    world: World, writes: Writes, providers: dict[RowId, ProviderRow], consumers: dict[RowId, ConsumerRow]
) -> None:
    ids = {row.row: row.id for row in providers.values()} | {new.row: new.id for new in writes.providers_created}
    rows = {row.id: row.row for row in consumers.values()}
    for consumer, provider, name in writes.allocations_deleted:
        _amount(consumers, consumer, ids[provider], name, None)
    for row, generation in writes.consumers_deleted:
        gone = consumers.pop(row)
        assert (gone.generation, gone.allocations) == (generation, {})
        del rows[gone.id]
    for number, put in enumerate(writes.consumers_put):
        row = RowId(world.next_row + 5_000 + number) if put.row is None else put.row
        old = consumers.get(row)
        assert put.generation_from == (None if old is None else old.generation)
        assert (put.id in rows) == (put.row is not None)
        rows[put.id] = row
        consumers[row] = ConsumerRow(
            row=row, id=put.id, project=put.project, user=put.user, type=put.type, generation=put.generation_to,
            allocations={} if old is None else old.allocations,
        )  # fmt: skip
    for amount in writes.allocations_put:
        _amount(consumers, rows[amount.consumer], ids[amount.provider], amount.resource_class, amount.amount)


def _amount(
    consumers: dict[RowId, ConsumerRow], row: RowId, provider: ProviderId, name: ResourceClass, amount: int | None
) -> None:
    held = {p: dict(amounts) for p, amounts in consumers[row].allocations.items()}
    if amount is None:
        del held[provider][name]
        if not held[provider]:
            del held[provider]
    else:
        held.setdefault(provider, {})[name] = amount
    consumers[row] = replace(consumers[row], allocations=held)
