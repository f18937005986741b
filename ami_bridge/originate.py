"""Asks Asterisk for the first leg of an attempt, and tells when no leg can come of it.

An action that was sent and not answered may still have made a channel: its events, or their absence after the next
resynchronisation, tell. Only what never left the house has failed at once.
"""

import asyncio
import math
from collections.abc import Callable
from typing import Final

import structlog

from ami_bridge import surveys
from ami_bridge.client import AmiClient
from ami_bridge.errors import AmiConnectionLost, AmiTimeout, BridgeError
from ami_bridge.outgoing_legs import Attempt, Side
from ami_bridge.server_clock import ServerClock

log = structlog.get_logger(__name__)

CONTEXT: Final = {Side.CALLER: "acd-callback", Side.OPERATOR: "acd-callback-operator"}


class Originator:
    """The `Originate` actions of one server."""

    def __init__(
        self, client: Callable[[], AmiClient], clock: ServerClock, failed: Callable[[Attempt, str], None]
    ) -> None:
        """Take what it works with.

        Args:
            client: The AMI link to the server.
            clock: The server's.
            failed: Told of an attempt for which nothing left the house, and why.
        """
        self._client = client
        self._clock = clock
        self._failed = failed
        self._asking: set[asyncio.Task[None]] = set()

    def ask(self, attempt: Attempt) -> None:
        """Ask for the attempt's first leg; what becomes of it, events tell."""
        task = asyncio.get_running_loop().create_task(self._ask(attempt), name=f"originate-{attempt.order.call}")
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def _ask(self, attempt: Attempt) -> None:
        try:
            await self._client().action("Originate", _headers(attempt, self._clock))
        except AmiTimeout as error:
            log.warning("outgoing.unsure", call=attempt.order.call, reason=str(error))
        except AmiConnectionLost as error:
            if not error.sent:
                self._failed(attempt, str(error))
        except BridgeError as error:
            self._failed(attempt, str(error))


def _headers(attempt: Attempt, clock: ServerClock) -> dict[str, str | list[str]]:
    """Return the Originate of an attempt's first leg. Its variables tell a daemon after us what it is."""
    order = attempt.order
    caller_first = attempt.side is Side.CALLER
    variables = {
        "__ACD_CALL": order.call,
        "ACD_LINE": order.queue,
        "ACD_NUMBER": order.number,
        "ACD_ENTERED": f"{clock.theirs(attempt.began_at):.3f}",
        "ACD_STAGE": "waiting",
    }
    if not caller_first:
        variables |= {
            "ACD_DIALLED": order.dialled,
            "ACD_RING": str(math.ceil(order.ring_s)),
            "ACD_AGENT": order.agent or "",
        }
    if order.menu:
        variables |= {"ACD_TO": order.menu}  # he is no caller of a line: nobody takes him up, whatever happens to us
    return {
        "ActionID": attempt.uniqueid,
        "ChannelId": attempt.uniqueid,
        "Channel": f"PJSIP/{order.dialled}@{order.endpoint}" if caller_first else f"PJSIP/{order.telephone}",
        "Context": surveys.CONTEXT if order.menu else CONTEXT[attempt.side],
        "Exten": order.menu or order.queue,
        "Priority": "1",
        "Timeout": str(round(1000 * (order.ring_s if caller_first else order.operator_ring_s))),
        # What the called side sees: the line's number, or on the operator's telephone who is called back.
        "CallerID": f"<{order.caller_id if caller_first else order.number}>",
        "Async": "true",
        "Variable": [f"{name}={value}" for name, value in variables.items()],
    }
