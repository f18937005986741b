"""What holds for every test."""

import gc
from collections.abc import Generator, Iterator
from typing import Any

import pytest
import structlog
from hypothesis import settings

from tests.postgres import postgres_cluster, postgres_url  # noqa: F401 - fixtures are found by name

# The same examples in every run, and no time limit on one: what a busy machine takes is no property of ours.
settings.register_profile("same every time", derandomize=True, deadline=None)
settings.load_profile("same every time")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, Any, Any]:
    """Let no search for garbage run while a failure's source is parsed.

    It may find a task whose error nobody has asked for, as bare panoramisk leaves them. Python logs that with carets
    under the line, which it parses for them, and before 3.11.5 (Debian 12 has 3.11.2) one parsing within another is a
    SystemError that ends the whole run (python/cpython#106905).
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


@pytest.fixture(autouse=True)
def loggers_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let no test's log set-up outlive it: a logger that is cached on first use would write past `capture_logs`."""
    configure = structlog.configure

    def uncached(*args: Any, **options: Any) -> None:
        configure(*args, **(options | {"cache_logger_on_first_use": False}))

    monkeypatch.setattr(structlog, "configure", uncached)
    yield
    structlog.reset_defaults()
