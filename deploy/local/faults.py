"""What can go wrong while a local stack starts or stops."""


class StackFault(Exception):
    """The stack cannot be had; the message says in one sentence what stands in the way and what to do."""
