"""The configuration that the lab writes is one that the product reads."""

import itertools

import pytest

from acd.lab.addresses import HeldSlice, Slice
from acd.lab.errors import NoFreeSlice
from acd.lab.site import LINE, NUMBER, Place, Site
from config.load import load_config
from config.to_policy import to_policy

HERE = Slice("127.64.9")


@pytest.mark.parametrize(
    ("registering", "greeting", "qualify_s"), [*itertools.product([False, True], [None, "hello-world"], [None, 0, 5])]
)
def test_every_variant_loads(tmp_path, registering, greeting, qualify_s):
    """Static or registering telephones, with greeting or without: the loader finds no mistake."""
    site = Site(operators=3, registering=registering, greeting=greeting, qualify_s=qualify_s, wrap_up_s=1.5)
    path = tmp_path / "acd.toml"
    path.write_text(site.toml(Place.on(HERE, registering=registering), tmp_path), encoding="utf-8")
    config = load_config(path)
    assert [operator.number for operator in config.operators] == site.numbers() == ["101", "102", "103"]
    assert [telephone.name for telephone in config.telephones] == site.telephones()
    assert all((telephone.contact is None) == registering for telephone in config.telephones)
    assert (config.lines[0].name, config.lines[0].numbers) == (LINE, (NUMBER,))
    queues, agents = to_policy(config)
    assert queues[0].wrap_up_s == 1.5
    assert len(agents) == 3


def test_slices_do_not_overlap():
    """Two labs at a time get different addresses, and one that has ended gives its own back."""
    with HeldSlice.take() as one, HeldSlice.take() as other:
        assert one.slice != other.slice
        held = one.slice
    with HeldSlice.take() as again:
        assert again.slice == held


def test_named_slice_is_taken_once(monkeypatch):
    """ACD_LAB_NET chooses the slice; while it is held nobody else gets it."""
    monkeypatch.setenv("ACD_LAB_NET", "127.63.77")
    with HeldSlice.take() as held:
        assert held.slice.asterisk.address == "127.63.77.1"
        with pytest.raises(NoFreeSlice):
            HeldSlice.take()
