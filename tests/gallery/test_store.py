import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import text

from explorer.core.errors import KnownError
from explorer.core.lock import locked
from explorer.gallery import turns
from explorer.gallery.pictures import Caption, Pixels, read_picture
from explorer.gallery.recipe import Recipe
from explorer.gallery.schema import GalleryTooNew
from explorer.gallery.store import Gallery

GOLDEN = Path(__file__).parents[1] / "golden"
Paint = Callable[..., tuple[Pixels, Recipe]]


def titles(gallery: Gallery, text: str = "") -> list[str]:
    return [artwork.title for artwork in gallery.search(text)]


def test_the_golden_gallery_opens_with_all_it_holds(tmp_path: Path) -> None:
    shutil.copytree(GOLDEN / "gallery", tmp_path / "gallery")
    with Gallery.open(tmp_path / "gallery") as gallery:
        later, low = gallery.search()
        assert (later.title, low.title) == ("Named Later", "Low Sun <& “Half a Promise”>")
        assert (low.note, low.rating) == ("Two seeds,\nalmost halfway.", 4)
        assert low.recipe.to_json() == (GOLDEN / "recipe.json").read_text("utf-8").strip()
        pixels, _, _ = read_picture(gallery.picture_path(later))
        assert np.array_equal(pixels, read_picture(GOLDEN / "artwork.png")[0])
        (binned,) = (gallery.folder / "bin").iterdir()
        assert gallery.restore(binned.stem).title == "In the bin"


def test_what_is_saved_is_there_after_reopening(gallery: Gallery, paint: Paint) -> None:
    pixels, recipe = paint()
    kept = gallery.save(pixels, recipe, Caption("Low Sun", "A. N.", "note", ("amber",), "CC0", 5))
    gallery.close()

    with Gallery.open(gallery.folder) as again:
        assert again.search() == [kept]
        assert again.get(kept.uuid) == kept
        assert (kept.title, kept.note, kept.tags, kept.rating) == ("Low Sun", "note", ("amber",), 5)
        assert (kept.width, kept.height) == (16, 12)
        assert kept.recipe == recipe
        assert kept.model_id == recipe.model.id
        assert np.array_equal(read_picture(again.picture_path(kept))[0], pixels)


def test_a_new_name_reaches_the_file_and_the_search(gallery: Gallery, paint: Paint) -> None:
    kept = gallery.save(*paint(), Caption("Low Sun", "A. N.", tags=("amber",)))

    renamed = gallery.rename(kept.uuid, "High\nMoon")

    assert renamed.title == "High Moon"
    assert read_picture(gallery.picture_path(renamed))[2] == Caption(
        "High Moon", "A. N.", tags=("amber",)
    )
    assert titles(gallery, "moon") == ["High Moon"]
    assert titles(gallery, "low") == []
    assert gallery.named("hIgH mOoN") == renamed


def test_a_name_that_cannot_be_written_into_the_file_is_not_taken(
    gallery: Gallery, paint: Paint
) -> None:
    kept = gallery.save(*paint(), Caption("Low Sun"))
    gallery.picture_path(kept).unlink()
    with pytest.raises(KnownError, match=kept.uuid):
        gallery.rename(kept.uuid, "High Moon")
    assert titles(gallery) == ["Low Sun"]


def test_deleted_works_lie_in_the_bin_and_come_back(gallery: Gallery, paint: Paint) -> None:
    kept = gallery.save(*paint(), Caption("Low Sun"))

    gallery.delete(kept.uuid)

    assert (gallery.count(), gallery.search(), gallery.named("low sun")) == (0, [], None)
    assert titles(gallery, "low") == []
    assert not gallery.picture_path(kept).exists()
    assert (gallery.folder / "bin" / f"{kept.uuid}.png").exists()
    with pytest.raises(KnownError, match="bin"):
        gallery.get(kept.uuid)

    assert gallery.restore(kept.uuid) == kept
    assert gallery.search("low") == [kept]
    assert gallery.picture_path(kept).exists()
    with pytest.raises(KnownError, match="not in the bin"):
        gallery.restore(kept.uuid)


def test_a_work_whose_file_is_lost_can_still_be_deleted(gallery: Gallery, paint: Paint) -> None:
    kept = gallery.save(*paint())
    gallery.picture_path(kept).unlink()
    gallery.delete(kept.uuid)
    with pytest.raises(KnownError, match="gone"):
        gallery.restore(kept.uuid)


