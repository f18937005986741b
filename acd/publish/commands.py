"""What may be asked over MQTT: checked, done, noted in the audit trail, answered.

Whoever may publish to the topic may ask: see docs/mqtt.md. A broker does not tell who that was, so the trail has the
asker's own id of the command.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final, assert_never

from pydantic import ValidationError

from acd.control.access import Identity, Role
from acd.control.centre import Centre
from acd.control.store.trail import DONE, Trail
from acd.publish.payloads import COMMANDS, AddCallback, Answer, Pause, Resume
from queue_engine.ids import AgentId, QueueName
from queue_engine.inputs import AgentPaused, AgentResumed

BY: Final = "mqtt"
WHO: Final = Identity(BY, Role.SUPERVISOR)
"""As whom the trail has them: what they may do is a part of what a supervisor may."""
LARGEST: Final = 4096
"""Bytes of a command."""
REMEMBERED: Final = 1000
"""Answers kept, for commands that the broker delivers twice."""

AddNumber = Callable[[QueueName, str, str], str | None]
"""Line, number as typed, by whom; returns why not, or None when it is in the book."""


class Commands:
    """Carries commands out."""

    def __init__(self, centre: Centre, add_callback: AddNumber, trail: Trail) -> None:
        self._trail = trail
        self._centre = centre
        self._add_callback = add_callback
        self._answered: OrderedDict[str, Answer] = OrderedDict()

    async def take(self, content: bytes) -> Answer:
        """Do what is asked, once for each id, and return the answer. It never raises."""
        if len(content) > LARGEST:
            return await self._refuse(f"at most {LARGEST} bytes")
        try:
            command = COMMANDS.validate_json(content)
        except ValidationError as fault:
            mistakes = fault.errors(include_url=False, include_input=False, include_context=False)
            return await self._refuse(
                "; ".join(f"{'.'.join(map(str, m['loc'])) or 'command'}: {m['msg']}" for m in mistakes)
            )
        if (answer := self._answered.get(command.id)) is None:
            answer = self._done(command)
            self._answered[command.id] = answer
            if len(self._answered) > REMEMBERED:
                self._answered.popitem(last=False)
            await self._note(command.command, _object(command), f"command {command.id}", answer.code)
        return answer

    async def _refuse(self, why: str) -> Answer:
        await self._note("command", "", why[:200], "command_wrong")
        return Answer(id="", ok=False, code="command_wrong", message=why)

    async def _note(self, action: str, object_: str, detail: str, outcome: str) -> None:
        now = self._centre.now()
        await self._trail.acted(WHO, BY, f"mqtt {action}", object_, now, detail=detail, outcome=outcome)

    def _done(self, command: Pause | Resume | AddCallback) -> Answer:
        match command:
            case Pause() | Resume():
                agent = AgentId(command.agent)
                if not any(view.agent == agent for view in self._centre.agents()):
                    return Answer(id=command.id, ok=False, code="agent_unknown", message=f"no operator {agent}")
                if isinstance(command, Pause):
                    self._centre.post(AgentPaused(agent, command.reason, BY, command.limit_s))
                else:
                    self._centre.post(AgentResumed(agent, BY))
            case AddCallback():
                if not any(line.name == command.line for line in self._centre.config.lines):
                    return Answer(id=command.id, ok=False, code="line_unknown", message=f"no line {command.line}")
                refused = self._add_callback(QueueName(command.line), command.number, BY)
                if refused is not None:
                    return Answer(id=command.id, ok=False, code="number_refused", message=refused)
            case _:
                assert_never(command)
        return Answer(id=command.id, ok=True, code=DONE)


def _object(command: Pause | Resume | AddCallback) -> str:
    """Return whom or what a command is about; a number is never in the trail."""
    return f"line {command.line}" if isinstance(command, AddCallback) else f"agent {command.agent}"
