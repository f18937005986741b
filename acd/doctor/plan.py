"""Which checks an installation gets: the configuration's own values bound to the checks, in the order of their telling.

First what needs nothing but the file, then this machine, then each Asterisk over one link of its own.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence, Set
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from acd.asterisk_conf import fallback_members
from acd.asterisk_conf.members import telephones_of, trunks_of
from acd.asterisk_conf.render import closed_to, sounds_language
from acd.clock import wall_time
from acd.control.access import read_token_file
from acd.control.client import ControlClient
from acd.control.errors import ControlError
from acd.control.place import token_path
from acd.doctor import ami, asterisk, machine, norms, services
from acd.doctor.backups import backups
from acd.doctor.examine import Check, examine
from acd.doctor.finding import Finding, error, ok
from acd.doctor.recordings import recordings
from acd.doctor.records import records
from acd.texts import Text
from ami_bridge.client import AmiClient, AmiSettings
from config.errors import ConfigErrors
from config.lines import Message
from config.load import load_config
from config.model import Config
from config.telephony import Asterisk

UNIT: Final = "acd.service"
DEFAULT_MUSIC: Final = "moh"
OVER_LINK: Final = (
    "ami.rights",
    "ami.events",
    "ami.least",
    "asterisk.version",
    "clock.offset",
    "dialplan.hook",
    "hours.kept",
    "telephone.known",
    "fallback.queue",
)
"""The checks that ask Asterisk, in the order of `_over_link`."""


async def check_installation(path: Path, only: str | None = None) -> AsyncIterator[Finding]:
    """Look an installation over, beginning with its configuration; without a sound one there is nothing else to see.

    Args:
        path: The configuration's file.
        only: Run just the checks whose names begin with this, and the configuration's.
    """
    try:
        config = await asyncio.to_thread(load_config, path)
    except ConfigErrors as errors:
        for mistake in errors.mistakes:
            reason = Text(_escaped(mistake.reason), _escaped(mistake.reason_ru))
            told = Text(f"{{subject}}: {{key}}: {reason.en}", f"{{subject}}: {{key}}: {reason.ru}")
            yield error("configuration", str(mistake.file), told, _CORRECT, key=mistake.key or "-")
        return
    yield ok("configuration", str(path), _SOUND)
    wanted = only or ""
    async for found in examine([check for check in _of_site(config, path) if check.name.startswith(wanted)]):
        yield found
    for server in config.servers:
        async for found in _examine_server(config, server, wanted):
            yield found


def _escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _of_site(config: Config, path: Path) -> list[Check]:
    data = config.database.spool.parent

    async def running() -> bool:
        return await asyncio.to_thread(daemon_runs, config)

    control, agi = config.control.listen, config.agi.listen
    checks = [
        Check("norms", partial(norms.norms, config)),
        Check("recording.mandatory", partial(services.mandatory, config)),
        Check("calendar", lambda: services.calendar_years(config, wall_time())),
        Check("calendar.special", lambda: services.special_days_past(config, wall_time())),
        Check("prompts", partial(services.prompts, config)),
        Check("messages", partial(services.messages, config)),
        Check("secret.bare", partial(norms.bare_secrets, config, path)),
        *(Check("secret.file", partial(machine.secret_file, key, file)) for key, file in _secret_files(config, path)),
        Check("data", partial(machine.folder_writable, "data", "", data)),
        Check("disk", partial(machine.disk_space, "", data)),
        Check("database", partial(records, config.database.url)),
        Check("recordings", partial(recordings, config)),
        Check("backups", lambda: backups(config, wall_time())),
        Check("clock", machine.clock_synchronised),
        Check("port", partial(machine.port_free, "FastAGI", agi.host, agi.port, running)),
        Check("port", partial(machine.port_free, "API", control.host, control.port, running)),
        *(Check("host.name", partial(machine.host_name, key, host)) for key, host in host_names(config)),
    ]
    if not config.site.lab:
        checks.append(Check("service", partial(machine.service_enabled, UNIT, systemd=machine.systemd_runs())))
    return checks


def _secret_files(config: Config, path: Path) -> list[tuple[str, Path]]:
    """Return every file that holds a secret, with what it is: those of the configuration and the daemon's own."""
    files = norms.secret_paths(path)
    if config.control.key is not None:
        files.append(("control.key", config.control.key))
    if token_path(config).exists():
        files.append(("control.token", token_path(config)))
    return files


