"""A private PostgreSQL and RabbitMQ for development and tests: loopback only, gone when their starter is gone."""

from deploy.local.faults import StackFault
from deploy.local.postgres import Postgres
from deploy.local.rabbit import Rabbit
from deploy.local.stack import Stack, Urls, local_stack

__all__ = ["Postgres", "Rabbit", "Stack", "StackFault", "Urls", "local_stack"]
