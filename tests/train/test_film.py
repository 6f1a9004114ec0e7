import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from typer.testing import CliRunner

from explorer.core.errors import KnownError
from explorer.core.progress import Progress
from training.cli import app
from training.config import Settings
from training.data.card import read_dataset
from training.folder import LearnedFrom, RunCard, RunFolder
from training.seeing.film import across, film, frames, spaced
from training.seeing.strips import chosen, sheet
from training.seeing.told import Moment, read_run

SIDE = 8  # pixels of a picture of these runs
STEPS = (0, 10, 20, 40, 80)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of five grids; in the picture of latent n at grid g every pixel is (40 g, n, 0)."""
    folder = begun(tmp_path / "run", channels=3)
    for number, step in enumerate(STEPS):
        write_grid(folder.grids / f"{step:08d}.png", 40 * number)
    return folder.path


def begun(path: Path, channels: int, *, conditional: bool = False) -> RunFolder:
    golden = read_dataset(Path(__file__).parent.parent / "golden" / "dataset")
    card = RunCard(
        settings=Settings(batch=100, latent=4, conditional=conditional),
        dataset=LearnedFrom.of(
            golden.model_copy(update={"height": SIDE, "width": SIDE, "channels": channels})
        ),
        versions={},
        software="masquerade 0.1.0",
    )
    folder = RunFolder(path)
    folder.grids.mkdir(parents=True)
    folder.card_file.write_text(card.model_dump_json())
    return folder


def write_grid(path: Path, red: int) -> None:
    sheet = np.zeros((8, SIDE, 8, SIDE, 3), np.uint8)
    sheet[..., 0] = red
    sheet[..., 1] = np.arange(64).reshape(8, 1, 8, 1)
    Image.fromarray(sheet.reshape(8 * SIDE, 8 * SIDE, 3)).save(path)


def shown(path: Path, kind: str) -> Iterator[Image.Image]:
    with Image.open(path, formats=[kind]) as picture:
        for number in range(getattr(picture, "n_frames", 1)):
            picture.seek(number)
            yield picture.convert("RGB")


@given(st.integers(2, 300), st.integers(2, 400), st.booleans(), st.integers(0, 5))
def test_a_film_goes_from_the_first_grid_to_the_last_and_never_back(
    grids: int, count: int, fade: bool, held: int
) -> None:
    plan = frames(grids, count, fade=fade, held=held)
    places = [frame.first + frame.mix for frame in plan]

    assert len(plan) == count + held
    assert places == sorted(places)
    assert (places[0], places[-1]) == (0, grids - 1)
    assert all(0 <= frame.mix < 1 for frame in plan)
    assert all(frame.mix == 0 for frame in plan if not fade or frame.first == grids - 1)


def test_early_grids_stand_longer() -> None:
    firsts = [frame.first for frame in frames(10, 200, fade=True)]

    stand = [firsts.count(number) for number in range(9)]
    assert stand[0] > 2 * stand[8]


@given(st.integers(1, 64))
def test_any_number_of_latents_is_laid_out_in_rows_nearly_as_many_as_columns(count: int) -> None:
    columns = across(count)
    rows = -(-count // columns)

    assert rows <= columns <= 2 * rows
    assert columns * rows - count < columns


@given(st.sets(st.integers(0, 10**6), min_size=1, max_size=60), st.integers(2, 20), st.booleans())
def test_moments_are_chosen_once_each_in_order_with_both_ends(
    all_steps: set[int], count: int, even: bool
) -> None:
    steps = sorted(all_steps)
    places = chosen(steps, count, even=even)

    assert len(places) == min(count, len(steps))
    assert places == sorted(set(places))
    assert places[0] == 0
    assert places[-1] == len(steps) - 1


def test_chosen_moments_lie_closer_at_the_beginning_unless_even_ones_are_wanted() -> None:
    steps = list(range(0, 16_001, 250))

    early = [steps[place] for place in chosen(steps, 8)]
    even = [steps[place] for place in chosen(steps, 5, even=True)]

    assert early == [0, 250, 500, 1000, 2000, 4000, 8000, 16000]
    assert even == [0, 4000, 8000, 12000, 16000]


@given(st.sets(st.integers(0, 500), min_size=1), st.integers(1, 100))
def test_spaced_moments_keep_their_distance_and_both_ends(steps: set[int], every: int) -> None:
    moments = [Moment(step, Path("x")) for step in sorted(steps)]
    kept = [moment.step for moment in spaced(moments, every)]

    assert kept[0] == min(steps)
    assert kept[-1] == max(steps)
    assert all(b - a >= every for a, b in pairwise(kept)) or len(kept) == 2


@pytest.mark.parametrize(
    ("name", "kind"), [("f.webp", "WEBP"), ("f.gif", "GIF"), ("f.png", "PNG"), ("F.APNG", "PNG")]
)
def test_a_film_begins_with_the_first_grid_and_ends_with_the_last(
    name: str, kind: str, run: Path, tmp_path: Path
) -> None:
    made = film(run, tmp_path / name, seconds=1, fps=10, size=64, caption=False)

    reds = [np.asarray(picture)[..., 0].mean() for picture in shown(made.file, kind)]
    assert made.left_out == ()
    assert len(reds) >= 4  # a GIF joins frames that are alike
    assert reds[0] == pytest.approx(0, abs=4)
    assert reds[-1] == pytest.approx(160, abs=4)
    assert max(a - b for a, b in pairwise(reds)) < 4  # never back


def test_a_film_can_show_the_first_latents_alone_and_be_cut(run: Path) -> None:
    made = film(run, run / "f.png", seconds=1, pictures=4, size=32, fade=False, caption=False)

    pictures = [np.asarray(picture) for picture in shown(made.file, "PNG")]
    assert {picture.shape for picture in pictures} == {(32, 32, 3)}
    assert {int(picture[0, 0, 0]) for picture in pictures} == {0, 40, 80, 120, 160}
    assert pictures[0][::16, ::16, 1].tolist() == [[0, 1], [2, 3]]


def test_of_a_run_with_classes_every_class_is_shown_before_one_comes_again(tmp_path: Path) -> None:
    folder = begun(tmp_path / "run", channels=3, conditional=True)
    for number, step in enumerate(STEPS):
        write_grid(folder.grids / f"{step:08d}.png", 40 * number)

    filmed = film(folder.path, tmp_path / "f.png", seconds=1, pictures=9, fade=False, caption=False)
    drawn = sheet(folder.path, tmp_path / "s.png", moments=1, pictures=9, size=SIDE)

    first = np.asarray(next(shown(filmed.file, "PNG")).resize((3, 3), Image.Resampling.NEAREST))
    assert first[..., 1].ravel().tolist() == [0, 8, 16, 24, 32, 40, 48, 56, 1]
    (column,) = shown(drawn.file, "PNG")
    greens = {green for red, green, _ in np.asarray(column).reshape(-1, 3).tolist() if red == 160}
    assert {0, 8, 16, 24, 32, 40, 48, 56, 1} <= greens


def test_a_film_says_how_far_the_run_was(run: Path) -> None:
    with_words = film(run, run / "a.png", seconds=1, size=96, fade=False)
    without = film(run, run / "b.png", seconds=1, size=96, fade=False, caption=False)

    (*_, a), (*_, b) = shown(with_words.file, "PNG"), shown(without.file, "PNG")
    assert a.height > b.height == 96
    assert np.array_equal(np.asarray(a)[:96], np.asarray(b))


def test_grids_that_cannot_be_read_are_named_and_skipped(run: Path) -> None:
    grids = run / "grids"
    (grids / "00000010.png").write_bytes(b"no picture")
    (grids / "00000080.png").write_bytes((grids / "00000080.png").read_bytes()[:90])
    Image.new("RGB", (9, 9)).save(grids / "00000090.png")
    (grids / "notes.png").write_bytes(b"none of ours")

    made = film(run, run / "f.png", seconds=0.5, size=64, fade=False, caption=False)
    drawn = sheet(run, run / "s.png", moments=3, pictures=2)

    assert sorted(Path(s.split(" is left")[0]).name for s in made.left_out) == [
        "00000010.png",
        "00000080.png",
        "00000090.png",
    ]
    assert "9×9 pixels and the run's grids have 64×64" in made.left_out[2]
    assert {int(np.asarray(p)[0, 0, 0]) for p in shown(made.file, "PNG")} == {0, 80, 120}
    assert len(drawn.left_out) >= 2


def test_a_sheet_lays_latents_down_and_time_across(run: Path) -> None:
    made = sheet(run, moments=3, pictures=2, size=SIDE)
    (picture,) = shown(made.file, "PNG")

    assert made.file == run / "sheet.png"
    found = {tuple(pixel) for pixel in np.asarray(picture).reshape(-1, 3).tolist()}
    assert {(0, 0, 0), (160, 0, 0), (0, 1, 0), (160, 1, 0)} <= found
    assert not {(40, 2, 0), (160, 2, 0)} & found


@pytest.mark.parametrize("name", ["film.avi", "film", "film.mp4.txt"])
def test_an_unknown_kind_is_refused_before_anything_is_read(name: str, tmp_path: Path) -> None:
    with pytest.raises(KnownError, match="must end in"):
        film(tmp_path / "gone", tmp_path / name)
    with pytest.raises(KnownError, match="must end in"):
        sheet(tmp_path / "gone", tmp_path / name)


def test_too_few_grids_and_no_run_are_told_apart(run: Path, tmp_path: Path) -> None:
    for step in STEPS[1:]:
        (run / "grids" / f"{step:08d}.png").unlink()

    with pytest.raises(KnownError, match="holds 1 grid to show and a film needs two"):
        film(run)
    with pytest.raises(KnownError, match=r"has no run\.json"):
        film(tmp_path)
    assert sheet(run, pictures=64).left_out == ()
    (run / "grids" / "00000000.png").unlink()
    with pytest.raises(KnownError, match="holds no grid"):
        sheet(run)


def test_a_film_or_sheet_beyond_reason_is_refused(run: Path) -> None:
    with pytest.raises(KnownError, match=r"frames: choose fewer"):
        film(run, seconds=600, fps=60)
    with pytest.raises(KnownError, match="smaller --size"):
        sheet(run, pictures=64, size=4096)


@pytest.mark.parametrize("name", ["f.webp", "f.gif", "s.png"])
def test_stopping_midway_leaves_no_file(name: str, run: Path) -> None:
    def stop(fraction: float) -> None:
        if fraction > 0.6:
            raise KeyboardInterrupt

    make = sheet if name == "s.png" else film
    before = sorted(run.iterdir())
    with pytest.raises(KeyboardInterrupt):
        make(run, run / name, progress=Progress(stop))
    assert sorted(run.iterdir()) == before


@pytest.mark.skipif(os.name == "nt", reason="a console's Ctrl-C can't be sent to one process")
def test_control_c_at_the_terminal_leaves_the_film_that_was_there(run: Path) -> None:
    made = film(run, seconds=0.5)
    before = made.file.read_bytes()
    words = ["film", str(run), "--seconds", "500", "--size", "512"]
    work = subprocess.Popen(
        [sys.executable, "-c", "from training.cli import main; main()", *words],
        stderr=subprocess.PIPE,
        env=os.environ | {"MASQUERADE_HOME": str(run.parent)},
    )
    deadline = time.monotonic() + 30
    while not list(run.glob(".beside-*")) and time.monotonic() < deadline:
        assert work.poll() is None
    work.send_signal(signal.SIGINT)
    _, said = work.communicate(timeout=30)

    assert work.returncode == 130, said
    assert b"Traceback" not in said
    assert made.file.read_bytes() == before
    assert not list(run.glob(".beside-*"))


def test_a_video_without_pyav_names_the_extra(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)

    with pytest.raises(KnownError, match=r"pip install 'masquerade\[film\]'"):
        film(run, run / "film.mp4")
    assert not list(run.glob("*.mp4"))


@pytest.mark.parametrize("name", ["film.mp4", "film.webm"])
def test_a_video_holds_every_frame(name: str, run: Path) -> None:
    av = pytest.importorskip("av")
    made = film(run, run / name, seconds=1, fps=10, size=64)

    with av.open(str(made.file)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 10 + 15


def test_the_command_films_and_draws_and_says_where(run: Path) -> None:
    result = CliRunner().invoke(app, ["film", str(run), "--seconds", "0.3"])
    assert result.exit_code == 0, result.output
    assert "film.webp is written" in " ".join(result.output.split())

    result = CliRunner().invoke(app, ["film", str(run), "--sheet", "--moments", "2"])
    assert "sheet.png is written" in " ".join(result.output.split())
    assert "Example: explorer-train" in CliRunner().invoke(app, ["film", "--help"]).output


def test_lines_of_any_kind_end_in_curves_of_finite_numbers(run: Path) -> None:
    bad = [b"{", b"[1]", b"null", b'{"a": 1}', b'{"step": -1, "a": 1}', b'{"step": true, "a": 1}']
    odd = [b"\xff\xfe", b"[" * 100_000, b'{"step": 3, "a": ' + b"9" * 5000 + b"}", b'{"step": "3"}']
    more = [b'{"step": 4, "a": NaN, "b": 2}', b'{"step": 5, "a": 1e999, "c": "x", "d": [1]}']
    good = [b'{"step": 9, "a": 9}', b'{"step": 2, "a": 1}', b'{"step": 9, "a": 8}']
    names = [b'{"step": 9, "<b>": 1}']
    (run / "scalars.jsonl").write_bytes(b"\n".join([*bad, *odd, *more, *good, *names]))

    told = read_run(run)

    assert sorted(told.curves) == ["a", "b"]
    assert told.curves["a"].steps.tolist() == [2, 9]
    assert told.curves["a"].values.tolist() == [1, 8]  # told twice: what came later
    assert "12 of 16 lines are broken" in told.left_out[0]
    assert "'<b>'" in told.left_out[1]


def test_a_run_without_scalars_state_or_grids_is_read_and_says_so(run: Path) -> None:
    for path in (run / "grids").iterdir():
        path.unlink()
    (run / "grids").rmdir()
    (run / "state.json").write_text('{"step": "far"}')
    with (run / "notes.jsonl").open("wb") as notes:
        notes.truncate(65 << 20)

    told = read_run(run)

    assert (told.curves, told.notes, told.moments, told.state.step) == ({}, (), (), 0)
    said = "\n".join(told.left_out)
    for name in ("grids", "scalars.jsonl", "state.json", "notes.jsonl is left out"):
        assert name in said


def test_a_grid_may_be_grey(tmp_path: Path) -> None:
    folder = begun(tmp_path / "run", channels=1)
    for step in (0, 5):
        out = io.BytesIO()
        Image.new("L", (64, 64), step).save(out, "PNG")
        (folder.grids / f"{step:08d}.png").write_bytes(out.getvalue())

    assert film(folder.path, seconds=0.2).left_out == ()
