"""`resource_class.*` and `trait.*`: the names that inventories and providers may use."""

from worker.placement import checks
from worker.placement.claims import CreateClass, DeleteClass, DeleteTrait, EnsureTrait, RenameClass
from worker.placement.grant import Grant
from worker.placement.ids import ResourceClass
from worker.placement.ledger import Ledger
from worker.placement.outcomes import (
    Accepted,
    ClassCreated,
    ClassDeleted,
    ClassRenamed,
    Code,
    Rejected,
    TraitCreated,
    TraitDeleted,
)
from worker.placement.refusals import Place, first_broken
from worker.placement.snapshot import Users


def create_class(claim: CreateClass, ledger: Ledger) -> Grant | Rejected:
    """The class exists; that it did before is refused unless the claim only ensures it."""
    name = claim.name
    there = name in ledger.classes
    if there and claim.ensure:
        return Grant(accepted=Accepted(claim.id, False, ClassCreated(name)))
    refused = first_broken(
        claim.id,
        (Code.DUPLICATE_NAME, [{"name": name}] if there else []),
        (Code.STANDARD_IMMUTABLE, _standard(name, ledger)),
    )
    return refused or Grant(accepted=Accepted(claim.id, True, ClassCreated(name)), class_created=name)


def rename_class(claim: RenameClass, ledger: Ledger) -> Grant | Rejected:
    """The class is called otherwise, in inventories and allocations too; no generation advances for it."""
    name, new_name = claim.name, claim.new_name
    taken = new_name != name and new_name in ledger.classes
    refused = first_broken(
        claim.id,
        (Code.RESOURCE_CLASS_NOT_FOUND, checks.missing_classes((name,), ledger)),
        (Code.DUPLICATE_NAME, [{"name": new_name}] if taken else []),
        (Code.STANDARD_IMMUTABLE, _standard(name, ledger)),
    )
    if refused is not None:
        return refused
    changed = new_name != name
    accepted = Accepted(claim.id, changed, ClassRenamed(name, new_name))
    return Grant(accepted=accepted, class_renamed=(name, new_name) if changed else None)


def delete_class(claim: DeleteClass, ledger: Ledger) -> Grant | Rejected:
    """The class no longer exists; no provider had an inventory of it."""
    name = claim.name
    users = ledger.snapshot.class_users.get(name)
    refused = first_broken(
        claim.id,
        (Code.RESOURCE_CLASS_NOT_FOUND, checks.missing_classes((name,), ledger)),
        (Code.STANDARD_IMMUTABLE, _standard(name, ledger)),
        (Code.RESOURCE_CLASS_IN_USE, _in_use("resource_classes", name, users)),
    )
    return refused or Grant(accepted=Accepted(claim.id, True, ClassDeleted(name)), class_deleted=name)


def ensure_trait(claim: EnsureTrait, ledger: Ledger) -> Grant | Rejected:
    """The trait exists."""
    if ledger.has_trait(claim.name):
        return Grant(accepted=Accepted(claim.id, False, TraitCreated(claim.name)))
    return Grant(accepted=Accepted(claim.id, True, TraitCreated(claim.name)), trait_created=claim.name)


def delete_trait(claim: DeleteTrait, ledger: Ledger) -> Grant | Rejected:
    """The trait no longer exists; no provider had it."""
    name = claim.name
    standard: list[Place] = [{"name": name}] if name in ledger.snapshot.standard_traits else []
    refused = first_broken(
        claim.id,
        (Code.TRAIT_NOT_FOUND, checks.missing_traits((name,), ledger)),
        (Code.STANDARD_IMMUTABLE, standard),
        (Code.TRAIT_IN_USE, _in_use("traits", name, ledger.snapshot.trait_users.get(name))),
    )
    return refused or Grant(accepted=Accepted(claim.id, True, TraitDeleted(name)), trait_deleted=name)


def _standard(name: ResourceClass, ledger: Ledger) -> list[Place]:
    return [{"name": name}] if name in ledger.snapshot.standard_classes else []


def _in_use(kind: str, name: str, users: Users | None) -> list[Place]:
    """`cut` lets a deletion start its batch, so that the users are those of the snapshot."""
    if users is None or not users.count:
        return []
    return [{kind: [name], "count": users.count, "examples": list(users.examples)}]
