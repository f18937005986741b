"""What a caller who knows the number of his appeal is told by telephone: its state and nothing more (KEM 5.7).

The dialplan comes here by `AGI(agi://HOST:PORT/appeal)`: from a number of the service's own, or by a key while waiting.
"""

from collections.abc import Callable
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from acd.journal.errors import CardNotFound, NumberMistyped
from acd.journal.service import Journal
from ami_bridge.agi_server import AgiSession
from ami_bridge.errors import AgiError, AgiHungUp

TRIES: Final = 3
DIGITS: Final = 13
"""Of a year and a running number, the longest."""
BETWEEN_KEYS_MS: Final = 7000

log = structlog.get_logger(__name__)


class AppealLine:
    """The handler of `agi://HOST:PORT/appeal`.

    Args:
        prompt: Returns the sound of one of the product's prompts.
    """

    def __init__(self, prompt: Callable[[str], str]) -> None:
        self._prompt = prompt
        self.journal: Journal | None = None
        """Set while the journal is served."""

    async def serve(self, agi: AgiSession) -> None:
        """Ask for a number, a few times at most, and tell the state of its appeal."""
        try:
            for _ in range(TRIES):
                digits = await self._ask(agi)
                if not digits and self.journal is not None:
                    continue  # nothing was pressed
                told = await self._told(digits)
                await agi.command("STREAM FILE", self._prompt(told), "")
                if told != "appeal-unknown":
                    break
        except AgiError as gone:
            log.info("appeal.broken_off", error=str(gone))

    async def _ask(self, agi: AgiSession) -> str:
        if self.journal is None:
            return ""
        reply = await agi.command("GET DATA", self._prompt("appeal-ask"), str(BETWEEN_KEYS_MS), str(DIGITS))
        if reply.result < 0:
            raise AgiHungUp("GET DATA", "the caller has hung up")
        return reply.value

    async def _told(self, digits: str) -> str:
        """Return the name of the prompt that is the answer."""
        if self.journal is None:
            return "appeal-away"
        try:
            told = await self.journal.tell(digits)
        except (NumberMistyped, CardNotFound):
            log.info("appeal.unknown")
            return "appeal-unknown"
        except (SQLAlchemyError, OSError) as fault:
            log.warning("journal.away", reason=type(fault).__name__)
            return "appeal-away"
        log.info("appeal.told", appeal=str(told.number), state=told.state)
        return f"appeal-{told.state.replace('_', '-')}"
