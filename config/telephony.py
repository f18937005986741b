"""Asterisk servers and trunks: where they are, and what the generated files of a server say about its surroundings."""

from pathlib import PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from config.kinds import AnyName, EndpointName, HostName, LineText, Name, Network, SecretValue, Table
from config.messages import mistake

Port = Annotated[int, Field(ge=1, le=65535)]
Codec = Literal["alaw", "ulaw", "g722", "opus", "g729", "gsm"]
AsteriskPath = Annotated[PurePosixPath, Field()]


class Sip(Table):
    """Where the server listens for SIP."""

    bind: HostName = "0.0.0.0"  # noqa: S104 - telephones and trunks come from outside; the firewall is the site's
    port: Port = 5060
    tcp: bool = False
    """Listen on TCP as well, at the same port."""
    external_address: HostName | None = None
    """Address to tell those outside `local_networks`, when the server stands behind NAT."""
    local_networks: tuple[Network, ...] = ()


class Rtp(Table):
    """Ports for speech, two per call leg."""

    first: Port = 10000
    last: Port = 20000

    @model_validator(mode="after")
    def _first_below_last(self) -> Self:
        if self.first >= self.last:
            raise mistake("acd_rtp_range", at="first")
        return self


class Directories(Table):
    """The directories of a server as it sees them itself; the defaults are Debian's and FreePBX's."""

    config: AsteriskPath = PurePosixPath("/etc/asterisk")
    modules: AsteriskPath | None = None
    """Where Asterisk was built for one place only, as Debian's is, it knows best itself: not given, not written."""
    cache: AsteriskPath = PurePosixPath("/var/cache/asterisk")
    var: AsteriskPath = PurePosixPath("/var/lib/asterisk")
    db: AsteriskPath = PurePosixPath("/var/lib/asterisk")
    keys: AsteriskPath = PurePosixPath("/var/lib/asterisk")
    data: AsteriskPath = PurePosixPath("/usr/share/asterisk")
    agi: AsteriskPath = PurePosixPath("/usr/share/asterisk/agi-bin")
    spool: AsteriskPath = PurePosixPath("/var/spool/asterisk")
    run: AsteriskPath = PurePosixPath("/var/run/asterisk")
    log: AsteriskPath = PurePosixPath("/var/log/asterisk")
    sbin: AsteriskPath = PurePosixPath("/usr/sbin")


class Asterisk(Table):
    """One Asterisk server."""

    name: Name
    """Stands before the id of every call: a server must never take the name that another one had."""
    host: HostName = "127.0.0.1"
    ami_port: Port = 5038
    ami_bind: HostName = "127.0.0.1"
    ami_permit: tuple[Network, ...] = ("127.0.0.1/32",)
    """From where the daemon may log in."""
    ami_user: EndpointName = "acd"
    ami_secret: SecretValue
    sounds_language: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{2,40}$")] | None = None
    """Directory of the language below the sounds; not given, the site's language under whatever name is there."""
    rtp_timeout_s: Annotated[int, Field(ge=0, le=3600)] = 30
    """A call without speech data for so long has lost its party; 0 never looks."""
    rtp_timeout_hold_s: Annotated[int, Field(ge=0, le=86400)] = 600
    """The same while the call is on hold."""
    sip: Sip = Sip()
    rtp: Rtp = Rtp()
    directories: Directories = Directories()


class Registration(Table):
    """A trunk that we log in to."""

    server: HostName
    port: Port = 5060
    user: EndpointName
    secret: SecretValue
    contact_user: EndpointName | None = None
    """The number that the provider shall call us at; the user if it is not given."""
    expires_s: Annotated[int, Field(ge=60, le=86400)] = 300


class Trunk(Table):
    """Where calls come from and outside numbers are reached."""

    name: Name
    match: tuple[Network, ...] = ()
    """Addresses that the calls come from."""
    registration: Registration | None = None
    address: LineText | None = None
    """host or host:port that outside numbers are dialled at; the registration's server if it is not given."""
    codecs: tuple[Codec, ...] = Field(default=("alaw", "ulaw"), min_length=1)
    trust_identity: bool = False
    """Believe the P-Asserted-Identity of this trunk: only for a provider that sets it itself."""
    qualify_s: Annotated[int, Field(ge=0, le=3600)] = 0
    server: AnyName | None = None
    """Name of the Asterisk server that it comes to; the first if not given."""
    external: bool = False
    """Defined in Asterisk by somebody else (FreePBX), as the endpoint `endpoint`: we do not write it."""
    endpoint_name: EndpointName | None = None
    """Endpoint of an external trunk; `trunk-<name>` otherwise."""

    @model_validator(mode="after")
    def _somehow_recognised(self) -> Self:
        if not self.external and not self.match and self.registration is None:
            raise mistake("acd_needs", key="match, registration", at="match")
        return self

    @property
    def endpoint(self) -> str:
        """The PJSIP endpoint of the trunk."""
        return self.endpoint_name or f"trunk-{self.name}"

    @property
    def dial_address(self) -> str | None:
        """host:port that outside numbers are dialled at; None for a trunk that only brings calls."""
        if self.address is not None:
            return self.address
        if self.registration is not None:
            return f"{self.registration.server}:{self.registration.port}"
        return None