def test_words_are_found_by_their_beginnings_wherever_they_stand(
    gallery: Gallery, paint: Paint
) -> None:
    gallery.save(*paint(1), Caption("Low Sun", description="made on a Tuesday"))
    gallery.save(*paint(2), Caption("Émile's lantern", tags=("amber", "night")))
    gallery.save(*paint(3), Caption("🎭 mask"))
    assert titles(gallery, "lo su") == ["Low Sun"]
    assert titles(gallery, "TUES") == ["Low Sun"]
    assert titles(gallery, "emile") == ["Émile's lantern"]
    assert titles(gallery, "amb lant") == ["Émile's lantern"]
    assert titles(gallery, "🎭") == ["🎭 mask"]
    assert titles(gallery, "sun night") == []
    assert len(titles(gallery, " ")) == 3


@pytest.mark.parametrize("sign", ["∞", "→", "€", "%", "_", "'", '"', "?!", "+ =", "\\", "…"])
def test_a_work_called_by_a_sign_is_found_by_it_and_no_other_is(
    gallery: Gallery, paint: Paint, sign: str
) -> None:
    gallery.save(*paint(1), Caption("Low Sun"))
    assert titles(gallery, sign) == []
    gallery.save(*paint(2), Caption(sign))
    gallery.save(*paint(3), Caption("Noted", description=f"more{sign}"))
    gallery.save(*paint(4), Caption("Tagged", tags=("amber", sign)))
    assert titles(gallery, f" {sign}") == ["Tagged", "Noted", sign]
    pages = [gallery.search(sign, limit=2)]
    pages.append(gallery.search(sign, after=pages[0][-1], limit=2))
    assert [len(page) for page in pages] == [2, 1]


@pytest.mark.parametrize(
    "typed",
    [
        '"',
        "''",
        "*",
        "low*",
        "-low",
        "low OR",
        "NEAR(",
        "title:low",
        "(",
        "^low",
        "a\0b",
        "{}",
        "\ud83d",
        "+",
        "AND",
        ";--",
        "%",
        "\\",
    ],
)
def test_operators_are_only_letters_here(gallery: Gallery, paint: Paint, typed: str) -> None:
    gallery.save(*paint(), Caption("Low Sun"))
    assert len(gallery.search(typed)) <= 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(title=text())
def test_any_text_is_a_search(gallery: Gallery, title: str) -> None:
    assert gallery.search(title) == []
    assert gallery.named(title) is None


def test_pages_follow_each_other_without_a_gap(gallery: Gallery, paint: Paint) -> None:
    for number in range(7):
        gallery.save(*paint(number), Caption(f"moon {number}"))
    for typed in ("", "moon"):
        pages = [gallery.search(typed, limit=3)]
        while pages[-1]:
            pages.append(gallery.search(typed, after=pages[-1][-1], limit=3))
        found = [artwork.title for page in pages for artwork in page]
        assert found == [f"moon {number}" for number in reversed(range(7))]


def test_thumbnails_are_small_and_come_back_when_lost(gallery: Gallery, paint: Paint) -> None:
    kept = gallery.save(*paint(0, 600, 300))
    (path,) = (gallery.folder / "thumbnails").rglob("*.jpg")
    first = gallery.thumbnail(kept)
    assert first == path.read_bytes()
    for damage in (
        path.unlink,
        lambda: path.write_bytes(first[:-50]),
        lambda: path.write_bytes(b""),
    ):
        damage()
        assert gallery.thumbnail(kept) == first
        assert path.read_bytes() == first


def test_a_gallery_from_a_newer_version_is_left_alone(gallery: Gallery, paint: Paint) -> None:
    gallery.save(*paint())
    gallery.close()
    database = gallery.folder / "gallery.sqlite"
    with sqlite3.connect(database) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    before = database.read_bytes()
    with pytest.raises(GalleryTooNew, match=r"gallery\.sqlite was written by a newer Masquerade"):
        Gallery.open(gallery.folder)
    assert database.read_bytes() == before


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "gallery.sqlite") as db:
        db.execute("CREATE TABLE invoices (id)")
    db.close()
    with pytest.raises(KnownError, match="another program's database"):
        Gallery.open(tmp_path)


def test_a_damaged_database_names_the_way_out_and_the_way_out_works(
    gallery: Gallery, paint: Paint
) -> None:
    kept = gallery.save(*paint(), Caption("Low Sun", tags=("amber",)))
    gallery.close()
    database = gallery.folder / "gallery.sqlite"
    database.write_bytes(b"no database at all, " * 100)
    with pytest.raises(KnownError, match=r"gallery\.sqlite is damaged .* move it away"):
        Gallery.open(gallery.folder)
    database.unlink()
    with Gallery.open(gallery.folder) as again:
        (found,) = again.search("amber")
        assert (found.uuid, found.title, found.recipe) == (kept.uuid, "Low Sun", kept.recipe)


def test_a_file_in_place_of_the_folder_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "gallery").write_text("a file")
    with pytest.raises(KnownError, match=r"gallery can't hold a gallery: .*choose another folder"):
        Gallery.open(tmp_path / "gallery")


