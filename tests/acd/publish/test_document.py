"""What integrators read is what is sent."""

from pathlib import Path

from acd.publish.document import document


def test_document_is_that_of_the_models():
    """docs/mqtt.md is made anew whenever a payload changes: `python -m acd.publish.document > docs/mqtt.md`."""
    path = Path(__file__).parents[3] / "docs" / "mqtt.md"
    assert path.read_text(encoding="utf-8") == document()
