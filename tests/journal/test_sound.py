"""What a card has to be heard: recorded talks, by those who assess operators' work; voice messages, by operators."""

import hashlib

import pytest

from acd.control.recordings import RecordingDesk
from acd.journal.cards import Channel, open_card
from acd.journal.roles import Role
from acd.journal.store.cards import Entry
from acd.journal.store.talks import Talk
from metrics.facts import RecordingDestroyed, RecordingKept
from metrics.service_facts import VoiceMessageDone, VoiceMessageHeard
from queue_engine.facts import CallAccepted, CallAnswered
from tests.journal.recorded import records_in
from tests.journal.test_cards import MONDAY
from tests.journal.website import BASE, leave_message, post, site_on

CALL, OTHER = "lab-1794798000.7", "lab-1794798001.9"
SOUND = bytes(range(256)) * 8


def kept(call):
    """Return the fact of a kept recording and its id."""
    name = f"{int(MONDAY * 1000)}_{call}_op101"
    digest = hashlib.sha256(SOUND).hexdigest()
    fact = RecordingKept(
        MONDAY + 70, name, call, "op101", MONDAY + 5, 61.0, f"{name}.wav", len(SOUND), digest, 1, "", MONDAY + 1e6
    )
    return fact, name


class Desk(RecordingDesk):
    """Recordings in a database, their sounds in memory."""

    def __init__(self, engine):
        self._engine = engine

    @property
    def records(self):
        """The database."""
        return self._engine

    def read(self, path, start, length):
        """Yield a part of the sound."""
        yield SOUND[start : start + length]


@pytest.fixture
async def site(sqlite, tmp_path):
    """A desk with a card of one recorded talk; another talk is nobody's card."""
    made = await site_on(sqlite)
    line = made.desk.journal.service
    async with records_in(tmp_path) as records:
        for call in (CALL, OTHER):
            await records.put(
                CallAccepted(MONDAY, call, line, "+79161234567", MONDAY, 0),
                CallAnswered(MONDAY + 5, call, line, 1, "101", 5.0),
                kept(call)[0],
            )
        made.records = records
        made.floor.recording_desk = Desk(records.engine)
        card = open_card(made.desk.journal.rules, MONDAY, Channel.TELEPHONE, line=line)
        talk = Talk(CALL, "101", MONDAY + 5, 61.0)
        made.card = (await made.desk.journal.cards.add(card, Entry(MONDAY, "system"), talk=talk)).id
        yield made


