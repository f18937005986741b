"""What may be asked over MQTT: checked, done, answered. Whoever may publish to the topic may ask: see docs/mqtt.md."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final, assert_never

import structlog
from pydantic import ValidationError

from acd.control.centre import Centre
from acd.publish.payloads import COMMANDS, AddCallback, Answer, Pause, Resume
from queue_engine.ids import AgentId, QueueName
from queue_engine.inputs import AgentPaused, AgentResumed

log = structlog.get_logger(__name__)

BY: Final = "mqtt"
LARGEST: Final = 4096
"""Bytes of a command."""
REMEMBERED: Final = 1000
"""Answers kept, for commands that the broker delivers twice."""

AddNumber = Callable[[QueueName, str, str], str | None]
"""Line, number as typed, by whom; returns why not, or None when it is in the book."""


class Commands:
    """Carries commands out."""

    def __init__(self, centre: Centre, add_callback: AddNumber) -> None:
        self._centre = centre
        self._add_callback = add_callback
        self._answered: OrderedDict[str, Answer] = OrderedDict()

    def take(self, content: bytes) -> Answer:
        """Do what is asked, once for each id, and return the answer. It never raises."""
        if len(content) > LARGEST:
            return Answer(id="", ok=False, code="command_wrong", message=f"at most {LARGEST} bytes")
        try:
            command = COMMANDS.validate_json(content)
        except ValidationError as fault:
            mistakes = fault.errors(include_url=False, include_input=False, include_context=False)
            told = "; ".join(f"{'.'.join(map(str, m['loc'])) or 'command'}: {m['msg']}" for m in mistakes)
            log.warning("mqtt.command_wrong", mistakes=told)
            return Answer(id="", ok=False, code="command_wrong", message=told)
        if (answer := self._answered.get(command.id)) is None:
            answer = self._done(command)
            self._answered[command.id] = answer
            if len(self._answered) > REMEMBERED:
                self._answered.popitem(last=False)
            log.info("audit", action=f"mqtt {command.command}", who=BY, object=command.id, outcome=answer.code)
        return answer

    def _done(self, command: Pause | Resume | AddCallback) -> Answer:
        match command:
            case Pause() | Resume():
                agent = AgentId(command.agent)
                if not any(view.agent == agent for view in self._centre.snapshot().agents):
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
        return Answer(id=command.id, ok=True, code="done")
