"""Names of the things the engine deals with, and its notion of time."""

from typing import NewType

QueueName = NewType("QueueName", str)
"""A line with a policy, as the configuration names it: `saratov-122`."""

AgentId = NewType("AgentId", str)
"""An operator's number: `101`. Where the operator sits is the bridge's business."""

CallId = NewType("CallId", str)
"""One visit of one caller: `<server>-<Uniqueid of the channel>`, unique over servers and restarts."""

OfferId = NewType("OfferId", int)
"""One attempt to give one call to one agent. Never used twice, not even across a restart."""

Instant = NewType("Instant", float)
"""Seconds since the epoch, UTC. Within one engine it never goes backwards."""
