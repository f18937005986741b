"""The sounds of a site's language are found under whatever name they are installed."""

import pytest

from acd.asterisk_conf.language import installed_language


@pytest.mark.parametrize(
    ("installed", "found"),
    [
        (["en", "ru"], "ru"),
        (["en", "ru", "ru_RU_f_IvrvoiceRU"], "ru"),
        (["en_US_f_Allison", "ru_RU_f_IvrvoiceRU"], "ru_RU_f_IvrvoiceRU"),
        (["en"], "ru"),
        ([], "ru"),
    ],
    ids=["asterisk", "both", "debian", "none", "no-sounds"],
)
def test_language_is_found_by_its_name_or_its_voice(tmp_path, installed, found):
    """The plain name first; without either the name as it is, for a machine where Asterisk is not."""
    for name in installed:
        (tmp_path / name).mkdir()
    assert installed_language(tmp_path, "ru") == found
