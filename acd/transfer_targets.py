"""Where callers can be handed on to, as the configuration says it."""

from dataclasses import dataclass

from config.lines import OutsideNumber
from config.model import Config
from metrics.facts import TransferTarget


@dataclass(frozen=True, slots=True)
class Target:
    """One place where callers can be handed on to."""

    kind: TransferTarget
    name: str
    """Number of the operator, name of the line or of the destination."""
    dial: str
    """What is dialled for it."""
    consent: bool = False
    """The caller has to agree."""
    asks: bool = False
    """He is asked for a key, if the operator has not asked him."""


def targets_in(config: Config) -> list[Target]:
    """Return every place where callers can be handed on to: operators at telephones of their own, lines, outside."""
    found = [Target(TransferTarget.OPERATOR, o.number, o.number) for o in config.operators if o.own_telephone]
    found += [Target(TransferTarget.LINE, line.name, line.numbers[0]) for line in config.lines]
    for destination in config.destinations:
        if isinstance(destination, OutsideNumber) and destination.dial_as is not None:
            asks = destination.consent_ask is not None
            found.append(
                Target(TransferTarget.DESTINATION, destination.name, destination.dial_as, destination.consent, asks)
            )
    return found
