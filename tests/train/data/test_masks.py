"""Rendered masks: the same for everybody, whole in their frame, and safe on disk."""

import csv
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.strategies import integers
from numpy.typing import NDArray
from PIL import Image

from explorer.core.errors import KnownError
from explorer.core.progress import Cancelled, Progress
from training.data.masks.factors import FACTOR_NAMES, MATERIALS, mask_factors
from training.data.masks.folder import picture_name, write_masks
from training.data.masks.forms import Carving
from training.data.masks.render import carve, paint_mask

INDICES = integers(0, 1_000_000)


def carved(index: int, n: int = 64) -> Carving:
    return carve(mask_factors(3, index), n)[0]


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@given(index=INDICES, size=integers(16, 48))
@settings(max_examples=25, deadline=None)
def test_a_mask_is_always_the_same_picture(index: int, size: int) -> None:
    first = paint_mask(mask_factors(1, index), size)
    paint_mask(mask_factors(1, index + 1), size)  # another between leaves no trace
    again = paint_mask(mask_factors(1, index), size)

    assert first.dtype == np.uint8
    assert first.shape == (size, size, 3)
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize("index", [0, 4, 9])
def test_any_size_shows_the_same_mask(index: int) -> None:
    factors = mask_factors(1, index)
    known = _reduced(paint_mask(factors, 128))

    for size in (64, 255, 512):
        difference = np.abs(_reduced(paint_mask(factors, size)) - known).mean()
        assert difference < 3  # levels of 255: 0.4 to 1.4 as built, other masks 15 to 87


