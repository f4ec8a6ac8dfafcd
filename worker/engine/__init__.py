"""The route of a claim: taken, applied in one transaction with others, published, settled."""
