"""dlib with the user's own files: eyes are found where they were taught, hostile files stop nothing."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from explorer.core.errors import KnownError
from training.data.align.dlib_landmarks import DlibLandmarks, _eyes, dlib_landmarks

dlib = pytest.importorskip("dlib")

SIDE = 120


def drawn(seed: int) -> tuple[Image.Image, tuple[int, int, int, int], list[tuple[int, int]]]:
    """A disc with two eyes and a nose; its box and the three points."""
    rng = np.random.default_rng(seed)
    x, y = (int(each) for each in rng.integers(50, 70, 2))
    image = Image.new("RGB", (SIDE, SIDE), (90, 90, 90))
    draw = ImageDraw.Draw(image)
    draw.ellipse((x - 35, y - 35, x + 35, y + 35), fill=(230, 190, 160))
    eyes = [(x - 14, y - 8), (x + 14, y - 8)]
    for ex, ey in eyes:
        draw.ellipse((ex - 5, ey - 5, ex + 5, ey + 5), fill=(20, 20, 60))
    draw.ellipse((x - 3, y + 6, x + 3, y + 14), fill=(150, 80, 70))
    return image, (x - 35, y - 35, x + 35, y + 35), [*eyes, (x, y + 10)]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A predictor of three landmarks and a detector, taught on drawings."""
    folder = tmp_path_factory.mktemp("dat")
    predictor, detector = folder / "points.dat", folder / "discs.svm"
    pictures, boxes, shapes = [], [], []
    for seed in range(12):
        image, box, points = drawn(seed)
        pictures.append(np.asarray(image))
        boxes.append([dlib.rectangle(*box)])
        parts = dlib.points([dlib.point(*point) for point in points])
        shapes.append([dlib.full_object_detection(dlib.rectangle(*box), parts)])
    options = dlib.shape_predictor_training_options()
    options.cascade_depth, options.num_trees_per_cascade_level = 4, 30
    options.oversampling_amount, options.num_test_splits, options.tree_depth = 10, 20, 2
    options.feature_pool_size, options.num_threads, options.be_verbose = 100, 1, False
    dlib.train_shape_predictor(pictures, shapes, options).save(str(predictor))
    teaching = dlib.simple_object_detector_training_options()
    teaching.C, teaching.num_threads, teaching.be_verbose = 5, 1, False
    dlib.train_simple_object_detector(pictures, boxes, teaching).save(str(detector))
    return predictor, detector


def test_eyes_are_found_where_they_were_taught(files: tuple[Path, Path]) -> None:
    settings = dlib_landmarks(*files, eyes="0/1")
    assert pickle.loads(pickle.dumps(settings)) == settings  # ours, as it goes to a worker
    image, _, (left, right, _) = drawn(99)
    (face,) = settings.open().faces(np.asarray(image))
    assert face.left == pytest.approx(left, abs=4)
    assert face.right == pytest.approx(right, abs=4)
    assert "points.dat" in settings.told
    assert "discs.svm" in settings.told


def test_which_landmarks_are_eyes_is_asked_for_where_it_is_not_known(
    files: tuple[Path, Path],
) -> None:
    for eyes, sentence in (
        (None, "finds 3 landmarks, and which of them are the eyes is not known"),
        ("0", "names no two eyes"),
        ("0/x", "names no two eyes"),
        ("0/3", "names landmarks that .* does not have: it finds 3"),
    ):
        with pytest.raises(KnownError, match=sentence):
            _eyes(files[0], 3, eyes)
    assert _eyes(files[0], 68, None)[0] == tuple(range(36, 42))
    assert _eyes(files[0], 9, "1,3-4/0")[:2] == ((1, 3, 4), (0,))


def hostile(files: tuple[Path, Path], name: str) -> bytes:
    content = bytearray(files[0].read_bytes())
    if name == "cut off":
        return bytes(content[: len(content) // 2])
    if name == "empty":
        return b""
    if name == "pickle":
        return pickle.dumps(print)
    if name == "vast":  # lengths of eight bytes are 8 and the number
        return b"\x01\x01" + b"\x08" + b"\xff" * 7 + b"\x7f" + bytes(content[3:])
    return bytes(content[:40]) + np.random.default_rng(0).bytes(len(content) - 40)


@pytest.mark.parametrize("name", ["cut off", "empty", "pickle", "vast", "noise"])
def test_a_hostile_landmark_file_ends_in_a_sentence(
    tmp_path: Path, files: tuple[Path, Path], name: str
) -> None:
    path = tmp_path / "bad.dat"
    path.write_bytes(hostile(files, name))
    with pytest.raises(KnownError) as refused:
        dlib_landmarks(path)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_is_no_file_is_refused_before_it_is_tried(tmp_path: Path) -> None:
    with pytest.raises(KnownError, match="can't be read: No such file"):
        dlib_landmarks(tmp_path / "none.dat")
    with pytest.raises(KnownError, match="is no file"):
        dlib_landmarks(tmp_path)


def test_a_file_that_changed_since_it_was_tried_is_not_opened(
    tmp_path: Path, files: tuple[Path, Path]
) -> None:
    path = tmp_path / "mine.dat"
    path.write_bytes(files[0].read_bytes())
    settings = DlibLandmarks(path, "0" * 64, (0,), (1,), None)
    with pytest.raises(KnownError, match="changed while it was used"):
        settings.open()
