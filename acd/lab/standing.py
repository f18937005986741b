"""A centre that stays up for real telephones (`make run`), and what people must know to use it."""

import asyncio
import secrets
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from acd.cli.exits import CommandFailed, ExitCode
from acd.cli.session import Session
from acd.lab import words
from acd.lab.asterisk import PROJECT
from acd.lab.centre import LabCentre
from acd.lab.errors import ProcessFailed
from acd.lab.sipp import Endpoint, bound
from acd.lab.site import Place, Site
from acd.texts import Text
from config.load import load_config
from config.model import Config

HOME: Final = PROJECT / ".run" / "centre"
LOOPBACK: Final = "127.0.0.1"
RTP_TIMEOUT_S: Final = 30
TRUNK: Final = "127.0.0.2"
"""Calls from here come over the trunk: a SIPp on this machine binds to it. Any other address is a telephone's."""


async def stand(session: Session, config_path: Path | None, address: str | None, operators: int) -> None:
    """Bring the centre up and keep it until it is interrupted.

    Raises:
        CommandFailed: A port is taken.
        ConfigErrors: The configuration has mistakes.
        LabError: It could not be started, or a part of it has ended.
    """
    HOME.mkdir(parents=True, exist_ok=True)
    if config_path is None:
        config_path = HOME / "acd.toml"
        _write_config(config_path, address or _own_address(), operators)
    config = load_config(config_path)
    for place in _taken(config):
        raise CommandFailed(ExitCode.WRONG, words.PORT_TAKEN, place=place)
    standing = asyncio.ensure_future(_stand(session, config, config_path))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, standing.cancel)
    try:
        await standing
    except asyncio.CancelledError:
        session.print_line(session.say(words.STOPPED))
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


async def _stand(session: Session, config: Config, config_path: Path) -> None:
    async with LabCentre(config_path=config_path, home=HOME) as centre:
        for line in tell_how(session, config, config_path):
            session.print_line(line)
        processes = (centre.daemon, centre.asterisk.process)
        waits = [asyncio.ensure_future(process.wait()) for process in processes]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
        for process in processes:
            if not process.running:
                raise ProcessFailed(process.name, f"ended with status {process.returncode}", process.text())


def _write_config(path: Path, address: str, operators: int) -> None:
    """Write the configuration anew for this address; secrets and records of an earlier run stay."""
    place = Place(
        sip=Endpoint(address),
        inside=LOOPBACK,
        daemon=LOOPBACK,
        trunk=(TRUNK,),
        telephones=None,
        telephone_secret=_kept_secret("telephones"),
        pin=_kept_secret("pin", digits=4),
        ami_secret=_kept_secret("manager"),
    )
    site = Site(operators=operators, registering=True, rtp_timeout_s=RTP_TIMEOUT_S)
    path.touch(mode=0o600)
    path.write_text(site.toml(place, HOME), encoding="utf-8")


def _kept_secret(name: str, digits: int | None = None) -> str:
    """Return a secret that is made once and kept beside the configuration, readable to its owner alone."""
    path = HOME / f"{name}.secret"
    if not path.exists():
        value = secrets.token_hex(6) if digits is None else f"{secrets.randbelow(10**digits):0{digits}}"
        path.touch(mode=0o600)
        path.write_text(value + "\n", encoding="ascii")
    return path.read_text(encoding="ascii").strip()


def _own_address() -> str:
    """Return the address with which this machine reaches others; loopback when it reaches nobody."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # TEST-NET-1 (RFC 5737): connecting UDP sends nothing
        except OSError:
            return LOOPBACK
        return str(probe.getsockname()[0])


def _taken(config: Config) -> Iterator[str]:
    """Yield the places that our programs want and that others hold."""
    server = config.servers[0]
    sip = Endpoint(server.sip.bind, server.sip.port)
    if bound(sip) or bound(Endpoint("0.0.0.0", server.sip.port)):  # noqa: S104  # looked for, not bound
        yield f"UDP {sip}"
    listeners = [(server.ami_bind, server.ami_port), tuple(config.agi.listen), tuple(config.control.listen)]
    for host, port in listeners:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                yield f"TCP {host}:{port}"


def tell_how(session: Session, config: Config, config_path: Path) -> Iterator[str]:
    """Yield the lines that tell how to use a running centre."""
    say = session.say
    server, operator = config.servers[0], config.operators[0]
    telephone = next((t for t in config.telephones if t.name == operator.own_telephone), None)
    bind = _own_address() if server.sip.bind == "0.0.0.0" else server.sip.bind  # noqa: S104  # told, not bound
    yield f"[bold]{say(words.RUNNING)}[/]"
    yield _row(session, words.SIP_ADDRESS, f"{bind}:{server.sip.port} (UDP)")
    if telephone is not None and telephone.contact is None and telephone.secret is not None:
        yield _row(session, words.LOGIN, telephone.name)
        yield _row(session, words.PASSWORD, telephone.secret.reveal())
        names = [t.name for t in config.telephones if t.secret == telephone.secret]
        if len(names) > 1:
            yield _row(session, None, say(words.MORE_OPERATORS, first=names[0], last=names[-1]))
    elif telephone is not None:
        yield _row(session, words.LOGIN, f"{telephone.name}: {say(words.STATIC)}")
    dialled = [(number, say(words.DIAL_LINE, line=line.name)) for line in config.lines for number in line.numbers]
    if len(config.operators) > 1:
        dialled.append((config.operators[1].number, say(words.DIAL_COLLEAGUE)))
    codes = config.codes.model_dump()
    dialled += [(codes[name], say(text)) for name, text in words.CODES.items()]
    for index, (number, what) in enumerate(dialled):
        yield _row(session, words.TO_DIAL if index == 0 else None, f"{number:<6} {what}")
    yield _row(session, words.FILES, str(config_path.parent))
    yield _row(session, words.STATUS, f".venv/bin/acd --config {config_path} status")
    yield say(words.HOW_TO_STOP)


def _row(session: Session, label: Text | None, value: str) -> str:
    told = "" if label is None else session.say(label)
    return f"  {told:<28} {value}"