def _reduced(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    small = Image.fromarray(picture).resize((16, 16), Image.Resampling.BOX)
    return np.asarray(small, np.float64)


@given(index=INDICES)
@settings(max_examples=60, deadline=None)
def test_a_mask_stands_whole_and_in_the_middle(index: int) -> None:
    cover = carved(index).cover
    rows, columns = np.flatnonzero(cover.max(1) > 0.5), np.flatnonzero(cover.max(0) > 0.5)

    frame = np.concatenate([cover[0], cover[-1], cover[:, 0], cover[:, -1]])
    assert frame.max() < 0.1, "clipped at the border"
    assert abs((rows[0] + rows[-1]) / 2 - 31.5) <= 4
    assert abs((columns[0] + columns[-1]) / 2 - 31.5) <= 4  # a bird looks to one side
    assert max(np.ptp(rows), np.ptp(columns)) >= 46, "too small to be legible"


@given(index=INDICES)
@settings(max_examples=25, deadline=None)
def test_shares_stay_shares_and_heights_finite(index: int) -> None:
    carving = carved(index)

    assert np.isfinite(carving.height).all()
    shares = "head outgrowth fibre pierced accent shell brass glass raw soot"
    for name in shares.split():
        field = getattr(carving, name)
        assert field.min() >= -1e-4, name
        assert field.max() <= 1 + 1e-4, name


def test_a_face_can_be_told_from_its_head() -> None:
    """Features must survive at 64 pixels: the middle of the face is not a smooth dome."""
    contrasts = []
    for index in range(40):
        grey = paint_mask(mask_factors(3, index), 64).astype(np.float64).mean(axis=2)
        contrasts.append(np.abs(np.diff(grey[20:44, 20:44], axis=0)).mean())

    assert np.median(contrasts) > 14  # levels of 255: 22 as carved, 5.7 without its face


def test_neighbours_and_seeds_have_nothing_in_common() -> None:
    pictures = {paint_mask(mask_factors(s, i), 16).tobytes() for s in range(4) for i in range(12)}

    assert len(pictures) == 48


def test_a_folder_holds_pictures_by_material_and_a_table_of_their_factors(tmp_path: Path) -> None:
    write_masks(tmp_path / "out", count=10, size=16, seed=5, workers=1)

    with (tmp_path / "out" / "pictures.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["index"] for row in rows] == [str(i) for i in range(10)]
    for index, row in enumerate(rows):
        factors = mask_factors(5, index)
        assert row["file"] == picture_name(factors) == f"{row['material']}/{index:06d}.png"
        assert all(row[name] == getattr(factors, name) for name in FACTOR_NAMES)
        with Image.open(tmp_path / "out" / row["file"], formats=["PNG"]) as picture:
            np.testing.assert_array_equal(np.asarray(picture), paint_mask(factors, 16))
    assert (tmp_path / "out" / "LICENCE").read_text() == "CC0-1.0\n"
    assert "homage" in (tmp_path / "out" / "CREDITS").read_text()


def test_two_workers_write_the_same_bytes_as_one_and_load_no_tensorflow(tmp_path: Path) -> None:
    write_masks(tmp_path / "one", count=40, size=16, seed=2, workers=1)
    script = f"""
        import sys
        from pathlib import Path
        from training.data.masks.folder import write_masks

        if __name__ == "__main__":
            write_masks(Path({str(tmp_path / "two")!r}), count=40, size=16, seed=2, workers=2)
        assert "tensorflow" not in sys.modules  # in the children too: they import this file
    """
    path = tmp_path / "script.py"
    path.write_text(textwrap.dedent(script))
    subprocess.run([sys.executable, str(path)], check=True, env=_environment(), timeout=60)

    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_the_count_does_not_change_a_picture_and_a_larger_one_adds_to_it(tmp_path: Path) -> None:
    write_masks(tmp_path / "grown", count=3, size=16, seed=2, workers=1)
    write_masks(tmp_path / "grown", count=7, size=16, seed=2, workers=1)
    write_masks(tmp_path / "whole", count=7, size=16, seed=2, workers=1)

    assert contents(tmp_path / "grown") == contents(tmp_path / "whole")


def test_cancelled_work_leaves_no_table_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    reports: list[float] = []
    impatient = Progress(reports.append, lambda: bool(reports) and reports[-1] > 0)
    with pytest.raises(Cancelled):
        write_masks(tmp_path / "out", count=70, size=16, seed=2, progress=impatient, workers=1)
    assert not (tmp_path / "out" / "pictures.csv").exists()
    painted = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.png")}
    assert 0 < len(painted) < 70

    reports.clear()
    write_masks(
        tmp_path / "out", count=70, size=16, seed=2, progress=Progress(reports.append), workers=1
    )

    assert reports == sorted(reports)
    assert reports[0] == pytest.approx(len(painted) / 70)
    assert reports[-1] == 1.0
    assert all(path.stat().st_mtime_ns == then for path, then in painted.items())
    assert len(list((tmp_path / "out").rglob("*.png"))) == 70


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_killed_or_stopped_it_leaves_only_whole_pictures(
    tmp_path: Path, how: signal.Signals
) -> None:
    out = tmp_path / "out"
    script = f"""
        import os
        from pathlib import Path
        from explorer.core.progress import Progress
        from training.data.masks.folder import write_masks

        def end(fraction: float) -> None:
            if fraction > 0.2:
                os.kill(os.getpid(), {int(how)})

        write_masks(Path({str(out)!r}), count=100, size=16, seed=2, progress=Progress(end), workers=1)
    """
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        env=_environment(),
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode != 0
    (out / "wood" / ".beside-000099.png").write_bytes(b"half a pic")  # as a kill may leave it

    for path in out.rglob("0*.png"):
        with Image.open(path, formats=["PNG"]) as picture:
            picture.load()
    write_masks(out, count=100, size=16, seed=2, workers=1)
    write_masks(tmp_path / "whole", count=100, size=16, seed=2, workers=1)
    assert contents(out) == contents(tmp_path / "whole")


@pytest.mark.parametrize("rest", [b"", b"\x89PNG\r\n\x1a\n", bytes(400)])
def test_a_picture_that_lost_its_content_is_painted_again(tmp_path: Path, rest: bytes) -> None:
    write_masks(tmp_path / "out", count=4, size=16, seed=2, workers=1)
    before = contents(tmp_path / "out")
    (tmp_path / "out" / picture_name(mask_factors(2, 3))).write_bytes(rest)

    write_masks(tmp_path / "out", count=4, size=16, seed=2, workers=1)

    assert contents(tmp_path / "out") == before


def test_a_folder_of_other_things_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"beach")

    with pytest.raises(KnownError, match=r"holiday\.jpg.*choose a new or empty folder"):
        write_masks(tmp_path, count=1, size=16, seed=2, workers=1)
    assert [path.name for path in tmp_path.iterdir()] == ["holiday.jpg"]


def test_someone_elses_wood_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "wood").mkdir()
    (tmp_path / "wood" / "oak.png").write_bytes(b"oak")

    with pytest.raises(KnownError, match=r"oak\.png is none of the 1 masks"):
        write_masks(tmp_path, count=1, size=16, seed=2, workers=1)
    assert (tmp_path / "wood" / "oak.png").read_bytes() == b"oak"


@pytest.mark.parametrize(
    ("count", "size", "seed", "complaint"),
    [
        (4, 16, 3, "masks .* of seed 2, 16 pixels; give the same seed, size and --plain"),
        (4, 32, 2, "masks .* of seed 2, 16 pixels; give the same seed, size and --plain"),
        (3, 16, 2, "ask for at least as many as before"),
        (0, 16, 2, "ask for 1 to"),
        (4, 5, 2, "ask for 16 to"),
        (4, 16, -1, "no seed"),
        (4, 16, 2**32, "no seed"),
    ],
)
def test_what_would_mix_or_make_no_sense_is_refused(
    tmp_path: Path, count: int, size: int, seed: int, complaint: str
) -> None:
    write_masks(tmp_path / "out", count=4, size=16, seed=2, workers=1)
    before = contents(tmp_path / "out")

    with pytest.raises(KnownError, match=complaint):
        write_masks(tmp_path / "out", count=count, size=size, seed=seed, workers=1)
    assert contents(tmp_path / "out") == before


def test_a_file_in_the_folders_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"a file")

    with pytest.raises(KnownError, match="choose"):
        write_masks(tmp_path / "out", count=1, size=16, seed=2, workers=1)


def test_materials_are_the_classes(tmp_path: Path) -> None:
    write_masks(tmp_path / "out", count=1, size=16, seed=2, workers=1)

    folders = {path.name for path in (tmp_path / "out").iterdir() if path.is_dir()}
    assert folders == set(MATERIALS)


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
