"""What follows when the configuration is read again: whatever keeps something of it is told, and no call touched."""

from collections.abc import Callable, Sequence

import structlog

from acd.callbacks.joined import CallingBack
from acd.hearing import Hearing
from acd.in_force import ConfigInForce
from acd.seating import Seating
from acd.services import Services
from acd.standard import standard_of
from config.to_policy import to_policy
from metrics.live import LiveFigures
from queue_engine.inputs import Input, PoliciesLoaded

log = structlog.get_logger(__name__)


class Reloading:
    """Puts another configuration in force in one running centre."""

    def __init__(
        self,
        config: ConfigInForce,
        live: LiveFigures,
        seating: Seating,
        services: Services,
        calling_back: CallingBack,
        hearing: Hearing,
        post: Callable[[Input], None],
        mirror_soon: Callable[[], None],
    ) -> None:
        self._config = config
        self._live = live
        self._seating = seating
        self._services = services
        self._calling_back = calling_back
        self._hearing = hearing
        self._post = post
        self._mirror_soon = mirror_soon

    async def reload(self) -> Sequence[str]:
        """Read the configuration again; return its mistakes, with which nothing has changed, or nothing."""
        mistakes = await self._config.replace()
        if mistakes:
            return mistakes
        config = self._config()
        self._live.standard = standard_of(config)
        self._seating.follow_telephones()
        self._post(PoliciesLoaded(*to_policy(config)))
        self._services.hours.configure()
        self._calling_back.configure()
        self._seating.log_in_automatic()
        self._mirror_soon()
        if self._hearing.publisher is not None:
            self._hearing.publisher.retell()
        log.info("config.reloaded", lines=len(config.lines), operators=len(config.operators))
        return []
