"""The MQTT broker that integrations listen to: where it is, and how we make ourselves known to it."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from config.kinds import FilePath, HostName, LineText, SecretValue, Table
from config.messages import mistake


class Mqtt(Table):
    """One broker, or the address of a cluster of them. MQTT 5."""

    host: HostName
    port: Annotated[int, Field(ge=1, le=65535)] = 8883
    tls: bool = True
    ca: FilePath | None = None
    """PEM of who signed the broker's certificate; without it the system's authorities are trusted."""
    certificate: FilePath | None = None
    """Our own, for brokers that ask for one."""
    key: FilePath | None = None
    user: LineText | None = None
    secret: SecretValue | None = None
    commands: bool = False
    """Whether commands are taken. Who may give them is the broker's access list: see docs/mqtt.md."""
    outbox: Annotated[int, Field(ge=100, le=1_000_000)] = 200_000
    """So many events wait while the broker is away, also over a restart; then the oldest are dropped, and counted."""
    keepalive_s: Annotated[int, Field(ge=2, le=600)] = 15

    @model_validator(mode="after")
    def _in_pairs(self) -> Self:
        pairs = (
            ("secret", self.secret, "user", self.user),
            ("certificate", self.certificate, "key", self.key),
            ("key", self.key, "certificate", self.certificate),
        )
        for given, value, needed, other in pairs:
            if value is not None and other is None:
                raise mistake("acd_needs", key=needed, at=given)
        return self
