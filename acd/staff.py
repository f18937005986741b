"""Who the operators are, for the dial codes: whose telephone it is, whose PIN is right, what a pause digit means."""

from collections.abc import Callable

from acd.pins import Pins
from ami_bridge.desks import Telephone
from config.model import Config
from queue_engine.ids import AgentId, Instant


class Staff:
    """The operators of a configuration."""

    def __init__(self, config: Callable[[], Config], now: Callable[[], Instant]) -> None:
        self.config = config
        self._pins = Pins(now)

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
        operator = next((o for o in self.config().operators if o.number == agent), None)
        return await self._pins.right(agent, operator.pin if operator is not None else None, pin)

    def pause_reason(self, digits: str) -> tuple[str, float | None] | None:
        """Return the reason of these digits with its time limit; without digits the first of the configuration."""
        reasons = self.config().pause_reasons
        if not digits:
            return (reasons[0].name, reasons[0].limit_s) if reasons else ("", None)
        return next(((r.name, r.limit_s) for r in reasons if r.digit == digits), None)
