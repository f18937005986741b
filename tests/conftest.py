"""What holds for every test."""

from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import settings

from tests.postgres import postgres_cluster, postgres_url  # noqa: F401 - fixtures are found by name

# The same examples in every run, and no time limit on one: what a busy machine takes is no property of ours.
settings.register_profile("same every time", derandomize=True, deadline=None)
settings.load_profile("same every time")


@pytest.fixture(autouse=True)
def loggers_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let no test's log set-up outlive it: a logger that is cached on first use would write past `capture_logs`."""
    configure = structlog.configure

    def uncached(*args: Any, **options: Any) -> None:
        configure(*args, **(options | {"cache_logger_on_first_use": False}))

    monkeypatch.setattr(structlog, "configure", uncached)
    yield
    structlog.reset_defaults()
