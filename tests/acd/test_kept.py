"""A small list on the disk: there at once for whoever comes after us, and nobody waits for the disk itself."""

import os
import threading
from pathlib import Path

from acd.seats import Seat, SeatFile

ANNA, BORIS = Seat("101", "main", "op101"), Seat("102", "main", "op102", "lunch")


def test_what_was_written_is_read_by_the_next_run(tmp_path):
    """Also what stands in it only because of the last change."""
    file = SeatFile(tmp_path / "acd.seats.json")
    assert file.read() == ()
    file.write((ANNA,))
    file.write((ANNA, BORIS))
    assert SeatFile(tmp_path / "acd.seats.json").read() == (ANNA, BORIS)


def test_disk_that_hangs_holds_nobody_up(tmp_path, monkeypatch):
    """Writing goes on while the disk is asked; what was written meanwhile is asked for once more and once only."""
    asked, may_answer, answered = threading.Event(), threading.Event(), threading.Semaphore(0)
    done = []

    def slow(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        if path.is_relative_to(tmp_path):  # a thread of another file's may be at it still
            asked.set()
            may_answer.wait()
            done.append(path)
            answered.release()

    monkeypatch.setattr(os, "fsync", slow)
    file = SeatFile(tmp_path / "acd.seats.json")
    file.write((ANNA,))
    assert asked.wait(60)
    file.write((ANNA, BORIS))
    file.write((BORIS,))
    file.write((ANNA,))
    assert SeatFile(tmp_path / "acd.seats.json").read() == (ANNA,)
    may_answer.set()
    for _ in range(4):
        assert answered.acquire(timeout=60)
    assert done == [tmp_path / "acd.seats.json", tmp_path] * 2


def test_file_that_is_damaged_or_cannot_be_written_counts_as_none(tmp_path):
    """Operators log in again; calls go on."""
    path = tmp_path / "acd.seats.json"
    path.write_text("[{", encoding="utf-8")
    assert SeatFile(path).read() == ()
    SeatFile(tmp_path / "nowhere" / "acd.seats.json").write((ANNA,))
    assert not (tmp_path / "nowhere").exists()
