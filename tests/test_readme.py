"""What the README tells a newcomer to write is a configuration that loads and renders."""

import re
from pathlib import Path

import pytest

from acd.asterisk_conf.render import render
from acd.standard import standard_of
from config.load import load_config

PROJECT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", ["README.md", "README.ru.md"])
def test_configuration_of_the_readme_is_sound(tmp_path, name):
    """Every key in it exists, every name agrees, and Asterisk's files come out of it."""
    text = (PROJECT / name).read_text(encoding="utf-8")
    blocks = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 1
    configuration = blocks[0].replace("/etc/acd/", f"{tmp_path}/").replace("/var/lib/acd/", f"{tmp_path}/")
    for secret in re.findall(r'\bfile = "([^"]+)"', configuration):
        Path(secret).write_text("some-secret-that-is-long", encoding="utf-8")
    path = tmp_path / "acd.toml"
    path.write_text(configuration, encoding="utf-8")
    config = load_config(path)
    assert standard_of(config).of("line-122").target_wait_s == 60
    assert "exten => 122" in render(config, config.servers[0])["acd-extensions.conf"]


@pytest.mark.parametrize("name", ["README.md", "README.ru.md"])
def test_targets_and_links_of_the_readme_exist(name):
    """Every `make` target that is named is in the Makefile, every link leads to a file."""
    text = (PROJECT / name).read_text(encoding="utf-8")
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"make ([a-z][a-z-]+)", text))
    assert targets
    assert [target for target in targets if not re.search(rf"^{target}:", makefile, re.MULTILINE)] == []
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    assert [link for link in links if not (PROJECT / link).exists()] == []
