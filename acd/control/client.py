"""The other end of the control API: how the command line and the live screen talk to the running daemon.

What it returns is fit for a terminal, whatever callers and operators have made of their names.
"""

import http.client
import ssl
from collections.abc import Mapping
from typing import Any, Final

import orjson

from acd.control.errors import DaemonAway, RequestRefused
from acd.control.stream import SILENCE_S, EventStream
from config.model import Config
from metrics.reports.plain import visible_within

TIMEOUT_S: Final = 5.0
"""The daemon answers from memory: what takes longer is a daemon that hangs."""

_WILDCARDS: Final = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - told apart, not bound


class ControlClient:
    """Asks one daemon, one connection per question: the command line asks once and goes."""

    def __init__(self, host: str, port: int, token: str, *, tls: ssl.SSLContext | None = None) -> None:
        self._host = _WILDCARDS.get(host, host)
        self._port = port
        self._token = token
        self._tls = tls

    @classmethod
    def of(cls, config: Config, token: str) -> "ControlClient":
        """Return the way to the daemon of a configuration.

        Its own certificate is what is trusted, whatever name stands in it: it is read from the same machine's disk.
        """
        listen, certificate = config.control.listen, config.control.certificate
        tls = None
        if certificate is not None:
            tls = ssl.create_default_context(cafile=str(certificate))
            tls.check_hostname = False
        return cls(listen.host, listen.port, token, tls=tls)

    @property
    def address(self) -> str:
        """Where the daemon is looked for: `host:port`."""
        return f"{self._host}:{self._port}"

    def get(self, path: str) -> Any:
        """Return the decoded answer to a GET.

        Raises:
            DaemonAway: Nobody answers there, or no daemon of ours.
            RequestRefused: The daemon said no.
        """
        return self._ask("GET", path, None)

    def post(self, path: str, body: Mapping[str, object] | None = None, *, timeout_s: float = TIMEOUT_S) -> Any:
        """Return the decoded answer to a POST with a JSON body, which may take so long.

        Raises:
            DaemonAway: Nobody answers there, or no daemon of ours.
            RequestRefused: The daemon said no.
        """
        return self._ask("POST", path, orjson.dumps(body or {}), timeout_s)

    def fetch(self, path: str) -> bytes:
        """Return the answer to a GET of what is no JSON, whole.

        Raises:
            DaemonAway: Nobody answers there, or no daemon of ours.
            RequestRefused: The daemon said no.
        """
        status, content = self._exchange("GET", path, None)
        if status != 200:
            self._decoded(status, content)
        return content

    def events(self) -> EventStream:
        """Follow what happens from now on.

        Raises:
            DaemonAway: Nobody answers there, or no daemon of ours.
            RequestRefused: The daemon said no.
        """
        link = self._link()
        try:
            link.connect()
            wire = link.sock
            link.request("GET", "/v1/events", headers=self._headers())
            answer = link.getresponse()
            if answer.status == 200:
                wire.settimeout(SILENCE_S)
                return EventStream(link, answer, wire)
            status, content = answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            link.close()
            raise self._away(error) from error
        link.close()
        self._decoded(status, content)
        raise DaemonAway(self.address, f"what answers there tells no events (HTTP {status})")

    def _link(self, timeout_s: float = TIMEOUT_S) -> http.client.HTTPConnection:
        if self._tls is None:
            return http.client.HTTPConnection(self._host, self._port, timeout=timeout_s)
        return http.client.HTTPSConnection(self._host, self._port, timeout=timeout_s, context=self._tls)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}", "Accept": "application/json", "Connection": "close"}

    def _away(self, error: Exception) -> DaemonAway:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
        return DaemonAway(self.address, reason)

    def _ask(self, method: str, path: str, body: bytes | None, timeout_s: float = TIMEOUT_S) -> Any:
        return self._decoded(*self._exchange(method, path, body, timeout_s))

    def _exchange(self, method: str, path: str, body: bytes | None, timeout_s: float = TIMEOUT_S) -> tuple[int, bytes]:
        link, headers = self._link(timeout_s), self._headers()
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            link.request(method, path, body=body, headers=headers)
            answer = link.getresponse()
            status, content = answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise self._away(error) from error
        finally:
            link.close()
        return status, content

    def _decoded(self, status: int, content: bytes) -> Any:
        try:
            told = visible_within(orjson.loads(content))
        except orjson.JSONDecodeError as error:
            raise DaemonAway(self.address, "what answers there is no daemon of ours") from error
        if 200 <= status < 300:
            return told
        refusal = told.get("error") if isinstance(told, dict) else None
        if not isinstance(refusal, dict):
            raise DaemonAway(self.address, f"what answers there is no daemon of ours (HTTP {status})")
        raise RequestRefused(status, str(refusal.get("code", "")), str(refusal.get("message", "")))
