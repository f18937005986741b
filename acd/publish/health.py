"""How the way to the MQTT broker is doing."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BrokerHealth:
    """The link to the broker, and what waits for it."""

    up: bool
    waiting: int
    """Messages in the outbox."""
    dropped: int
    """Messages dropped from a full outbox since the start."""
    reason: str = ""
    """Why it is down."""
