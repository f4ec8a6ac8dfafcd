"""The local stack, the container files and the lock."""