def test_a_shelf_that_is_a_file_keeps_nothing_and_says_so(gallery: Gallery, paint: Paint) -> None:
    shutil.rmtree(gallery.folder / "pictures")
    (gallery.folder / "pictures").write_text("in the way")
    with pytest.raises(KnownError, match="choose another folder"):
        gallery.save(*paint())
    assert gallery.count() == 0


def test_a_row_that_leads_out_of_the_folder_is_refused(gallery: Gallery, paint: Paint) -> None:
    kept = gallery.save(*paint())
    with sqlite3.connect(gallery.folder / "gallery.sqlite") as db:
        db.execute("UPDATE artwork SET file = '../../secret.png'")
    db.close()
    with pytest.raises(KnownError, match="outside"):
        gallery.picture_path(gallery.get(kept.uuid))


def test_a_name_that_leads_out_of_the_folder_writes_no_thumbnail(
    gallery: Gallery, paint: Paint
) -> None:
    gallery.save(*paint())
    with sqlite3.connect(gallery.folder / "gallery.sqlite") as db:
        db.execute("UPDATE artwork SET uuid = '../../../elsewhere/x'")
    db.close()
    (artwork,) = gallery.search()
    with pytest.raises(KnownError, match="outside"):
        gallery.thumbnail(artwork)
    assert not (gallery.folder.parent / "elsewhere").exists()


@pytest.mark.parametrize(("column", "value"), [("tags", "x"), ("tags", "5"), ("made_at", "never")])
def test_a_row_that_makes_no_sense_is_one_sentence(
    gallery: Gallery, paint: Paint, column: str, value: str
) -> None:
    gallery.save(*paint())
    with sqlite3.connect(gallery.folder / "gallery.sqlite") as db:
        db.execute(f"UPDATE artwork SET {column} = ?", (value,))
    db.close()
    with pytest.raises(KnownError, match=r"makes no sense .* move it away"):
        gallery.search()


def test_half_a_character_finds_what_its_neighbours_find(gallery: Gallery, paint: Paint) -> None:
    kept = gallery.save(*paint(), Caption("Low Sun"))
    assert gallery.search("low\udc80") == [kept]


def test_a_shelf_that_cannot_be_listed_is_one_sentence(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("explorer.gallery.strays.os.scandir", refused)
    with pytest.raises(KnownError, match=r"pictures can't be read: Permission denied"):
        Gallery.open(gallery.folder)


def test_two_galleries_on_one_folder_see_each_other(gallery: Gallery, paint: Paint) -> None:
    with Gallery.open(gallery.folder) as other:
        kept = gallery.save(*paint(1), Caption("Low Sun"))
        assert other.search("low") == [kept]
        other.rename(kept.uuid, "High Moon")
        assert titles(gallery) == ["High Moon"]


def test_many_threads_and_two_galleries_lose_nothing(gallery: Gallery, paint: Paint) -> None:
    with Gallery.open(gallery.folder) as other, ThreadPoolExecutor(4) as threads:
        saving = [
            threads.submit((gallery, other)[number % 2].save, *paint(number), Caption(f"n{number}"))
            for number in range(16)
        ]
        kept = {job.result().uuid for job in saving}
    assert {artwork.uuid for artwork in gallery.search()} == kept
    assert len(kept) == 16


def test_a_gallery_that_somebody_holds_is_said_to_be_in_use(
    gallery: Gallery, paint: Paint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "_PATIENCE_S", 0.0)
    with (
        locked(gallery.folder / "lock", what="x"),
        pytest.raises(KnownError, match="in use by another process"),
    ):
        gallery.save(*paint())
    assert gallery.save(*paint()).title == ""


@pytest.mark.skipif(sys.platform == "win32", reason="needs resource limits")
def test_a_full_disk_keeps_nothing_and_loses_nothing(gallery: Gallery, paint: Paint) -> None:
    """The system lets a child write pictures, but not the database, as a full disk would."""
    kept = gallery.save(*paint(), Caption("Low Sun"))
    before = {path: path.read_bytes() for path in gallery.folder.rglob("*.*")}

    child = subprocess.run(
        [sys.executable, "-c", _SAVE_ON_A_FULL_DISK, str(gallery.folder)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert "gallery.sqlite can't be used" in child.stdout, child.stderr
    assert child.stdout.endswith("free some space or choose another folder.\n")
    assert {path: path.read_bytes() for path in gallery.folder.rglob("*.*")} == before
    with Gallery.open(gallery.folder) as again:
        assert again.search() == [kept]


_SAVE_ON_A_FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from explorer.core.errors import KnownError
from explorer.gallery.pictures import read_picture
from explorer.gallery.store import Gallery
with Gallery.open(Path(sys.argv[1])) as gallery:
    kept = read_picture(gallery.picture_path(*gallery.search()))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
    try:
        gallery.save(*kept)
    except KnownError as error:
        print(error)
"""
