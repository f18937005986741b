"""Our files included into an Asterisk that is there already, as FreePBX lays it out: its trunk, telephones, modules.

FreePBX owns the main files, has endpoints named by their extensions in a context of its own, and lets a trunk's calls
reach us by a Custom Destination. The six lines of asterisk-conf/README.md are all that is added to what it wrote.
"""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
import pytest_asyncio

from acd.doctor.finding import Severity
from acd.doctor.plan import check_installation
from acd.lab.addresses import Slice
from acd.lab.centre import LabCentre
from acd.lab.plans import Answering, Caller, Kind
from acd.lab.site import LINE, NUMBER, PIN, Place, Site
from metrics.records.tables import calls
from tests.integration.office import all_out, dial, operators, until_operator

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

EXTENSIONS = ("101", "102")


class Beside(Site):
    """A site whose telephones and trunk somebody else has defined."""

    __slots__ = ()

    def toml(self, place: Place, home: Path) -> str:
        """Return the configuration: operators at FreePBX's extensions, calls over FreePBX's trunk."""
        text = Site.toml(self, place, home)
        ours = text[text.index("[[operators_range]]") :]
        theirs = "".join(
            f"""
[[operator]]
number = "{number}"
telephone = "{number}"
lines = ["{LINE}"]
pin = "{PIN}"
auto_login = true

[[telephone]]
name = "{number}"
external = true
"""
            for number in EXTENSIONS
        )
        return (
            text.replace(ours, theirs)
            + """
[[trunk]]
name = "city"
external = true
endpoint_name = "provider"
"""
        )


def freepbx(place: Slice) -> Mapping[str, str]:
    """Return the main files as FreePBX has them, with our line in each `_custom` file."""
    endpoint = """
[{0}]
type = endpoint
context = from-internal
disallow = all
allow = alaw,ulaw
direct_media = no
aors = {0}

[{0}]
type = aor
contact = sip:op{0}@{1}
"""
    return {
        "modules.conf": "[modules]\nautoload = yes\nnoload = chan_sip.so\nnoload = res_pjsip_config_wizard.so\n",
        "stasis.conf": "",
        "extensions.conf": "#include extensions_additional.conf\n#include extensions_custom.conf\n",
        "extensions_additional.conf": f"""
[from-pstn]
exten => {NUMBER},1,Set(__FROM_DID=${{EXTEN}})
 same => n,Set(CDR(did)=${{FROM_DID}})
 same => n,Goto(customdests,dest-1,1)

[customdests]
exten => dest-1,1,NoOp(Entering Custom Destination)
 same => n,Goto(acd-incoming,{NUMBER},1)

[from-internal]
include => from-internal-custom
include => from-internal-additional

[from-internal-additional]
exten => _XXX,1,Dial(PJSIP/${{EXTEN}},15)
""",
        "extensions_custom.conf": "#include acd-extensions.conf\n[from-internal-custom]\ninclude => acd-operators\n",
        "pjsip.conf": "#include pjsip.transports.conf\n#include pjsip.endpoint.conf\n#include pjsip_custom_post.conf\n",
        "pjsip.transports.conf": f"[udp]\ntype = transport\nprotocol = udp\nbind = {place.asterisk}\n",
        "pjsip.endpoint.conf": "".join(endpoint.format(number, place.telephones) for number in EXTENSIONS)
        + f"""
[provider]
type = endpoint
context = from-pstn
disallow = all
allow = alaw,ulaw
direct_media = no

[provider]
type = identify
endpoint = provider
match = {place.trunk.address}
""",
        "pjsip_custom_post.conf": "#include acd-pjsip.conf\n",
        "manager.conf": f"[general]\nenabled = yes\nport = 5038\nbindaddr = {place.asterisk.address}\n"
        "displayconnects = no\n#include manager_custom.conf\n",
        "manager_custom.conf": "#include acd-manager.conf\n",
        "queues.conf": "[general]\npersistentmembers = yes\n#include queues_custom.conf\n",
        "queues_custom.conf": "#include acd-queues.conf\n",
        "musiconhold.conf": "#include musiconhold_additional.conf\n#include musiconhold_custom.conf\n",
        "musiconhold_additional.conf": "[default]\nmode = files\ndirectory = /usr/share/asterisk/moh\n",
        "musiconhold_custom.conf": "#include acd-musiconhold.conf\n",
        "features.conf": "[general]\n#include features_general_custom.conf\n[featuremap]\n[applicationmap]\n"
        "#include features_applicationmap_custom.conf\n",
        "features_general_custom.conf": "",
        "features_applicationmap_custom.conf": "#include acd-features.conf\n",
    }


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(program, tmp_path_factory) -> AsyncIterator[LabCentre]:
    """Return the centre beside FreePBX; one for all tests here."""
    site = Beside(operators=2)
    async with LabCentre(site, program=program, home=tmp_path_factory.mktemp("freepbx"), other_conf=freepbx) as centre:
        yield centre


