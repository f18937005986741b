"""What the supervisor asks of the daemon, beside the screen: it never waits for an answer.

Each request runs in a thread of its own; what came of it is told to the screen as a message.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from textual.message import Message

from acd.control.client import ControlClient
from acd.control.errors import DaemonAway, RequestRefused
from acd.top.board import Values


class Answered(Message):
    """The daemon answered what was asked of it."""

    def __init__(self, refusal: str = "") -> None:
        super().__init__()
        self.refusal = refusal


class TelephoneRung(Message):
    """The supervisor's telephone is on its way into a talk, or there already."""

    def __init__(self, telephone: str, *, picked_up: bool) -> None:
        super().__init__()
        self.telephone = telephone
        self.picked_up = picked_up


class WhichTelephone(Message):
    """The daemon does not know at which telephone the supervisor is."""

    def __init__(self, agent: Values, mode: str) -> None:
        super().__init__()
        self.agent = agent
        self.mode = mode


class Orders:
    """The requests of one screen."""

    def __init__(
        self,
        client: ControlClient,
        in_thread: Callable[[Callable[[], None]], object],
        tell: Callable[[Message], object],
    ) -> None:
        self._client = client
        self._in_thread = in_thread
        self._tell = tell
        self.telephone: str | None = None
        """The supervisor's own, once he has said it."""

    def of_agent(self, agent: Values, action: str, body: Mapping[str, object]) -> None:
        """Have something done about an operator."""
        self._post(f"/v1/agents/{quote(agent['agent'], safe='')}/{action}", body)

    def of_call(self, call: Values, action: str, body: Mapping[str, object]) -> None:
        """Have something done about a call."""
        self._post(f"/v1/calls/{quote(call['call'], safe='')}/{action}", body)

    def supervise(self, agent: Values, mode: str) -> None:
        """Have the supervisor's telephone rung and put into the operator's talk; `WhichTelephone` if none is known."""
        body = {"mode": mode} if self.telephone is None else {"mode": mode, "telephone": self.telephone}
        self._post(
            f"/v1/agents/{quote(agent['agent'], safe='')}/supervise",
            body,
            done=lambda told: TelephoneRung(told["telephone"], picked_up=told["picked_up"]),
            instead={"telephone_unknown": WhichTelephone(agent, mode)},
        )

    def _post(
        self,
        path: str,
        body: Mapping[str, object],
        done: Callable[[Any], Message] = lambda _: Answered(),
        instead: Mapping[str, Message] = MappingProxyType({}),
    ) -> None:
        """Ask, and tell what `done` makes of the answer; a refusal of one of the codes of `instead` by that message."""

        def work() -> None:
            try:
                told = self._client.post(path, body)
            except RequestRefused as refusal:
                self._tell(instead.get(refusal.code) or Answered(refusal.message))
            except DaemonAway as away:
                self._tell(Answered(away.reason))
            else:
                self._tell(done(told))

        self._in_thread(work)
