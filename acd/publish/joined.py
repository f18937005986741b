"""The publisher joined to a running centre: what it tells, what it is asked, from where it goes on after a restart."""

from acd.callbacks.joined import CallingBack
from acd.control.centre import Centre
from acd.control.history import RecordedHistory
from acd.control.store.trail import Trail
from acd.publish.commands import Commands
from acd.publish.missed import Missed, ToldFile
from acd.publish.publisher import Publisher
from config.model import Config
from metrics.records.recorder import Recorder


def publisher_of(
    config: Config, centre: Centre, recorder: Recorder, calling_back: CallingBack, trail: Trail
) -> Publisher | None:
    """Return the publisher of a site; None where no broker is configured."""
    if config.mqtt is None:
        return None
    return Publisher(
        config.mqtt,
        centre,
        lambda: f"{recorder.run}/{recorder.recorded}",
        Commands(centre, calling_back.add, trail),
        ToldFile(config.database.spool.with_suffix(".mqtt")),
        Missed(recorder.run, recorder.settled, RecordedHistory(config.database.url).after),
    )
