"""Names of things. Ids are UUIDs as dashed lower-case text, so that sorting them is sorting UUIDs."""

from collections.abc import Mapping
from typing import Literal, NewType

ProviderId = NewType("ProviderId", str)
ConsumerId = NewType("ConsumerId", str)
ClaimId = NewType("ClaimId", str)
AggregateId = NewType("AggregateId", str)
ResourceClass = NewType("ResourceClass", str)
Trait = NewType("Trait", str)
RowId = NewType("RowId", int)
"""Primary key of a stored row; a row deleted and made anew has a larger one (a provider's incarnation)."""

State = Literal["enabled", "draining"]
"""Of a provider; on a draining one no amount may grow, and searches pass it by."""

Amounts = Mapping[ProviderId, Mapping[ResourceClass, int]]
"""{provider: {class: amount}}."""
