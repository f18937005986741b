"""The configuration in force, and how another takes its place while calls are under way.

Every part asks anew for the configuration whenever it needs it, so a reload reaches all of them in the same moment.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from config.errors import ConfigErrors
from config.load import load_config
from config.model import Config


class ConfigInForce:
    """Returns the configuration in force when called."""

    def __init__(self, config: Config, path: Path) -> None:
        self._config = config
        self._path = path

    def __call__(self) -> Config:
        """Return it."""
        return self._config

    async def replace(self) -> Sequence[str]:
        """Read the file again; return its mistakes, with which nothing has changed, or nothing."""
        try:
            config = await asyncio.to_thread(load_config, self._path)
        except ConfigErrors as errors:
            return [str(mistake) for mistake in errors.mistakes]
        if {s.name for s in config.servers} != {s.name for s in self._config.servers}:
            return ["the list of Asterisk servers changes by a restart only"]
        self._config = config
        return []
