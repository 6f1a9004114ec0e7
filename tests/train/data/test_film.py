"""Films: frames by rate and by scene, and films that are none."""

import csv
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from explorer.core.errors import KnownError
from training.data.fitting.fit import Pixels, Skipped
from training.data.prepare import prepare
from training.data.sources.film import Frames, film_frames

av = pytest.importorskip("av")

SCENES = ((200, 40, 40), (40, 200, 40), (40, 40, 200))


def scene(colour: tuple[int, int, int], n: int) -> Pixels:
    """A bright square that wanders over one colour."""
    pixels = np.full((48, 64, 3), colour, np.uint8)
    pixels[8 + n % 24 : 24 + n % 24, 4 + 2 * n % 40 : 20 + 2 * n % 40] = 240
    return pixels


def film(path: Path, frames: list[Pixels], rate: int = 10, codec: str = "mpeg4") -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        height, width = frames[0].shape[:2]
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.time_base = Fraction(1, rate)
        stream.bit_rate = 4_000_000
        for pixels in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def three_scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds, two of each colour."""
    frames = [scene(colour, n) for colour in SCENES for n in range(20)]
    return film(tmp_path_factory.mktemp("film") / "three.mp4", frames)


def taken(path: Path, which: Frames) -> tuple[list[float], list[str]]:
    left_out: list[str] = []
    found = list(film_frames("f.mp4", path, which, left_out))
    assert [each.done for each in found] == sorted(each.done for each in found)
    return [float(each.file.removeprefix("f.mp4#")) for each in found], left_out


def test_frames_are_taken_at_the_rate_asked_for(three_scenes: Path) -> None:
    seconds, left_out = taken(three_scenes, Frames(every_s=0.5))
    assert seconds == pytest.approx([n / 2 for n in range(12)], abs=0.051)
    assert left_out == []


def test_scenes_give_one_frame_each(three_scenes: Path) -> None:
    seconds, _ = taken(three_scenes, Frames(every_s=None, scenes=True))
    assert seconds == pytest.approx([0, 2, 4], abs=0.051)
    both, _ = taken(three_scenes, Frames(every_s=1.5, scenes=True))
    assert both == pytest.approx([0, 1.5, 2, 3, 4, 4.5], abs=0.051)


def test_what_shows_the_same_is_taken_once(tmp_path: Path) -> None:
    still = film(tmp_path / "still.mp4", [scene(SCENES[0], 0)] * 40)
    seconds, left_out = taken(still, Frames(every_s=0.5))
    assert seconds == [0]
    assert left_out == ["7 frames were left out, near-identical to the one before"]


def test_a_film_becomes_a_dataset_and_one_among_pictures_too(
    three_scenes: Path, tmp_path: Path
) -> None:
    card = prepare(three_scenes, tmp_path / "alone", size=16, frames=Frames(1.0))
    assert (card.count, card.name, card.classes) == (6, "three", ())
    assert card.prepared is not None
    assert (card.prepared.every_s, card.prepared.scenes) == (1.0, False)

    for kind in ("sea", "land"):
        (tmp_path / "mine" / kind).mkdir(parents=True)
    (tmp_path / "mine/sea/a.MP4").write_bytes(three_scenes.read_bytes())
    Image.new("RGB", (32, 32), "teal").save(tmp_path / "mine/land/b.png")
    (tmp_path / "mine/land/c.mkv").write_bytes(b"no film")
    card = prepare(tmp_path / "mine", tmp_path / "out", size=16, frames=Frames(2.0))
    assert [(one.name, one.count) for one in card.classes] == [("land", 1), ("sea", 3)]
    assert [(one.file, one.reason) for one in card.skipped] == [
        ("land/c.mkv", "is no film that can be read")
    ]
    with (tmp_path / "out/pictures.csv").open(newline="") as file:
        names = [row["file"] for row in csv.DictReader(file)]
    assert names == ["land/b.png", "sea/a.MP4#0000.000", "sea/a.MP4#0002.000", "sea/a.MP4#0004.000"]


def test_a_decision_speaks_for_a_frame_or_for_all_of_a_film(
    three_scenes: Path, tmp_path: Path
) -> None:
    decided = tmp_path / "decisions.csv"
    decided.write_text("file,decision\nthree.mp4#0002.000,reject\n")
    card = prepare(three_scenes, tmp_path / "o", size=8, frames=Frames(2.0), decisions=decided)
    assert card.count == 2
    decided.write_text("file,decision\nthree.mp4,reject\n")
    with pytest.raises(KnownError, match="all were rejected"):
        prepare(three_scenes, tmp_path / "p", size=8, decisions=decided)


def test_a_decision_on_a_frame_speaks_for_all_of_its_tiles(
    three_scenes: Path, tmp_path: Path
) -> None:
    decided = tmp_path / "decisions.csv"
    decided.write_text(
        "file,decision,class\nthree.mp4#0002.000,reject,\nthree.mp4#0000.000,keep,sea\n"
        "three.mp4#0004.000#2,keep,land\n"
    )
    card = prepare(
        three_scenes,
        tmp_path / "out",
        size=16,
        fit="tiles",
        tile=48,
        tile_step=48,
        frames=Frames(2.0),
        decisions=decided,
    )
    counts = [(one.name, one.count) for one in card.classes]
    assert counts == [("land", 1), ("sea", 2), ("unsorted", 1)]
    assert card.prepared is not None
    assert card.prepared.rejected == 2
    decided.write_text("file,decision\nthree.mp4#0001.000,reject\n")
    with pytest.raises(KnownError, match="which is not among the pictures"):
        prepare(three_scenes, tmp_path / "o", size=8, frames=Frames(2.0), decisions=decided)


def test_a_class_that_only_frames_were_given_is_one(three_scenes: Path, tmp_path: Path) -> None:
    (tmp_path / "s/wood").mkdir(parents=True)
    (tmp_path / "s/wood/film.mp4").write_bytes(three_scenes.read_bytes())
    (tmp_path / "s/iron").mkdir()
    Image.new("RGB", (32, 32), "teal").save(tmp_path / "s/iron/b.png")
    decided = tmp_path / "decisions.csv"
    decided.write_text("file,decision,class\nwood/film.mp4#0004.000,keep,smoke\n")
    card = prepare(tmp_path / "s", tmp_path / "out", size=16, frames=Frames(2.0), decisions=decided)
    counts = [(one.name, one.count) for one in card.classes]
    assert counts == [("iron", 1), ("smoke", 1), ("wood", 2)]
    assert card.skipped == ()


def cut_off(content: bytes) -> bytes:
    """Frames are there to their half; what tells of them lies ahead, as on the web."""
    return content[: len(content) // 2]


def test_a_film_that_breaks_off_gives_what_came_before(tmp_path: Path) -> None:
    frames = [scene(SCENES[n // 20], n) for n in range(60)]
    whole = film(tmp_path / "whole.mkv", frames, codec="mpeg4")
    (tmp_path / "cut.mkv").write_bytes(cut_off(whole.read_bytes()))
    card = prepare(tmp_path / "cut.mkv", tmp_path / "out", size=8, frames=Frames(0.5))
    assert 2 <= card.count < 12


def sound(path: Path) -> bytes:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        quiet = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        quiet.sample_rate = 8000
        container.mux(stream.encode(quiet))
        container.mux(stream.encode(None))
    return path.read_bytes()


def no_film(kind: str, folder: Path, three_scenes: Path) -> bytes:
    whole = three_scenes.read_bytes()
    return {
        "empty": b"",
        "text": b"these are my notes",
        "only its mark": b"\0\0\0\x20ftypisom" + bytes(20),
        "cut before its index": whole[: len(whole) // 2],
        "noise behind its mark": b"\0\0\0\x20ftypisom" + bytes(range(256)) * 40,
        "without a picture": sound(folder / "sound.mp4"),
        "a playlist": b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
        "a list of files": b"ffconcat version 1.0\nfile /etc/passwd\n",
        "an executable": b"\x7fELF" + bytes(60),
    }[kind]


@pytest.mark.parametrize(
    "kind",
    [
        "empty",
        "text",
        "only its mark",
        "cut before its index",
        "noise behind its mark",
        "without a picture",
        "a playlist",
        "a list of files",
        "an executable",
    ],
)
def test_what_is_no_film_is_refused_in_one_sentence(
    kind: str, three_scenes: Path, tmp_path: Path
) -> None:
    (tmp_path / "f.mp4").write_bytes(no_film(kind, tmp_path, three_scenes))
    sentence = r"f\.mp4 is empty" if kind == "empty" else r"no picture that can be used: f\.mp4 is"
    with pytest.raises(KnownError, match=sentence) as refused:
        prepare(tmp_path / "f.mp4", tmp_path / "out", size=8)
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "out").exists()


def test_a_film_in_an_archive_is_named(tmp_path: Path, three_scenes: Path) -> None:
    import zipfile

    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        archive.write(three_scenes, "a.mp4")
    with pytest.raises(KnownError, match=r"a\.mp4 is a film; lay it beside the archive"):
        prepare(tmp_path / "z.zip", tmp_path / "out", size=8)


def test_frames_larger_than_any_camera_films_are_not_decoded(
    three_scenes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.data.sources.film.MAX_PIXELS", 1000)
    with pytest.raises(Skipped, match="has frames of 64×48 pixels, which no camera films"):
        list(film_frames("f", three_scenes, Frames(), []))


def test_a_rate_that_makes_no_sense_is_refused(three_scenes: Path, tmp_path: Path) -> None:
    for every in (0.0, -1.0, float("nan"), 1e9):
        with pytest.raises(KnownError, match=r"--every .* makes no sense"):
            prepare(three_scenes, tmp_path / "out", size=8, frames=Frames(every))
