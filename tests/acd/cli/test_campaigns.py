"""`acd campaigns`, `acd dnc` and `acd callbacks import` as a supervisor uses them."""

import asyncio
import json

import pytest

from acd.campaigns.model import Settings
from metrics.records.database import upgrade
from queue_engine.ids import AgentId
from queue_engine.inputs import AgentLoggedIn
from tests.acd.stage import LINE

HOURS = ("--hours", "mon-sun 00:00-24:00")


@pytest.fixture
async def site(centre):
    """Return a stage that answers and has its records."""
    await asyncio.to_thread(upgrade, centre.config.database.url)
    return centre


async def test_a_list_from_its_file_to_its_results(site, acd, tmp_path):
    """Made, filled, let run, looked at, exported, ended."""
    file, script, out = tmp_path / "list.csv", tmp_path / "script.txt", tmp_path / "results.csv"
    file.write_text(
        "ФИО;Телефон;Клиника\nАнна;8 927 123-00-01;№ 3\n=cmd();12;\nАнна;+79271230001;\n", encoding="cp1251"
    )
    script.write_text("Здравствуйте!", encoding="utf-8")
    added = ("campaigns", "add", "remind", "--line", LINE, "--title", "Напоминания", "--script", str(script), *HOURS)
    code, told, _ = await acd(site, *added, "--outcome", "came=Придёт", "--outcome", "later=Позже=again")
    assert code == 0
    assert "remind\tНапоминания\tsaratov-122\tpaused\toperators\t0" in told
    code, told, _ = await acd(site, "--lang", "en", "campaigns", "import", "remind", str(file))
    assert (code, told) == (0, "Added 1; in the list already 1; cannot be called 1\n")
    site.post(AgentLoggedIn(AgentId("101"), "test"))
    code, told, _ = await acd(site, "--lang", "ru", "campaigns", "resume", "remind")
    assert "идёт" in told
    await site.campaigning.desk.look_through()
    told = json.loads((await acd(site, "campaigns", "show", "remind", "--json"))[1])[0]
    assert (told["calling"], told["closed"], told["results"]) == (1, 1, {"impossible": 1})
    assert [code["code"] for code in told["settings"]["outcomes"]] == ["came", "later"]
    code, _, _ = await acd(site, "--lang", "en", "campaigns", "export", "remind", "-o", str(out))
    rows = out.read_text(encoding="utf-8-sig").splitlines()
    assert rows[0].startswith("No.;Number;Name;State")
    assert rows[1].split(";")[1:5] == ["+79271230001", "Анна", "calling", "0"]
    assert rows[1].endswith("Клиника: № 3")
    assert rows[2].split(";")[1:4] == ["12", "'=cmd()", "closed"]
    assert (await acd(site, "campaigns", "outcomes", "remind"))[0] == 0
    assert "paused" in (await acd(site, "--lang", "en", "campaigns", "pause", "remind"))[1]
    assert "stopped" in (await acd(site, "--lang", "en", "campaigns", "stop", "remind"))[1]
    code, _, complaint = await acd(site, "--lang", "en", "campaigns", "resume", "remind")
    assert (code, complaint.splitlines()[0]) == (4, "Error: This call list was ended for good")


async def test_what_is_wrong_is_told_in_words(site, acd, tmp_path):
    """A line that calls nobody, a list that is not, a file without numbers."""
    (tmp_path / "names.csv").write_text("ФИО\nАнна\n", encoding="utf-8")
    for arguments, expected in (
        (("campaigns", "add", "remind", "--line", "none"), "The line has no table [line.callback], so it calls nobody"),
        (("campaigns", "add", "remind", "--line", LINE, "--hours", "fri-mon 8-20"), "must be days and hours: mon-fri"),
        (("campaigns", "show", "none"), "There is no such call list"),
        (("campaigns", "import", "x", str(tmp_path / "names.csv")), "has no column of numbers"),
        (("dnc", "add", "x"), "That is no telephone number"),
        (("dnc", "remove", "+79271230001"), "The number is not on the list"),
    ):
        code, _, complaint = await acd(site, "--lang", "en", *arguments)
        assert code in {2, 4}
        assert expected in complaint


async def test_numbers_that_must_not_be_called(site, acd):
    """Added with their reason, listed, taken off."""
    code, told, _ = await acd(site, "--lang", "en", "dnc", "add", "89271230001", "--reason", "asked", "--lists")
    assert (code, told) == (0, "+79271230001 is not called any more.\n")
    code, told, _ = await acd(site, "--lang", "en", "dnc")
    assert told.splitlines()[1].split("\t")[:3] == ["+79271230001", "none of call lists", "asked"]
    code, told, _ = await acd(site, "--lang", "en", "dnc", "remove", "+79271230001")
    assert (code, told) == (0, "+79271230001 may be called again.\n")
    assert json.loads((await acd(site, "dnc", "list", "--json"))[1]) == []


async def test_wishes_of_the_web_site_are_booked_from_a_file(site, acd, tmp_path):
    """VLA 3.5: each by the rules of the call-backs; what cannot be called is told with its reason."""
    file = tmp_path / "wishes.csv"
    file.write_text("phone\n+79271230001\n12\n", encoding="utf-8")
    code, told, _ = await acd(site, "--lang", "en", "callbacks", "import", LINE, str(file))
    assert (code, told.splitlines()) == (0, ["Booked 1, refused 1", "12: no telephone number"])
    [row] = [row for row in site.callbacks.snapshot().rows if row.is_open]
    assert (row.number, row.origin) == ("+79271230001", "web")


def test_hours_of_a_list_are_checked():
    """A mistake in them is told when the list is made."""
    with pytest.raises(ValueError, match="acd_hours"):
        Settings(hours=("whenever",))
