"""What can be wrong with our own use of the engine. What the world sends never raises."""


class EngineError(Exception):
    """Base of all errors of the core."""


class PolicyError(EngineError):
    """A policy that contradicts itself."""

    def __init__(self, owner: str, field: str, reason: str) -> None:
        super().__init__(owner, field, reason)
        self.owner = owner
        self.field = field
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.owner}: {self.field} {self.reason}"


class IllegalTransition(EngineError):
    """The engine fired one of its own triggers in a wrong state: a bug."""

    def __init__(self, state: str, trigger: str) -> None:
        super().__init__(state, trigger)
        self.state = state
        self.trigger = trigger

    def __str__(self) -> str:
        return f"no transition from {self.state} on {self.trigger}"