def host_names(config: Config) -> list[tuple[str, str]]:
    """Return every host of the configuration that is a name and no address, with the key it stands under."""
    hosts = [("agi", config.agi.address.host), ("control.listen", config.control.listen.host)]
    for server in config.servers:
        hosts.append((f"asterisk {server.name}", server.host))
        if server.sip.external_address is not None:
            hosts.append((f"asterisk {server.name}: sip", server.sip.external_address))
    for trunk in config.trunks:
        if trunk.registration is not None:
            hosts.append((f"trunk {trunk.name}", trunk.registration.server))
        elif trunk.address is not None:
            hosts.append((f"trunk {trunk.name}", trunk.address.partition(":")[0]))
    return [(key, host) for key, host in hosts if not _is_address(host)]


def _is_address(host: str) -> bool:
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def daemon_runs(config: Config) -> bool:
    """Return whether our own daemon answers at the address of the control API."""
    try:
        ControlClient.of(config, read_token_file(token_path(config))).get("/v1/health")
    except ControlError:
        return False
    return True


async def _examine_server(config: Config, server: Asterisk, wanted: str) -> AsyncIterator[Finding]:
    names = [name for name in OVER_LINK if name.startswith(wanted)]
    if names or "ami.login".startswith(wanted):
        async for found in _examine_link(config, server, names):
            yield found
    async for found in examine([check for check in _of_files(config, server) if check.name.startswith(wanted)]):
        yield found


async def _examine_link(config: Config, server: Asterisk, names: Sequence[str]) -> AsyncIterator[Finding]:
    settings = AmiSettings(
        server.name, server.host, server.ami_port, server.ami_user, server.ami_secret.reveal(), events="system"
    )
    async with ami.knock(settings) as at:
        checks = [Check("ami.login", partial(ami.login, at))]
        if at.link is not None:
            checks += [check for check in _over_link(config, server, at.link, at.heard) if check.name in names]
        async for found in examine(checks):
            yield found
        if at.link is None:
            for found in ami.without_link(at, names):
                yield found


def _over_link(config: Config, server: Asterisk, link: AmiClient, heard: Set[str]) -> list[Check]:
    members: dict[str, set[str]] = {line.name: set() for line in config.lines}
    for member in fallback_members(config, server):
        members[member.queue].add(member.interface)
    telephones = [telephone.name for telephone in telephones_of(config, server)]
    here = {trunk.name for trunk in trunks_of(config, server)}
    calls_back = any(line.callback is not None and line.callback.trunk in here for line in config.lines)
    looks = (
        partial(ami.rights_to_act, link),
        partial(ami.rights_to_hear, link, heard),
        partial(ami.too_many_rights, link, calls_back=calls_back),
        partial(asterisk.version, link),
        partial(asterisk.clock_offset, link, wall_time),
        partial(asterisk.hook, link, str(config.agi.address)),
        partial(asterisk.hours, link, [line.name for line in config.lines if closed_to(line)]),
        partial(asterisk.telephones, link, telephones),
        partial(asterisk.fallback_queues, link, members),
    )
    return [Check(name, look) for name, look in zip(OVER_LINK, looks, strict=True)]


def _of_files(config: Config, server: Asterisk) -> list[Check]:
    """Return the checks of Asterisk's files, which can be made where it runs on this machine."""
    data = Path(server.directories.data)
    folders = [data / "sounds" / sounds_language(config, server), data / "sounds"]
    names = {line.greeting for line in config.lines if line.greeting is not None}
    for destination in config.destinations:
        if isinstance(destination, Message):
            names.update(destination.sounds)
    music = {each.name: each.directory for each in config.music} or {"default": data / DEFAULT_MUSIC}
    return [
        Check("sounds", partial(asterisk.sounds, server.name, folders, sorted(names))),
        Check("music", partial(asterisk.music, server.name, music)),
    ]


_SOUND = Text("The configuration {subject} has no mistakes", "В настройке {subject} ошибок нет")
_CORRECT = Text("Correct this key of the file", "Исправьте этот ключ в файле")
