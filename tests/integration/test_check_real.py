"""The doctor and the command line against a real Asterisk and the daemon as a site runs it."""

import asyncio
import json
import sys

import pytest

from acd.control.access import read_token_file
from acd.control.place import token_path
from acd.doctor.finding import Finding, Severity
from acd.doctor.plan import check_installation
from acd.lab.centre import LabCentre
from acd.lab.site import AMI_SECRET, Site
from metrics.records.tables import facts
from tests.acd.stage import read_stream

pytestmark = pytest.mark.asterisk


@pytest.fixture
def site() -> Site:
    """Return a centre of two operators."""
    return Site(operators=2)


async def check(centre: LabCentre, only: str = "") -> dict[str, Finding]:
    """Return the worst finding of each check."""
    found: dict[str, Finding] = {}
    order = list(Severity)
    async for each in check_installation(centre.config_path, only):
        before = found.get(each.check)
        if before is None or order.index(each.severity) >= order.index(before.severity):
            found[each.check] = each
    return found


async def command(centre: LabCentre, *arguments: str) -> tuple[int, str, str]:
    """Run `acd` as a person would; return exit code, output, complaints."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "acd",
        "--lang",
        "en",
        "--config",
        str(centre.config_path),
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def test_sound_installation_has_no_error(centre: LabCentre):
    """All that asks Asterisk is well, and the ports are held by our own daemon."""
    found = await check(centre)
    assert [each.said("en") for each in found.values() if each.severity is Severity.ERROR] == []
    for name in ("ami.login", "ami.rights", "ami.least", "clock.offset", "dialplan.hook", "fallback.queue", "database"):
        assert found[name].severity is Severity.OK, found[name].said("en")
    assert found["hours.kept"].severity is Severity.OK
    assert found["telephone.known"].severity is Severity.OK
    assert "our own running daemon" in found["port"].said("en")


async def test_what_is_broken_in_asterisk_is_found(centre: LabCentre):
    """Each fault is made in the running Asterisk and told by its own check, with the others going on."""
    queues = next(centre.asterisk.home.rglob("acd-queues.conf"))
    lines = queues.read_text(encoding="utf-8").splitlines(keepends=True)
    queues.write_text("".join(line for line in lines if "PJSIP/op101" not in line), encoding="utf-8")
    await centre.asterisk.rx("queue reload all")
    await centre.asterisk.rx("dialplan remove context acd-line")
    await centre.asterisk.rx("dialplan remove context acd-operators")
    await centre.asterisk.rx("module unload func_presencestate.so")
    found = await check(centre)
    assert found["hours.kept"].severity is Severity.WARNING
    assert found["dialplan.hook"].severity is Severity.ERROR
    assert found["fallback.members"].severity is Severity.WARNING
    assert "PJSIP/op101" in found["fallback.members"].said("en")
    await centre.asterisk.rx("dialplan remove context acd-incoming")
    assert "acd-incoming" in (await check(centre, "dialplan"))["dialplan.hook"].said("en")


async def test_operator_that_asterisk_does_not_know_is_found(centre: LabCentre):
    """An operator was added and Asterisk's files were not written anew: his telephone and his queue are told."""
    with centre.config_path.open("a", encoding="utf-8") as file:
        file.write('\n[[operator]]\nnumber = "999"\n[[telephone]]\nname = "op999"\n')
    found = await check(centre)
    assert found["telephone.known"].said("en").endswith(": op999")
    assert "PJSIP/op999" in found["fallback.members"].said("en")


async def test_wrong_secret_and_missing_rights_are_found(centre: LabCentre):
    """A secret that Asterisk does not know, then a user with fewer rights than needed, then with far too many."""
    right = centre.config_path.read_text(encoding="utf-8")
    centre.config_path.write_text(right.replace(AMI_SECRET, "wrong"), encoding="utf-8")
    assert (await check(centre, "ami"))["ami.login"].severity is Severity.ERROR
    centre.config_path.write_text(right, encoding="utf-8")
    manager = next(centre.asterisk.home.rglob("acd-manager.conf"))
    rules = manager.read_text(encoding="utf-8")
    manager.write_text(rules.replace("write = call,reporting,agent", "write = call"), encoding="utf-8")
    await centre.asterisk.rx("manager reload")
    found = await check(centre, "ami")
    assert found["ami.rights"].severity is Severity.ERROR
    assert "QueuePause" in found["ami.rights"].said("en")
    manager.write_text(rules.replace("write = call,reporting,agent", "write = all"), encoding="utf-8")
    await centre.asterisk.rx("manager reload")
    found = await check(centre, "ami")
    assert found["ami.rights"].severity is Severity.OK
    assert found["ami.least"].severity is Severity.WARNING


async def test_asterisk_that_is_stopped_is_found_and_the_command_ends_with_2(centre: LabCentre):
    """Nobody at the manager's port: one error in plain words, the exit code of errors, JSON when asked."""
    await centre.asterisk.stop()
    code, out, _ = await command(centre, "check")
    assert code == 2
    assert "Is Asterisk running?" in out
    code, out, _ = await command(centre, "check", "--json")
    assert {each["check"] for each in json.loads(out) if each["severity"] == "error"} == {"ami.reach"}


async def test_supervisor_at_the_keyboard_and_the_running_daemon(centre: LabCentre):
    """Status, operators, a pause and a report, asked as processes of their own."""
    assert (await command(centre, "agents", "pause", "101", "--reason", "lunch"))[1] == "101: Paused (lunch)\n"
    code, out, _ = await command(centre, "status", "--json")
    assert code == 0
    assert json.loads(out)["agents_by_state"]["paused"] == 1
    code, out, _ = await command(centre, "report", "kpi", "--format", "json")
    assert code == 0
    assert json.loads(out)
    await centre.kill_daemon()
    code, _, complaint = await command(centre, "status")
    assert code == 3
    assert "does not answer" in complaint


async def test_events_go_on_over_a_daemon_that_is_killed(centre: LabCentre):
    """A reader goes on from the last event seen: what became true before the kill, then the new run, without a gap."""
    listen, token = centre.config.control.listen, read_token_file(token_path(centre.config))

    async def read(last: str, count: int) -> list[tuple[str, str, dict]]:
        status, events = await asyncio.to_thread(read_stream, listen.host, listen.port, token, last, count)
        assert status == 200
        return events

    await centre.tell("/v1/agents/101/pause", {"reason": "lunch"})
    await centre.tell("/v1/agents/101/resume")
    first = (await centre.ask("/v1/agents"))["at"]
    *_, paused, resumed = await read(f"{(await run_of(centre))}/0", 6)
    assert (paused[2]["after"], resumed[2]["after"]) == ("paused", "ready")
    await centre.kill_daemon()
    await centre.start_daemon()
    again, *new_run = await read(paused[0], 3)
    assert again == resumed
    assert {kind for _, kind, _ in new_run} == {"AgentStateChanged"}
    assert all(fields["at"] > first for _, _, fields in new_run)


async def run_of(centre: LabCentre) -> str:
    """Return the name of the daemon's run in the records, once it has recorded anything."""
    async with asyncio.timeout(15):
        while not (recorded := await centre.rows(facts)):  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.05)
    return str(recorded[0]["run"])
