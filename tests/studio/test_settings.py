"""Settings are kept, and a broken file costs a morning's arrangement, never a start."""

from pathlib import Path

import pytest

from explorer.core.errors import KnownError
from explorer.latent.expression import Seed
from explorer.studio.session import SessionState
from explorer.studio.settings import Settings, read_settings, write_settings


def test_settings_come_back_as_they_were_written(tmp_path: Path) -> None:
    file = tmp_path / "not yet there" / "settings.json"
    settings = Settings(
        theme="dark", wall="black", session=SessionState(model="m", shown=Seed(seed=4))
    )

    write_settings(file, settings)

    assert read_settings(file) == (settings, None)


def test_the_first_day_has_settings_and_nothing_to_say(tmp_path: Path) -> None:
    assert read_settings(tmp_path / "settings.json") == (Settings(), None)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe", b'{"format": 2}', b'{"theme": "pink"}', b'{"surprise": 1}', b"[]"],
)
def test_a_broken_file_is_set_aside_whole(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "settings.json"
    file.write_bytes(content)

    settings, sentence = read_settings(file)

    assert settings == Settings()
    assert sentence is not None
    assert "set aside" in sentence
    (aside,) = tmp_path.iterdir()
    assert aside.read_bytes() == content


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(KnownError, match="file"):
        write_settings(tmp_path / "file" / "settings.json", Settings())
