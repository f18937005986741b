"""The control API's requests about transfers: where callers can be handed on to, and handing one on."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import Field

from acd.control.access import Role
from acd.control.asked import EVERYBODY, STAFF, Asked, Body, Endpoint, given
from acd.control.errors import RequestRefused
from acd.transfer_targets import Target
from acd.transferring import TransferImpossible
from queue_engine.ids import CallId

_STATUSES: Final = {"call_unknown": 404, "target_unknown": 404}
"""The others are conflicts with what is so just now."""


@dataclass(frozen=True, slots=True)
class TargetView:
    """One place where callers can be handed on to."""

    to: str
    """What a transfer names: an operator's number, the name of a line or of a destination."""
    kind: str
    """`operator`, `line` or `destination`."""
    dial: str
    """What is dialled for it on a telephone."""
    consent: bool
    """The caller has to agree."""


@dataclass(frozen=True, slots=True)
class TargetsView:
    """All of them."""

    targets: tuple[TargetView, ...]


@dataclass(frozen=True, slots=True)
class TransferView:
    """A transfer that Asterisk has begun; what becomes of it is told by events."""

    call: str
    """The talk that it ends."""
    to: TargetView


class Transfer(Body):
    """To whom a caller is handed on."""

    to: Annotated[str, Field(min_length=1, max_length=80)]
    consent: bool = False
    """The caller has been asked and agrees to be handed on to somebody outside."""


def _view(target: Target) -> TargetView:
    return TargetView(target.name, target.kind.value, target.dial, target.consent)


async def _targets(asked: Asked) -> TargetsView:
    return TargetsView(tuple(_view(target) for target in asked.centre.transfers.targets()))


@dataclass(frozen=True, slots=True)
class AskedView:
    """Whether somebody is being asked in a talk."""

    call: str
    asking: bool


def _own_talk(asked: Asked) -> CallId:
    """Return the talk that a request names, if there is one and the asker may hand its caller on."""
    call = CallId(asked.path["call"])
    talks = (view for line in asked.centre.snapshot().lines for view in line.talking if view.call == call)
    view = next(talks, None)
    if view is None:
        raise RequestRefused(404, "call_unknown", f"no talk {call}")
    if asked.asker.role is Role.OPERATOR and asked.asker.agent not in view.agents:
        raise RequestRefused(403, "not_allowed", "an operator may hand on his own caller only")
    return call


def _refusal(fault: TransferImpossible) -> RequestRefused:
    return RequestRefused(_STATUSES.get(fault.code, 409), fault.code, fault.reason)


def _handing(*, asking: bool) -> Callable[[Asked], Awaitable[TransferView]]:
    async def answer(asked: Asked) -> TransferView:
        call, body, desk = _own_talk(asked), given(asked.body, Transfer), asked.centre.transfers
        try:
            target = await (desk.ask if asking else desk.transfer)(call, body.to, asked.asker.name, agreed=body.consent)
        except TransferImpossible as fault:
            raise _refusal(fault) from fault
        return TransferView(call, _view(target))

    return answer


def _ending(*, join: bool) -> Callable[[Asked], Awaitable[AskedView]]:
    async def answer(asked: Asked) -> AskedView:
        call, desk = _own_talk(asked), asked.centre.transfers
        try:
            await (desk.join_asked if join else desk.ask_no_more)(call)
        except TransferImpossible as fault:
            raise _refusal(fault) from fault
        return AskedView(call, asking=False)

    return answer


TRANSFERS: Final[tuple[Endpoint, ...]] = (
    Endpoint("GET", "/v1/transfer-targets", "Where callers can be handed on to", EVERYBODY, TargetsView, _targets),
    Endpoint(
        "POST", "/v1/calls/{call}/transfer", "Hand the caller of a talk on", STAFF, TransferView,
        _handing(asking=False), Transfer,
    ),
    Endpoint(
        "POST", "/v1/calls/{call}/ask", "Ask somebody before the caller is handed on to him", STAFF, TransferView,
        _handing(asking=True), Transfer,
    ),
    Endpoint(
        "POST", "/v1/calls/{call}/ask/join", "Join the caller to whoever is asked", STAFF, AskedView,
        _ending(join=True),
    ),
    Endpoint(
        "POST", "/v1/calls/{call}/ask/cancel", "Bring the operator back to his caller", STAFF, AskedView,
        _ending(join=False),
    ),
)  # fmt: skip
