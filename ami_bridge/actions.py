"""One action that waits for its answer: when it is complete, and what its end means.

Built on panoramisk's `Action` (its future and its place in the protocol's table). Decided anew here: completeness
follows ActionID and EventList alone, never the wording of a message; every action has a deadline; an action is sent
once. Asterisk's side: `astman_send_listack`, `astman_send_list_complete_start` in main/manager.c.
"""

import asyncio

from panoramisk.actions import Action

from ami_bridge.errors import ActionRefused, AmiTimeout, BridgeError
from ami_bridge.message import AmiMessage


class PendingAction(Action):  # type: ignore[misc] # panoramisk has no types
    """An action on its way. It knows its name and id only: headers may hold secrets and are kept nowhere."""

    def __init__(self, name: str, action_id: str, wire: bytes, *, as_list: bool) -> None:
        super().__init__({"Action": name, "ActionID": action_id}, as_list=as_list)
        self.name = name
        self.wire = wire
        self.future: asyncio.Future[list[AmiMessage]]
        """The response, or the items of the list."""
        self._deadline: asyncio.TimerHandle | None = None

    def __repr__(self) -> str:
        return f"<PendingAction {self.name} {self.id}>"

    def start_deadline(self, timeout_s: float) -> None:
        """Let the action fail with AmiTimeout if it is not complete by then."""
        loop = self.future.get_loop()
        self._deadline = loop.call_later(timeout_s, self.fail, AmiTimeout(self.name, timeout_s))

    def fail(self, error: BridgeError) -> None:
        """End the action with an error, unless it has ended."""
        self.stop_deadline()
        if not self.future.done():
            self.future.set_exception(error)
            self.future.exception()  # seen: whoever waited may have been cancelled, and asyncio need not complain

    def stop_deadline(self) -> None:
        """Forget the deadline: the action has ended."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def takes(self, message: AmiMessage) -> bool:
        """Say whether a message with this action's id is part of its answer; other events are everybody's.

        An OriginateResponse carries the id of an action that has long been answered, or is about to be.
        """
        return not message.event or bool(self.as_list)

    def add_message(self, message: AmiMessage) -> bool:
        """Take a part of the answer; return True when the action is complete."""
        if not message.event:
            if not message.ok:
                self.fail(ActionRefused(self.name, message.get("Message", "no reason given").strip()))
                return True
            if self.as_list and message.get("EventList", "").lower() == "start":
                return False
            return self._complete([] if self.as_list else [message])
        match message.get("EventList", "").lower():
            case "complete":
                return self._complete(self.responses)
            case "cancelled":
                self.fail(ActionRefused(self.name, "Asterisk cancelled the list"))
                return True
            case _:
                self.responses.append(message)
                return False

    def _complete(self, messages: list[AmiMessage]) -> bool:
        self.stop_deadline()
        if not self.future.done():
            self.future.set_result(messages)
        return True
