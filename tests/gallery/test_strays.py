import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from explorer.core.files import BESIDE
from explorer.gallery import store
from explorer.gallery.pictures import Caption, Pixels, read_caption, read_picture, write_picture
from explorer.gallery.recipe import Recipe, pixels_sha256
from explorer.gallery.store import Gallery

Paint = Callable[..., tuple[Pixels, Recipe]]


class Died(BaseException):
    """What kill -9 looks like from inside: nothing after it runs."""


def die(*_: object, **__: object) -> None:
    raise Died


def test_a_picture_without_a_row_is_taken_in_with_its_caption(
    gallery: Gallery, paint: Paint, tmp_path: Path
) -> None:
    pixels, recipe = paint()
    caption = Caption("Low Sun", "A. N.", "note", ("amber",), rating=2)
    write_picture(tmp_path / "moon.png", pixels, recipe, caption)
    (gallery.folder / "pictures" / "zz").mkdir()
    shutil.copy(tmp_path / "moon.png", gallery.folder / "pictures" / "zz" / "moon.PNG")

    with Gallery.open(gallery.folder) as again:
        (found,) = again.search("amber")
        assert (found.title, found.note, found.rating) == ("Low Sun", "note", 2)
        assert found.recipe == recipe
        assert np.array_equal(read_picture(again.picture_path(found))[0], pixels)
    with Gallery.open(gallery.folder) as again:
        assert again.count() == 1


def test_a_save_that_died_before_its_row_is_finished_by_the_next_start(
    gallery: Gallery, paint: Paint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Gallery, "_insert", die)
    monkeypatch.setattr(Path, "unlink", lambda self, missing_ok=False: None)
    with pytest.raises(Died):
        gallery.save(*paint(), Caption("Low Sun"))
    monkeypatch.undo()
    with Gallery.open(gallery.folder) as again:
        (found,) = again.search("low")
        assert found.recipe == paint()[1]


def test_what_is_no_picture_of_ours_goes_to_the_bin_and_stops_nothing(
    gallery: Gallery, paint: Paint, tmp_path: Path
) -> None:
    kept = gallery.save(*paint(), Caption("Low Sun"))
    shelf = gallery.picture_path(kept).parent
    whole = gallery.picture_path(kept).read_bytes()
    (shelf / "cut.png").write_bytes(whole[:-200])
    (shelf / "text.png").write_text("no picture")
    (shelf / "folder.png").mkdir()
    (shelf / "dangling.png").symlink_to(tmp_path / "nowhere")
    (shelf / "Thumbs.db").write_text("the system's")
    (shelf / f"{BESIDE}0.png").write_bytes(whole[:100])
    (gallery.folder / "bin" / "cut.png").write_text("already there")

    with Gallery.open(gallery.folder) as again:
        assert again.search() == [kept]
    assert {path.name for path in shelf.iterdir()} == {f"{kept.uuid}.png", "Thumbs.db"}
    binned = sorted(path.name for path in (gallery.folder / "bin").iterdir())
    assert len(binned) == 5
    assert (gallery.folder / "bin" / "cut.png").read_text() == "already there"


def test_a_copy_of_a_kept_picture_becomes_a_work_of_its_own(gallery: Gallery, paint: Paint) -> None:
    kept = gallery.save(*paint(), Caption("Low Sun"))
    (gallery.folder / "pictures" / "copy").mkdir()
    shutil.copy(gallery.picture_path(kept), gallery.folder / "pictures" / "copy")
    with Gallery.open(gallery.folder) as again:
        assert len({artwork.uuid for artwork in again.search("low")}) == 2


def test_a_rename_that_died_halfway_reaches_the_file_at_the_next_start(
    gallery: Gallery, paint: Paint, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = gallery.save(*paint(), Caption("Low Sun", tags=("amber",)))
    retitle = Gallery._retitle

    def once(self: Gallery, *given: object, file_behind: bool) -> None:
        if not file_behind:
            raise Died
        retitle(self, *given, file_behind=file_behind)  # type: ignore[arg-type]  # passed on

    monkeypatch.setattr(Gallery, "_retitle", once)
    monkeypatch.setattr(store, "recaption", die)
    with pytest.raises(Died):
        gallery.rename(kept.uuid, "High Moon")
    monkeypatch.undo()
    with Gallery.open(gallery.folder) as again:
        (found,) = again.search()
        assert found.title == "High Moon"
        assert read_caption(again.picture_path(found)) == Caption("High Moon", tags=("amber",))


def test_a_delete_that_died_halfway_is_finished_at_the_next_start(
    gallery: Gallery, paint: Paint
) -> None:
    kept = gallery.save(*paint())
    gallery.delete(kept.uuid)
    binned = gallery.folder / "bin" / f"{kept.uuid}.png"
    binned.replace(gallery.picture_path(kept))
    with Gallery.open(gallery.folder) as again:
        assert again.count() == 0
        assert binned.exists()
        again.restore(kept.uuid)
        assert again.count() == 1


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="forks")
def test_killed_a_hundred_times_while_saving_nothing_reported_is_lost(tmp_path: Path) -> None:
    folder = tmp_path / "gallery"
    ran = subprocess.run(
        [sys.executable, "-c", _DYING_SAVERS, str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    reported = set(ran.stdout.split())
    unfinished = list((folder / "pictures").rglob(f"{BESIDE}*"))

    with Gallery.open(folder) as gallery:
        found = gallery.search(limit=100_000)
        assert reported <= {artwork.uuid for artwork in found}
        for artwork in found:
            pixels, recipe, _ = read_picture(gallery.picture_path(artwork))
            assert recipe.picture.sha256 == pixels_sha256(pixels)
            assert recipe == artwork.recipe
    assert len(reported) > 20
    assert len(found) > len(reported) or unfinished  # else no kill fell into a save
    names = {path.name for path in (folder / "pictures").rglob("*.*")}
    assert names == {f"{artwork.uuid}.png" for artwork in found}
    assert not list((folder / "bin").iterdir())


_DYING_SAVERS = """
import os, random, signal, sys, time
from pathlib import Path
import numpy as np
from explorer.gallery.recipe import ModelRef, Recipe
from explorer.gallery.store import Gallery
from explorer.latent.expression import Seed

def save_for_ever():
    with Gallery.open(Path(sys.argv[1])) as gallery:
        while True:
            pixels = np.frombuffer(os.urandom(64 * 64 * 3), np.uint8).reshape(64, 64, 3)
            recipe = Recipe.for_picture(
                pixels,
                model=ModelRef(id="noise-r1", title="Noise", sha256="0" * 64),
                expression=Seed(seed=1),
                point=np.ones(8, np.float32),
            )
            os.write(1, gallery.save(pixels, recipe).uuid.encode() + b"\\n")

chance = random.Random(9)
for _ in range(100):
    child = os.fork()
    if not child:
        save_for_ever()
    time.sleep(chance.uniform(0.002, 0.15))  # the moment of death, not a wait for something
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
"""