@pytest_asyncio.fixture(loop_scope="module")
async def centre(running) -> AsyncIterator[LabCentre]:
    """Return the centre with both operators ready."""
    for number in EXTENSIONS:
        if (await operators(running))[number]["state"] == "logged_out":
            await running.tell(f"/v1/agents/{number}/login", {})
        await until_operator(running, number, state="ready")
    yield running


async def test_doctor_finds_nothing_wrong(centre):
    """What a whole directory of ours has, an included one has too: rights, hook, endpoints, fallback, modules."""
    found = [each async for each in check_installation(centre.config_path, "")]
    assert [each for each in found if each.severity is Severity.ERROR] == []


async def test_calls_of_its_trunk_reach_its_telephones(centre):
    """By the Custom Destination, with the caller's number, in the records like any other."""
    talks = [Answering(ring_ms=50, talk_ms=1500)]
    callers = [Caller("79274440001"), Caller("79274440002"), Caller("79274440003")]
    async with centre.telephones(talks), centre.callers(callers) as calling:
        assert (await calling.finish(30)).served == 3
    rows = await centre.settled(3)
    assert {row["caller"] for row in rows} == {caller.number for caller in callers}
    assert {(row["outcome"], row["queue"]) for row in rows} == {("answered", LINE)}
    assert {row["agent"] for row in rows} == set(EXTENSIONS)


async def test_operators_dial_our_codes_from_its_context(centre):
    """`*11` from FreePBX's own context logs the operator out, `*10` in."""
    await dial(centre, "101", "*11")
    await until_operator(centre, "101", state="logged_out")
    await dial(centre, "101", "*10")
    await until_operator(centre, "101", state="ready")


async def test_caller_whom_a_softphone_transfers_stays_in_the_books(centre):
    """A blind transfer to a colleague goes our way, not past the books through FreePBX's own extensions."""
    before = len(await centre.rows(calls))
    await all_out(centre)
    await centre.tell("/v1/agents/101/login", {})
    await until_operator(centre, "101", state="ready")
    transfer = Answering(Kind.TRANSFER, ring_ms=50, talk_ms=1500, transfer_to="102")
    async with centre.telephones([transfer, Answering(ring_ms=50, talk_ms=1500)]) as telephones:
        async with centre.callers([Caller("79274440004")]) as calling:
            await centre.until(lambda status: status.talking == 1)
            await centre.tell("/v1/agents/102/login", {})
            assert (await calling.finish(30)).served == 1
    assert [step.event for step in telephones.steps()].count("answered") == 2
    rows = (await centre.settled(before + 2))[-2:]
    assert [(row["agent"], row["outcome"]) for row in rows] == [("101", "answered"), ("102", "answered")]


async def test_without_the_daemon_calls_reach_its_telephones(centre):
    """Asterisk's own queue has FreePBX's extensions as its members."""
    await centre.kill_daemon()
    async with (
        centre.telephones([Answering(ring_ms=50, talk_ms=1500)]),
        centre.callers([Caller("79274440005")]) as calling,
    ):
        assert (await calling.finish(60)).served == 1
    await centre.start_daemon()
    rows = await centre.recorded(lambda rows: any(row["caller"] == "79274440005" and row["ended_at"] for row in rows))
    assert [row["outcome"] for row in rows if row["caller"] == "79274440005"] == ["answered"]
