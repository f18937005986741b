"""A whole contact centre of the lab's own: addresses, a configuration, Asterisk, the daemon as a process, its records.

The daemon is run as a site runs it (`acd --config FILE run`), so that it can be killed, frozen and started again; what
it knows is asked over its control API, what it has recorded is read from its database.
"""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import RowMapping, Table, select
from sqlalchemy.exc import OperationalError

from acd.asterisk_conf import Mode, render, write
from acd.asterisk_conf.language import installed_language
from acd.control.access import read_token_file
from acd.control.client import ControlClient
from acd.control.errors import ControlError
from acd.control.place import token_path
from acd.lab.addresses import HeldSlice, Slice
from acd.lab.asterisk import AsteriskProgram, LabAsterisk, find_asterisk
from acd.lab.daemon import READY_LIMIT_S, DaemonStatus, LabDaemon
from acd.lab.errors import ProcessFailed
from acd.lab.plans import Answering, Caller
from acd.lab.process import LabProcess
from acd.lab.sipp import Callers, Endpoint, Refusing, Registration, Telephones
from acd.lab.site import TELEPHONE_SECRET, Place, Site
from config.load import load_config
from config.model import Config
from metrics.records.database import open_engine
from metrics.records.tables import calls


class LabCentre:
    """One centre. Use it as an asynchronous context manager: whatever happens, all that it started is stopped."""

    def __init__(
        self,
        site: Site | None = None,
        *,
        config_path: Path | None = None,
        program: AsteriskProgram | None = None,
        home: Path | None = None,
        more_conf: Mapping[str, str] | None = None,
        other_conf: Callable[[Slice], Mapping[str, str]] | None = None,
        more_toml: Callable[[str], str] | None = None,
    ) -> None:
        """Make a centre; nothing is started yet.

        Args:
            site: What the configuration of the lab's own shall say.
            config_path: A configuration that somebody else wrote, instead: addresses and all.
            program: The Asterisk to start; the one that `find_asterisk` finds if not given.
            home: Where its files go and stay; a temporary folder, removed at the end, if not given.
            more_conf: Text for the end of files that Asterisk loads, by file name.
            other_conf: Makes files that stand instead of ours or beside them: those of an Asterisk that was there.
            more_toml: Makes text for the end of the configuration from the place of the telephones, `address:port`.
        """
        self.site = site or Site()
        self._held: HeldSlice | None = None
        self._given_config = config_path
        self._more_conf = more_conf or {}
        self._other_conf = other_conf
        self._more_toml = more_toml
        self._keep = home is not None
        self.home = (home or Path(tempfile.mkdtemp(prefix="acd-lab-"))).resolve()
        # Asterisk's own folder lies where a root folder can show it, and where a socket's path is short enough.
        self.asterisk = LabAsterisk(program or find_asterisk(), Path(tempfile.mkdtemp(prefix="acd-lab-pbx-")))
        self.env = self.asterisk.env
        """What Asterisk and the daemon find in their environment beside our own, from their next start."""
        self.config_path = config_path or self.home / "acd.toml"
        self.run_options: tuple[str, ...] = ()
        """What else the daemon's command line says after `run`."""
        self._config: Config | None = None
        self._daemon = LabDaemon(self.config_path, self.home, self.env)
        self._sipps = 0

    # -- its parts -------------------------------------------------------------------------------------------------

    @property
    def slice(self) -> Slice:
        """Its addresses.

        Raises:
            ProcessFailed: It was not prepared.
        """
        if self._held is None:
            raise ProcessFailed("centre", "has no addresses before it is prepared")
        return self._held.slice

    @property
    def config(self) -> Config:
        """Its configuration.

        Raises:
            ProcessFailed: It was not prepared.
        """
        if self._config is None:
            raise ProcessFailed("centre", "has no configuration before it is prepared")
        return self._config

    @property
    def daemon(self) -> LabProcess:
        """The daemon's process.

        Raises:
            ProcessFailed: It was not started.
        """
        return self._daemon.process

    def prepare(self) -> None:
        """Choose addresses, write the configuration and what Asterisk loads.

        Raises:
            ConfigErrors: The configuration has mistakes.
            NoFreeSlice: All addresses are taken.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        if self._given_config is None:
            self._held = self._held or HeldSlice.take()
            place = Place.on(self.slice, registering=self.site.registering)
            more = self._more_toml(str(self.slice.telephones)) if self._more_toml else ""
            self.config_path.write_text(self.site.toml(place, self.home) + more, encoding="utf-8")
            (self.home / "messages").mkdir(exist_ok=True)
        self._config = load_config(self.config_path)
        self.write_asterisk_conf()

    def tell_daemon(self, changes: Mapping[str, str], more: str = "") -> None:
        """Have the daemon read another configuration than Asterisk's is made from: other addresses, say of a wire.

        Raises:
            ProcessFailed: A text that is to be replaced is not there.
        """
        text = self.config_path.read_text(encoding="utf-8")
        for old, new in changes.items():
            if old not in text:
                raise ProcessFailed("configuration", f"has no {old}", text)
            text = text.replace(old, new)
        self.config_path.write_text(text + more, encoding="utf-8")
        self._config = load_config(self.config_path)

    def write_asterisk_conf(self) -> None:
        """Write what Asterisk loads, made from the configuration as it is now."""
        directories = self.asterisk.configured()
        own = self.config.servers[0]
        sounds = (self.asterisk.program.root or Path("/")) / Path(directories.data).relative_to("/") / "sounds"
        language = own.sounds_language or installed_language(sounds, self.config.site.language)
        server = own.model_copy(update={"directories": directories, "sounds_language": language})
        # Only what Asterisk loads knows of these folders: the daemon reads the file as it is.
        config = self.config.model_copy(update={"servers": (server, *self.config.servers[1:])})
        files = render(config, server)
        if self._other_conf is not None:
            files |= self._other_conf(self.slice)
        for name, text in self._more_conf.items():
            files[name] += text
        write(files, self.asterisk.etc, Mode.WHOLE)

    # -- life ------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Bring up Asterisk and the daemon, and wait until calls are taken up."""
        self.prepare()
        await self.asterisk.start()
        await self.start_daemon()

    async def start_daemon(self) -> None:
        """Start the daemon and wait until it is in line with Asterisk.

        Raises:
            ProcessFailed: It ended, or is not ready after a minute.
        """
        await self.launch_daemon()
        await self.until(lambda status: status.healthy)

    async def launch_daemon(self) -> None:
        """Start the daemon without waiting for it."""
        await self._daemon.launch(self.run_options)

    async def stop_daemon(self) -> int:
        """End the daemon in an orderly way; return its exit status."""
        return await self._daemon.stop()

    async def upgrade_daemon(self) -> float:
        """Have a new daemon take over, and wait until it has; return for how long nobody distributed, in seconds.

        Raises:
            ProcessFailed: It did not.
        """
        return await self._daemon.upgrade()

    async def kill_daemon(self) -> None:
        """Kill the daemon as a crash would."""
        await self.daemon.kill9()

    async def close(self) -> None:
        """Stop everything and take away what was temporary."""
        try:
            if self._daemon.started:
                await self.stop_daemon()
        finally:
            try:
                await self.asterisk.stop()
            finally:
                if self._held is not None:
                    self._held.release()
                if self._keep and self.asterisk.output.exists():
                    shutil.copy(self.asterisk.output, self.home / "asterisk.log")
                shutil.rmtree(self.asterisk.home, ignore_errors=True)
                if not self._keep:
                    shutil.rmtree(self.home, ignore_errors=True)

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    # -- what it knows ---------------------------------------------------------------------------------------------

    def control(self) -> ControlClient:
        """Return the way to the daemon's control API; its calls block for milliseconds.

        Raises:
            ControlError: The daemon has not written its token yet.
        """
        listen = self.config.control.listen
        return ControlClient(listen.host, listen.port, read_token_file(token_path(self.config)))

    async def ask(self, path: str) -> Any:
        """Return the daemon's answer to a GET of the control API.

        Raises:
            ControlError: It does not answer, or refuses.
        """
        return await asyncio.to_thread(lambda: self.control().get(path))

    async def tell(self, path: str, body: dict[str, object] | None = None) -> Any:
        """Return the daemon's answer to a POST of the control API.

        Raises:
            ControlError: It does not answer, or refuses.
        """
        return await asyncio.to_thread(lambda: self.control().post(path, body))

    async def status(self) -> DaemonStatus:
        """Return what the daemon says of itself.

        Raises:
            ControlError: It does not answer.
        """
        return DaemonStatus.read(await self.ask("/v1/status"))

    async def until(self, condition: Callable[[DaemonStatus], bool], limit_s: float = READY_LIMIT_S) -> DaemonStatus:
        """Wait until the daemon's status satisfies `condition`, and return it.

        Raises:
            ProcessFailed: The daemon ended, or the condition is not true within `limit_s`.
        """
        status: DaemonStatus | None = None
        try:
            async with asyncio.timeout(limit_s):
                while self.daemon.running:
                    with contextlib.suppress(ControlError):
                        status = await self.status()
                        if condition(status):
                            return status
                    await asyncio.sleep(0.05)
        except TimeoutError:
            reason = f"did not get where it should within {limit_s:.0f} s: {status}"
            raise ProcessFailed("daemon", reason, self.daemon.text()) from None
        raise ProcessFailed("daemon", f"ended with status {self.daemon.returncode}", self.daemon.text())

    async def rows(self, table: Table) -> Sequence[RowMapping]:
        """Return all rows of one of the tables of `metrics.records.tables`; none before the daemon's first start."""
        engine = open_engine(self.config.database.url)
        try:
            async with engine.connect() as connection:
                return (await connection.execute(select(table))).mappings().all()
        except OperationalError:
            return []
        finally:
            await engine.dispose()

    async def recorded(
        self, condition: Callable[[Sequence[RowMapping]], bool], limit_s: float = 15.0
    ) -> Sequence[RowMapping]:
        """Wait until the call records satisfy `condition`, and return them in the order of entry.

        Raises:
            ProcessFailed: They do not within `limit_s`.
        """
        rows: Sequence[RowMapping] = []
        try:
            async with asyncio.timeout(limit_s):
                while True:
                    rows = sorted(await self.rows(calls), key=lambda row: (row["entered_at"], row["call"]))
                    if condition(rows):
                        return rows
                    await asyncio.sleep(0.1)
        except TimeoutError:
            told = "\n".join(str(dict(row)) for row in rows)
            raise ProcessFailed("records", f"are not as they should be within {limit_s:.0f} s", told) from None

    async def settled(self, count: int, limit_s: float = 15.0) -> Sequence[RowMapping]:
        """Wait until so many calls are recorded and every one of them has ended; return their records."""
        return await self.recorded(
            lambda rows: len(rows) == count and all(row["ended_at"] is not None for row in rows), limit_s
        )

    # -- callers and telephones ------------------------------------------------------------------------------------

    def _folder(self, name: str) -> Path:
        self._sipps += 1
        return self.home / f"{self._sipps:02}-{name}"

    def telephones(self, plan: Sequence[Answering] = (Answering(),), **options: Any) -> Telephones:
        """Return the telephones of all operators; start them by `async with`."""
        return Telephones(self._folder("telephones"), self.slice.telephones, plan, **options)

    def far_side(self, plan: Sequence[Answering] = (Answering(),), **options: Any) -> Telephones:
        """Return whoever is called over the trunk, where `Site.trunk_port` says; start them by `async with`.

        Raises:
            ProcessFailed: Nothing is dialled over this centre's trunk.
        """
        return Telephones(self._folder("far-side"), self._dialled(), plan, **options)

    def refusing_far_side(self, status: int) -> Refusing:
        """Return a far side that refuses whoever is called over the trunk; start it by `async with`.

        Raises:
            ProcessFailed: Nothing is dialled over this centre's trunk.
        """
        return Refusing(self._folder("far-side"), self._dialled(), status)

    def _dialled(self) -> Endpoint:
        port = self.site.trunk_port
        if port is None:
            raise ProcessFailed("far side", "needs a trunk that is dialled: Site.trunk_port")
        return self.slice.caller(port)

    def callers(self, callers: Sequence[Caller], *, port: int = 5060, **options: Any) -> Callers:
        """Return callers that come over the trunk; start them by `async with`."""
        return Callers(self._folder("callers"), self.slice.caller(port), self.slice.asterisk, callers, **options)

    def operator_calls(
        self, telephone: str, dialled: str, *, patience_ms: int = 5000, port: int = 5071, **options: Any
    ) -> Callers:
        """Return a call that an operator's telephone places: a dial code, a colleague, a line."""
        account = (telephone, TELEPHONE_SECRET) if self.site.registering else None
        caller = Caller(telephone, dialled=dialled, patience_ms=patience_ms)
        local = self.slice.telephone(port)
        return Callers(self._folder("operator"), local, self.slice.asterisk, [caller], account=account, **options)

    async def register(self, telephones: Sequence[str], at: Endpoint | None = None) -> None:
        """Register telephones that will be at `at`, where none may be yet; start them afterwards.

        Raises:
            ProcessFailed: Asterisk refused one.
        """
        await self._register(telephones, at or self.slice.telephones, remove=False)

    async def unregister(self, telephones: Sequence[str]) -> None:
        """Take registrations back, as telephones do that are switched off.

        Raises:
            ProcessFailed: Asterisk refused one.
        """
        await self._register(telephones, self.slice.telephone(5070), remove=True)

    async def _register(self, telephones: Sequence[str], local: Endpoint, *, remove: bool) -> None:
        secrets = dict.fromkeys(telephones, TELEPHONE_SECRET)
        folder = self._folder("registration")
        await Registration(folder, local, self.slice.asterisk, secrets, remove=remove).run()
