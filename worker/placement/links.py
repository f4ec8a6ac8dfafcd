"""`provider_traits.replace`, `.clear` and `provider_aggregates.replace`: what a provider is linked to, as sets."""

from dataclasses import replace

from worker.placement import checks
from worker.placement.claims import ReplaceAggregates, ReplaceTraits
from worker.placement.grant import Grant
from worker.placement.ledger import Ledger
from worker.placement.outcomes import Accepted, Code, Rejected
from worker.placement.refusals import first_broken, refuse
from worker.placement.rows import aggregates_changed, traits_changed


def replace_traits(claim: ReplaceTraits, ledger: Ledger) -> Grant | Rejected:
    """The provider has exactly these traits."""
    row = ledger.provider(claim.provider)
    if row is None:
        return refuse(claim.id, Code.PROVIDER_NOT_FOUND, [{"providers": [claim.provider]}])
    refused = first_broken(
        claim.id,
        (Code.TRAIT_NOT_FOUND, checks.missing_traits(claim.traits, ledger)),
        (Code.PROVIDER_GENERATION_CONFLICT, checks.conflict(claim.provider, claim.generation, row)),
    )
    if refused is not None:
        return refused
    if claim.traits == row.traits:
        return Grant(accepted=Accepted(claim.id, False, traits_changed(row, row)), relied_providers=(row.id,))
    new = replace(row, traits=claim.traits, generation=row.generation + 1, updated_at=ledger.snapshot.now)
    return Grant(accepted=Accepted(claim.id, True, traits_changed(row, new)), providers={row.id: new})


def replace_aggregates(claim: ReplaceAggregates, ledger: Ledger) -> Grant | Rejected:
    """The provider is a member of exactly these aggregates."""
    row = ledger.provider(claim.provider)
    if row is None:
        return refuse(claim.id, Code.PROVIDER_NOT_FOUND, [{"providers": [claim.provider]}])
    conflicts = checks.conflict(claim.provider, claim.generation, row)
    if conflicts:
        return refuse(claim.id, Code.PROVIDER_GENERATION_CONFLICT, conflicts)
    if claim.aggregates == row.aggregates:
        return Grant(accepted=Accepted(claim.id, False, aggregates_changed(row, row)), relied_providers=(row.id,))
    new = replace(row, aggregates=claim.aggregates, generation=row.generation + 1, updated_at=ledger.snapshot.now)
    return Grant(accepted=Accepted(claim.id, True, aggregates_changed(row, new)), providers={row.id: new})
