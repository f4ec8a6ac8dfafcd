"""Allocation Worker: claims in from RabbitMQ, transactions in PostgreSQL, outcomes out as events."""
