"""Claims, rows and snapshots for tests: what a test does not say is filled in with something plain."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from uuid import UUID

from worker.placement.claims import (
    UNSET,
    AdjustAllocations,
    Consumer,
    CreateProvider,
    DeclareProvider,
    Holding,
    NewInventories,
    PlaceAllocations,
    ReleaseAllocations,
    ReshapeProviders,
    SetAllocations,
    SetState,
    Unset,
)
from worker.placement.ids import (
    AggregateId,
    Amounts,
    ClaimId,
    ConsumerId,
    ProviderId,
    ResourceClass,
    RowId,
    State,
    Trait,
)
from worker.placement.inventory import Inventory, Stock
from worker.placement.request import Group, Request
from worker.placement.snapshot import ConsumerRow, ProviderRow, Snapshot

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
VCPU = ResourceClass("VCPU")
MEMORY = ResourceClass("MEMORY_MB")
GOLD = ResourceClass("CUSTOM_GOLD")
SILVER = ResourceClass("CUSTOM_SILVER")
AVX2 = Trait("HW_CPU_X86_AVX2")
FAST = Trait("CUSTOM_FAST")


def uuid(kind: int, number: int) -> str:
    """The id numbered `number` of its kind; ids of one kind sort as their numbers do."""
    return str(UUID(int=(kind << 96) + number))


def provider_id(number: int) -> ProviderId:
    """The provider id of that number."""
    return ProviderId(uuid(0xA, number))


def consumer_id(number: int) -> ConsumerId:
    """The consumer id of that number."""
    return ConsumerId(uuid(0xC, number))


def claim_id(number: int) -> ClaimId:
    """The claim id of that number."""
    return ClaimId(uuid(0xF, number))


def aggregate_id(number: int) -> AggregateId:
    """The aggregate id of that number."""
    return AggregateId(uuid(0xE, number))


def provider_row(
    number: int,
    inventories: Mapping[ResourceClass, Inventory | Stock] | None = None,
    *,
    name: str | None = None,
    generation: int = 0,
    state: State = "enabled",
    parent: int | None = None,
    root: int | None = None,
    traits: Iterable[Trait] = (),
    aggregates: Iterable[AggregateId] = (),
) -> ProviderRow:
    """A provider whose row id is its number; a plain inventory is one of which nothing is handed out."""
    above = parent if root is None else root
    stocks = {
        name: stock if isinstance(stock, Stock) else Stock(stock, 0) for name, stock in (inventories or {}).items()
    }
    return ProviderRow(
        row=RowId(number),
        id=provider_id(number),
        name=name or f"provider-{number}",
        generation=generation,
        state=state,
        parent=None if parent is None else provider_id(parent),
        root=provider_id(number if above is None else above),
        created_at=NOW,
        updated_at=NOW,
        inventories=stocks,
        traits=frozenset(traits),
        aggregates=frozenset(aggregates),
    )


def consumer_row(number: int, allocations: Amounts, *, generation: int = 1, type: str | None = None) -> ConsumerRow:
    """A consumer whose row id is its number."""
    return ConsumerRow(
        row=RowId(number),
        id=consumer_id(number),
        project="project",
        user="user",
        type=type,
        generation=generation,
        allocations=allocations,
    )


def snapshot(*rows: ProviderRow | ConsumerRow, now: datetime = NOW) -> Snapshot:
    """A snapshot of these rows, with the standard and custom names above; counters are as the rows say."""
    providers = {row.id: row for row in rows if isinstance(row, ProviderRow)}
    return Snapshot(
        now=now,
        providers=providers,
        consumers={row.id: row for row in rows if isinstance(row, ConsumerRow)},
        names={row.name: row.id for row in providers.values()},
        classes=frozenset({VCPU, MEMORY, GOLD}),
        traits=frozenset({AVX2, FAST}),
        standard_classes=frozenset({VCPU, MEMORY}),
        standard_traits=frozenset({AVX2}),
        new_rows=tuple(RowId(number) for number in range(1000, 1100)),
    )


def consumer(
    number: int,
    *,
    project: str = "project",
    user: str = "user",
    type: str | Unset = UNSET,
    generation: int | Unset | None = UNSET,
) -> Consumer:
    """The consumer of that number, as a claim names it."""
    return Consumer(id=consumer_id(number), project=project, user=user, type=type, generation=generation)


def holding(who: Consumer | int, allocations: Amounts, generations: Mapping[ProviderId, int] | None = None) -> Holding:
    """What a consumer is to hold."""
    named = consumer(who) if isinstance(who, int) else who
    return Holding(consumer=named, allocations=allocations, provider_generations=generations or {})


def set_claim(number: int, *holdings: Holding, deadline: datetime | None = None) -> SetAllocations:
    """`allocation.set` or `.set_many`."""
    return SetAllocations(id=claim_id(number), holdings=holdings, deadline=deadline)


def adjust_claim(
    number: int, who: Consumer | int, *, add: Amounts | None = None, remove: Amounts | None = None
) -> AdjustAllocations:
    """`allocation.adjust`."""
    named = consumer(who) if isinstance(who, int) else who
    return AdjustAllocations(id=claim_id(number), consumer=named, add=add or {}, remove=remove or {})


def release_claim(number: int, who: int, *, generation: int | Unset | None = UNSET) -> ReleaseAllocations:
    """`allocation.release`."""
    return ReleaseAllocations(id=claim_id(number), consumer=consumer_id(who), generation=generation)


def create_claim(number: int, provider: int, *, name: str | None = None, parent: int | None = None) -> CreateProvider:
    """`provider.create`."""
    return CreateProvider(
        id=claim_id(number),
        provider=provider_id(provider),
        name=name or f"provider-{provider}",
        parent=None if parent is None else provider_id(parent),
    )


def declare_claim(
    number: int,
    provider: int,
    inventories: Mapping[ResourceClass, Inventory] | None = None,
    *,
    name: str | None = None,
    parent: int | None = None,
    traits: Iterable[Trait] = (),
    aggregates: Iterable[AggregateId] = (),
    generation: int | None = None,
) -> DeclareProvider:
    """`provider.declare`."""
    return DeclareProvider(
        id=claim_id(number),
        provider=provider_id(provider),
        name=name or f"provider-{provider}",
        parent=None if parent is None else provider_id(parent),
        inventories=inventories or {},
        traits=frozenset(traits),
        aggregates=frozenset(aggregates),
        generation=generation,
    )


def state_claim(number: int, provider: int, state: State) -> SetState:
    """`provider.set_state`."""
    return SetState(id=claim_id(number), provider=provider_id(provider), state=state)


def reshape_claim(
    number: int, inventories: Mapping[int, tuple[int, Mapping[ResourceClass, Inventory]]], *holdings: Holding
) -> ReshapeProviders:
    """`provider.reshape`; `inventories`: {provider: (generation, {class: inventory})}."""
    news = {
        provider_id(provider): NewInventories(generation=generation, inventories=new)
        for provider, (generation, new) in inventories.items()
    }
    return ReshapeProviders(id=claim_id(number), inventories=news, holdings=holdings)


def place_claim(
    number: int,
    who: Consumer | int,
    request: Request | Mapping[ResourceClass, int],
    *,
    deadline: datetime | None = None,
) -> PlaceAllocations:
    """`allocation.place`; plain resources are those of the unnamed group."""
    named = consumer(who) if isinstance(who, int) else who
    asked = request if isinstance(request, Request) else Request(groups={"": Group(resources=request)})
    return PlaceAllocations(id=claim_id(number), consumer=named, request=asked, deadline=deadline)
