"""The file of facts: read from the front in bites, over segments, and what stands at its end."""

from metrics.records import spool
from metrics.records.spool import SpoolReader, SpoolWriter, format_line


def line(seq: int) -> bytes:
    """Return a fact's line; all are of one length."""
    return format_line("run", seq, "CallLost", 1, b'{"at":1.0}')


def test_reader_says_when_it_has_read_all(tmp_path):
    """Not while it stops because it has enough, and not while another segment follows."""
    writer, reader = SpoolWriter(tmp_path), SpoolReader(tmp_path)
    writer.append(b"".join(line(seq) for seq in range(1, 5)))
    bite = 2 * len(line(1))
    taken = []
    for _ in range(3):
        seqs = [each.seq for each in reader.read(bite)]
        reader.commit()
        taken.append((seqs, reader.at_end))
    assert taken == [([1, 2], False), ([3, 4], False), ([], True)]
    writer.append(line(5))
    assert [each.seq for each in reader.read(bite)] == [5]
    assert reader.at_end
    writer.close()


def test_segment_that_is_through_is_not_the_end_while_another_follows(tmp_path, monkeypatch):
    """What is in the next one was written before the read, and nobody would wake the reader for it again."""
    monkeypatch.setattr(spool, "SEGMENT_BYTES", len(line(1)))
    writer, reader = SpoolWriter(tmp_path), SpoolReader(tmp_path)
    for seq in (1, 2):
        writer.append(line(seq))
    taken = []
    while not reader.at_end:
        taken += [each.seq for each in reader.read(10_000)]
        reader.commit()
    assert taken == [1, 2]
    writer.close()
