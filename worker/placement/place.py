"""`allocation.place`: the fleet proposes, and what it proposes is taken under the rules of `allocation.set`."""

from dataclasses import replace
from typing import Final

from worker.placement import checks
from worker.placement.allocations import grant_allocations
from worker.placement.claims import PlaceAllocations
from worker.placement.demand import Part, demand_of
from worker.placement.explanation import sentence, told
from worker.placement.grant import Grant
from worker.placement.ids import Amounts, ProviderId
from worker.placement.ladder import consumer_conflicts, first_broken_rule
from worker.placement.ledger import Ledger
from worker.placement.outcomes import Code, Rejected
from worker.placement.proposals import Proposals
from worker.placement.refusals import first_broken, refuse
from worker.placement.request import Candidate, classes_of, traits_of


def place_allocations(
    claim: PlaceAllocations, ledger: Ledger, proposals: Proposals, among: frozenset[ProviderId] | None
) -> Grant | Rejected | None:
    """The consumer holds exactly the first candidate for its request, whose providers are all of `among`.

    None: to be asked again on newer rows, or on others than those of `among`. What the fleet proposes and the rules
    do not allow is no refusal, and neither is that it proposes nothing while it lacks something that was granted.
    """
    part = _part(claim, _NOTHING, ledger)
    refused = first_broken(
        claim.id,
        (Code.RESOURCE_CLASS_NOT_FOUND, checks.missing_classes(classes_of(claim.request), ledger)),
        (Code.TRAIT_NOT_FOUND, checks.missing_traits(traits_of(claim.request), ledger)),
        (Code.CONSUMER_GENERATION_CONFLICT, consumer_conflicts(demand_of((part,)), ledger)),
    )
    if refused is not None:
        return refused
    candidate = proposals.fleet.choose(claim.request, part.before, claim.id, among)
    if candidate is None:
        return _none_found(claim, part.before, proposals, among)
    return _taken(claim, candidate, ledger, proposals)


def _part(claim: PlaceAllocations, after: Amounts, ledger: Ledger) -> Part:
    consumer = claim.consumer
    state = ledger.consumers.get(consumer.id)
    before = _NOTHING if state is None else state.allocations
    return Part(consumer.id, consumer.generation, state, (after,), {}, before, after, {})


def _taken(claim: PlaceAllocations, candidate: Candidate, ledger: Ledger, proposals: Proposals) -> Grant | None:
    rows = sorted(candidate.relied.union(candidate.allocations))
    if not all(proposals.vouched(provider) for provider in rows):
        return None
    demand = demand_of((_part(claim, candidate.allocations, ledger),))
    if first_broken_rule(demand, ledger) is not None:
        return None
    grant = grant_allocations(claim.id, demand, [(claim.consumer, candidate.mappings)], ledger)
    return replace(grant, relied_providers={*grant.relied_providers, *candidate.relied})


def _none_found(
    claim: PlaceAllocations, held: Amounts, proposals: Proposals, among: frozenset[ProviderId] | None
) -> Rejected | None:
    fleet = proposals.fleet
    if not proposals.complete or not all(proposals.in_step(provider) for provider in held):
        return None
    if among is not None and fleet.choose(claim.request, held, claim.id, None) is not None:
        return None
    explanation = fleet.explain(claim.request, held)
    refused = refuse(claim.id, Code.NO_CANDIDATES, [told(explanation)])
    return replace(refused, message=sentence(explanation))


_NOTHING: Final[Amounts] = {}
