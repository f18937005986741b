"""Who the operators are, for the dial codes: whose telephone it is, whose PIN is right, what a pause digit means."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from ami_bridge.desks import Telephone
from config.model import Config
from queue_engine.ids import AgentId, Instant

WRONG_PINS: Final = 5
LOCKED_S: Final = 300.0


@dataclass(slots=True)
class _Failures:
    count: int = 0
    locked_until: float = 0.0


@dataclass(slots=True)
class Staff:
    """The operators of a configuration."""

    config: Callable[[], Config]
    now: Callable[[], Instant]
    _failures: dict[AgentId, _Failures] = field(default_factory=dict)

    def owner_of(self, telephone: Telephone) -> AgentId | None:
        """Return the operator whose own telephone this is."""
        return next(
            (AgentId(o.number) for o in self.config().operators if o.own_telephone == telephone.name),
            None,
        )

    def exists(self, agent: AgentId) -> bool:
        """Tell whether there is such an operator."""
        return any(o.number == agent for o in self.config().operators)

    def needs_pin(self, agent: AgentId, telephone: Telephone) -> bool:
        """Tell whether the PIN is asked for: everywhere but at the telephone that is the operator's own."""
        return self.owner_of(telephone) != agent

    async def pin_is_right(self, agent: AgentId, pin: str) -> bool:
        """Tell whether this is the operator's PIN. After five wrong ones the number is locked for five minutes."""
        failures = self._failures.setdefault(agent, _Failures())
        if self.now() < failures.locked_until:
            return False
        operator = next((o for o in self.config().operators if o.number == agent), None)
        expected = operator.pin if operator is not None else None
        if expected is not None and hmac.compare_digest(expected.reveal().encode(), pin.encode()):
            del self._failures[agent]
            return True
        failures.count += 1
        if failures.count >= WRONG_PINS:
            failures.count = 0
            failures.locked_until = self.now() + LOCKED_S
        return False

    def pause_reason(self, digits: str) -> tuple[str, float | None] | None:
        """Return the reason of these digits with its time limit; without digits the first of the configuration."""
        reasons = self.config().pause_reasons
        if not digits:
            return (reasons[0].name, reasons[0].limit_s) if reasons else ("", None)
        return next(((r.name, r.limit_s) for r in reasons if r.digit == digits), None)
