"""What a caller hears while he waits, while telephones ring and between offers: music, without a hole in it."""

import pytest

from acd.lab.capture import Capture
from acd.lab.media import between, longest_gap_s, longest_silence_s, read_speech
from acd.lab.plans import Answering, Caller, Kind
from acd.lab.site import Site
from metrics.records.tables import offers

pytestmark = pytest.mark.asterisk

LONGEST_GAP_S = 0.2
LONGEST_SILENCE_S = 2.0
"""A piece of music may have a rest; ringing tone is 4 s of silence after each second."""


@pytest.fixture
def site() -> Site:
    """One operator whose telephone rings for two seconds; he is left in peace for one after a miss."""
    return Site(operators=1, ring_s=2, pause_after_misses=0, back_off_no_answer_s=1, back_off_refused_s=1)


async def test_music_goes_on_while_waiting_ringing_and_between_offers(centre):
    """From the first note to the talk packets come without a gap, and they are music and no ringing tone."""
    plan = [Answering(Kind.SILENT), Answering(Kind.REFUSE, ring_ms=1500), Answering(ring_ms=1800, talk_ms=1500)]
    path = centre.home / "music.pcap"
    await centre.tell("/v1/agents/101/pause", {"reason": "break"})
    async with Capture(path, centre.slice.net, media=True) as capture, centre.telephones(plan):
        async with centre.callers([Caller("79276660001")]) as calling:
            await centre.until(lambda status: status.waiting == 1)
            await centre.tell("/v1/agents/101/resume", {})
            assert (await calling.finish(40)).served == 1
    capture.check_complete()
    (row,) = await centre.settled(1)
    rings = sorted(await centre.rows(offers), key=lambda offer: offer["offer"])
    assert [ring["result"] for ring in rings] == ["missed", "missed", "answered"]
    heard = [p for p in read_speech(path, centre.slice.asterisk.address) if p.target == centre.slice.trunk.address]
    waiting = between(heard, row["entered_at"], row["answered_at"] - 0.05)
    assert waiting[0].at - row["entered_at"] < 1.0  # Answer() waits half a second for a caller's first speech
    assert waiting[-1].at > row["answered_at"] - 0.3
    assert longest_gap_s(waiting) < LONGEST_GAP_S
    assert longest_silence_s(waiting) < LONGEST_SILENCE_S
    for ring in rings:
        ringing = between(heard, ring["offered_at"] + 0.1, ring["ended_at"] - 0.1)
        assert len({packet.payload for packet in ringing}) > len(ringing) / 2  # a tone repeats itself, music does not
