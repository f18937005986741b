"""The do-not-call list: numbers that are never dialled, or by call lists alone.

Asked when a request is opened and once more when it is about to be dialled, whoever has asked for it.
"""

from collections.abc import Iterable

from callback.kinds import BarScope, Origin


class Barred:
    """The numbers, E.164."""

    __slots__ = ("_scopes",)

    def __init__(self) -> None:
        self._scopes: dict[str, BarScope] = {}

    def load(self, numbers: Iterable[tuple[str, BarScope]]) -> None:
        """Replace the whole list."""
        self._scopes = dict(numbers)

    def add(self, number: str, scope: BarScope) -> None:
        """Bar a number; one that is barred already takes this scope."""
        self._scopes[number] = scope

    def remove(self, number: str) -> None:
        """Let a number be called again."""
        self._scopes.pop(number, None)

    def bars(self, number: str, origin: Origin) -> bool:
        """Return whether a call of this origin may not be made to the number."""
        scope = self._scopes.get(number)
        return scope is BarScope.ALL or (scope is BarScope.LISTS and origin is Origin.LIST)
