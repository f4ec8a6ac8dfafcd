"""Health and metrics over HTTP, in the worker's own event loop."""
