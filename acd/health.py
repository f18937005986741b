"""How the parts around the engine are doing, put together for whoever asks."""

import os

from acd.control.centre import Health
from acd.servers import Servers
from acd.sessions import Sessions
from acd.upgrade import Upgrading
from metrics.records.recorder import Recorder
from queue_engine.ids import Instant


def health_of(
    started_at: Instant,
    servers: Servers,
    sessions: Sessions,
    recorder: Recorder,
    upgrading: Upgrading,
    *,
    draining: bool,
) -> Health:
    """Return the health of this moment."""
    records = recorder.health()
    return Health(
        started_at=started_at,
        draining=draining,
        servers=servers.health(),
        agi_listening=sessions.listening and not draining,
        agi_sessions=sessions.count,
        database_up=records.database,
        spooled=records.spooled_bytes,
        held=records.held,
        lost=records.lost,
        set_aside=records.rejected,
        records_error=records.error,
        process=os.getpid(),
        stood_still_s=upgrading.stood_still_s,
    )
