import shutil
from pathlib import Path

import numpy as np
import pytest

from explorer.core.errors import KnownError
from explorer.models.library import Library, shipped_folder, user_folder


@pytest.fixture
def shipped(golden: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "shipped"
    for name in ("dcgan-bundle", "stylegan2-bundle"):
        shutil.copytree(golden / name, folder / name)
    return folder


def test_every_bundle_is_listed_with_its_card(shipped: Path) -> None:
    entries = Library([shipped]).entries()
    assert [entry.card.id for entry in entries if entry.card] == [
        "golden-dcgan",
        "golden-stylegan2",
    ]
    assert all(entry.problem is None for entry in entries)


def test_a_zip_is_listed_like_a_folder(golden: Path, tmp_path: Path) -> None:
    shutil.make_archive(str(tmp_path / "models" / "tiny"), "zip", golden / "dcgan-bundle")
    library = Library([tmp_path / "models"])
    (entry,) = library.entries()
    assert entry.card is not None
    assert library.open("golden-dcgan").card == entry.card


def test_broken_bundles_are_listed_and_the_others_open(shipped: Path) -> None:
    (shipped / "a-broken").mkdir()
    (shipped / "a-broken" / "card.json").write_text("{")
    (shipped / "b-headless").mkdir()
    (shipped / "b-headless" / "synthesis.onnx").write_bytes(b"")
    (shipped / "c.zip").write_bytes(b"no zip")
    (shipped / "upscalers").mkdir()
    (shipped / "upscalers" / "some.onnx").write_bytes(b"")
    (shipped / ".beside-0123").mkdir()
    (shipped / ".beside-0123" / "card.json").write_text("{")
    (shipped / "__init__.py").write_text("")
    library = Library([shipped])

    problems = {entry.path.name: entry.problem for entry in library.entries()}

    assert set(problems) == {"a-broken", "b-headless", "c.zip", "dcgan-bundle", "stylegan2-bundle"}
    assert "card.json can't be used" in (problems["a-broken"] or "")
    assert "has no card.json" in (problems["b-headless"] or "")
    assert "no zip file" in (problems["c.zip"] or "")
    assert library.default_id() == "golden-dcgan"
    assert library.open("golden-dcgan").card.height == 8


def test_what_ships_wins_over_what_was_added(shipped: Path, tmp_path: Path) -> None:
    shutil.copytree(shipped / "dcgan-bundle", tmp_path / "added" / "copy")
    library = Library([shipped, tmp_path / "added"])

    *_, copy = library.entries()

    assert copy.path == tmp_path / "added" / "copy"
    assert copy.card is not None
    assert copy.problem is not None
    assert "golden-dcgan" in copy.problem
    assert library.open("golden-dcgan") is library.open(shipped / "dcgan-bundle")


def test_a_bundle_may_stand_among_the_folders_and_is_listed_once(shipped: Path) -> None:
    bundle = shipped / "dcgan-bundle"

    found = Library([bundle, shipped]).entries()

    assert found[0].path == bundle
    assert len(found) == len(Library([shipped]).entries())
    assert not found[0].problem


def test_a_zip_that_is_a_link_to_itself_is_listed_as_broken(tmp_path: Path) -> None:
    (tmp_path / "round.zip").symlink_to(tmp_path / "round.zip")

    (entry,) = Library([tmp_path]).entries()

    assert entry.problem


def test_a_generator_is_opened_once(shipped: Path) -> None:
    library = Library([shipped])
    by_id = library.open("golden-stylegan2")
    assert library.open(str(shipped / "stylegan2-bundle")) is by_id
    assert by_id.paint(np.zeros((1, 8), np.float32)).shape == (1, 64, 64, 3)


def test_an_unknown_model_is_answered_with_what_is_there(shipped: Path) -> None:
    with pytest.raises(KnownError, match="no model 'moon'; installed: golden-dcgan, golden-st"):
        Library([shipped]).open("moon")


def test_a_path_to_nothing_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(KnownError, match="does not exist"):
        Library([]).open(tmp_path / "nothing")


def test_a_name_too_long_for_a_file_is_no_model() -> None:
    with pytest.raises(KnownError, match="There is no model 'aaa"):
        Library([]).open("a" * 5000)


def test_a_path_that_leads_in_a_circle_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "circle").symlink_to("circle")
    with pytest.raises(KnownError, match="is no folder and no file"):
        Library([]).open(tmp_path / "circle")


def test_without_models_the_way_out_is_named(tmp_path: Path) -> None:
    for folders in ([tmp_path / "none"], []):
        with pytest.raises(KnownError, match="No model is installed; put one into"):
            Library(folders).default_id()


def test_the_first_model_is_the_masks_where_they_are(shipped: Path) -> None:
    card = (shipped / "stylegan2-bundle" / "card.json").read_text()
    renamed = card.replace('"golden-stylegan2"', '"masks-64-r2"')
    (shipped / "stylegan2-bundle" / "card.json").write_text(renamed)
    assert Library([shipped]).default_id() == "masks-64-r2"


def test_listing_reads_only_cards(shipped: Path) -> None:
    for file in shipped.rglob("*.onnx"):
        file.write_bytes(b"spoiled")
    library = Library([shipped])
    assert all(entry.problem is None for entry in library.entries())
    with pytest.raises(KnownError, match="not the file its card lists"):
        library.open("golden-dcgan")


def test_models_are_looked_for_where_they_ship_and_where_a_person_keeps_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASQUERADE_HOME", str(tmp_path))
    assert user_folder() == tmp_path / "models"
    assert (shipped_folder() / "__init__.py").exists()
