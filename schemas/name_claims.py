"""Claims on the names of resource classes and traits."""

from typing import Literal

from schemas.envelope import ClaimEnvelope
from schemas.text import CustomName, Name


class ResourceClassCreate(ClaimEnvelope):
    """A new custom class; refused when it exists."""

    op: Literal["resource_class.create"]
    name: CustomName


class ResourceClassEnsure(ClaimEnvelope):
    """A custom class, made where it does not exist."""

    op: Literal["resource_class.ensure"]
    name: CustomName


class ResourceClassRename(ClaimEnvelope):
    """Another name for a custom class, wherever it is used."""

    op: Literal["resource_class.rename"]
    name: Name
    new_name: CustomName


class ResourceClassDelete(ClaimEnvelope):
    """Removes a custom class that no provider has inventory of."""

    op: Literal["resource_class.delete"]
    name: Name


class TraitEnsure(ClaimEnvelope):
    """A custom trait, made where it does not exist."""

    op: Literal["trait.ensure"]
    name: CustomName


class TraitDelete(ClaimEnvelope):
    """Removes a custom trait that no provider has."""

    op: Literal["trait.delete"]
    name: Name
