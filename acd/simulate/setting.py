"""What a run is made of beside its callers and its seed: rules, staff, telephones."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from acd.simulate.roster import Roster
from acd.simulate.scenario import CallBacks, Telephones
from callback.policy import CallbackPolicy
from metrics.norms import Standard
from queue_engine.ids import QueueName
from queue_engine.policy import QueuePolicy

WRAP_UP_LIMIT_S: Final = 7200.0
"""Wrap-up of operators whose time after the call is drawn: they end it themselves."""


@dataclass(frozen=True, slots=True)
class Setting:
    """All that a run is made of but its callers and its seed."""

    queues: tuple[QueuePolicy, ...]
    roster: Roster
    standard: Standard
    telephones: Telephones = field(default_factory=Telephones)
    leads_to: Mapping[str, QueueName] = field(default_factory=dict)
    """Destinations that put a call on another line."""
    count_from: float = 0.0
    """Calls that entered before, seconds since the epoch, are not counted."""
    call_backs: CallBacks | None = None
    call_back_policies: tuple[CallbackPolicy, ...] = ()


def with_drawn_wrap_up(
    roster: Roster, queues: Iterable[QueuePolicy], drawn: set[QueueName]
) -> tuple[Roster, tuple[QueuePolicy, ...]]:
    """Return roster and lines where the operators end the work after the call themselves, on the lines named."""
    changed = tuple(replace(each, wrap_up_s=WRAP_UP_LIMIT_S) if each.name in drawn else each for each in queues)
    agents = tuple(replace(each, wrap_up_s=None) if drawn.intersection(each.queues) else each for each in roster.agents)
    return replace(roster, agents=agents), changed
