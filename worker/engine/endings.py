"""Why a time of consuming ended, where the engine has to tell one reason from another."""

from worker.faults import Outage


class ChannelLost(Outage):
    """The connection's fault, not that of the work: the messages in hand had no part in it."""