async def test_the_recording_of_a_cards_talk_is_heard_there(site):
    """The card has a player; the sound comes whole or in ranges, and who listened is in the trail."""
    client = await site.client(Role.ADMINISTRATOR)
    address = f"{BASE}/cards/{site.card}/sound/{kept(CALL)[1]}"
    page = await client.get(f"{BASE}/cards/{site.card}")
    assert f'src="{address}"' in page.text
    assert "media-src 'self'" in page.headers["content-security-policy"]
    whole = await client.get(address)
    assert (whole.status_code, whole.headers["content-type"], whole.content) == (200, "audio/wav", SOUND)
    part = await client.get(address, headers={"range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, SOUND[100:200])
    entries = [(one.actor, one.action, one.card, one.detail) for one in await site.desk.journal.trail.read()]
    assert ("administrator", "listen", site.card, kept(CALL)[1]) in entries


async def test_operators_hear_nothing_and_nobody_hears_another_cards_talk(site):
    """S2: the right, the card and the talk have to fit."""
    operator, admin = await site.client(Role.OPERATOR_1), await site.client(Role.ADMINISTRATOR)
    own, other = kept(CALL)[1], kept(OTHER)[1]
    assert "<audio" not in (await operator.get(f"{BASE}/cards/{site.card}")).text
    assert (await operator.get(f"{BASE}/cards/{site.card}/sound/{own}")).status_code == 403
    assert (await admin.get(f"{BASE}/cards/{site.card}/sound/{other}")).status_code == 404
    assert (await admin.get(f"{BASE}/cards/{site.card}/sound/nothing")).status_code == 404


async def test_a_destroyed_recording_is_gone(site):
    """S1: after its time there is nothing to hear, and the card still opens."""
    name = kept(CALL)[1]
    await site.records.put(RecordingDestroyed(MONDAY + 1e6, name, "kept_long_enough", "system"))
    client = await site.client(Role.ADMINISTRATOR)
    assert "<audio" not in (await client.get(f"{BASE}/cards/{site.card}")).text
    assert (await client.get(f"{BASE}/cards/{site.card}/sound/{name}")).status_code == 410


async def test_a_site_that_records_nothing_has_no_players(site):
    """The card opens all the same."""
    site.floor.recording_desk = None
    client = await site.client(Role.ADMINISTRATOR)
    assert "<audio" not in (await client.get(f"{BASE}/cards/{site.card}")).text
    assert (await client.get(f"{BASE}/cards/{site.card}/sound/{kept(CALL)[1]}")).status_code == 404


MESSAGE = "lab-1794798100.3"
SPOKEN = b"RIFF" + bytes(range(256)) * 4


@pytest.fixture
async def spoken(sqlite):
    """A desk with the card of a voice message, its sound on the disk."""
    made = await site_on(sqlite)
    made.sound = await leave_message(made, MESSAGE)
    made.sound.write_bytes(SPOKEN)
    made.address = f"{BASE}/cards/1/message/{MESSAGE}"
    return made


async def test_a_voice_message_is_heard_on_its_card(spoken):
    """UDM 5.3: an operator plays it, whole or a part; it was heard once, and who listened is in the trail."""
    client = await spoken.client(Role.OPERATOR_1)
    page = await client.get(f"{BASE}/cards/1")
    assert f'src="{spoken.address}"' in page.text
    assert "ещё не прослушано" in page.text
    assert "ждут обработки: <strong>1</strong>" in (await client.get(f"{BASE}/")).text
    whole = await client.get(spoken.address)
    assert (whole.status_code, whole.headers["content-type"], whole.content) == (200, "audio/wav", SPOKEN)
    part = await client.get(spoken.address, headers={"range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, SPOKEN[100:200])
    assert [(type(fact), fact.by) for fact in spoken.floor.told[1:]] == [(VoiceMessageHeard, "operator_1")]
    entries = [(one.actor, one.action, one.card, one.detail) for one in await spoken.desk.journal.trail.read()]
    assert entries.count(("operator_1", "listen", 1, f"message {MESSAGE}")) == 2
    assert "прослушано (Сотрудник (operator_1))" in (await client.get(f"{BASE}/cards/1")).text


@pytest.mark.parametrize("role", [Role.INSURER, None])
async def test_who_has_no_business_with_messages_hears_none(spoken, role):
    """S2: neither an insurer's representative nor somebody who is not logged in."""
    client = await spoken.client(role)
    assert (await client.get(spoken.address)).status_code == (303 if role is None else 403)
    assert spoken.floor.told[1:] == []


async def test_a_message_is_heard_on_its_own_card_only(spoken):
    """S2: whose card it is not, to him it does not exist."""
    other = open_card(spoken.desk.journal.rules, MONDAY, Channel.PAPER)
    card = await spoken.desk.journal.cards.add(other, Entry(MONDAY, "system"))
    client = await spoken.client(Role.ADMINISTRATOR)
    assert "<audio" not in (await client.get(f"{BASE}/cards/{card.id}")).text
    assert (await client.get(f"{BASE}/cards/{card.id}/message/{MESSAGE}")).status_code == 404
    assert (await client.get(f"{BASE}/cards/1/message/nothing")).status_code == 404


async def test_registering_the_appeal_deals_with_its_message(spoken):
    """Nobody has to listen to it any more, and its time until it is destroyed begins."""
    assert [row.call for row in spoken.floor.messages.open()] == [MESSAGE]
    client = await spoken.client(Role.OPERATOR_1)
    fields = {"version": "1", "description": "Просит перезвонить", "contact_name": "Петров", "reason_id": spoken.reason}
    answer = await post(client, "/cards/1", do="register", **fields)
    assert answer.status_code == 303, answer.text
    assert spoken.floor.messages.open() == []
    done = spoken.floor.told[-1]
    assert (type(done), done.by, done.note) == (VoiceMessageDone, "operator_1", "1300-2026-000001")


async def test_a_message_whose_sound_is_gone_says_so(spoken):
    """Its file was removed: a page with the reason, in place of a player that stays silent."""
    spoken.sound.unlink()
    client = await spoken.client(Role.OPERATOR_1)
    assert (await client.get(spoken.address)).status_code == 410
