"""OpenStack Placement as it is published, on the same PostgreSQL, to be measured beside the worker."""
