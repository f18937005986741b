"""Who rings when Asterisk distributes the calls itself: the static members of its queues."""

from dataclasses import dataclass

from config.model import Config
from config.people import Telephone
from config.telephony import Asterisk, Trunk


@dataclass(frozen=True, slots=True)
class Member:
    """One member of one of Asterisk's queues."""

    queue: str
    interface: str
    """As `Dial` takes it: `PJSIP/op101`."""
    operator: str
    """The operator's number: the member's name in Asterisk, and in the journal of ended calls."""


def fallback_members(config: Config, server: Asterisk) -> tuple[Member, ...]:
    """Return the static members of a server's queues, line by line.

    Operators without a telephone of their own are none: the daemon adds them when they log in (`QueueAdd`).
    """
    own = {telephone.name for telephone in telephones_of(config, server)}
    return tuple(
        Member(line.name, f"PJSIP/{operator.own_telephone}", operator.number)
        for line in config.lines
        for operator in config.operators
        if operator.own_telephone in own and line.name in config.lines_of(operator)
    )


def telephones_of(config: Config, server: Asterisk) -> tuple[Telephone, ...]:
    """Return the telephones that a server knows."""
    return tuple(telephone for telephone in config.telephones if config.server(telephone.server) is server)


def trunks_of(config: Config, server: Asterisk) -> tuple[Trunk, ...]:
    """Return the trunks that come to a server."""
    return tuple(trunk for trunk in config.trunks if config.server(trunk.server) is server)
