"""Faces of real photographs: found, levelled and cut out, or left out with the reason."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from explorer.core.errors import KnownError
from training.data.align.step import AlignFaces, align_faces
from training.data.fitting.fit import Skipped
from training.data.prepare import prepare

pytest.importorskip("cv2")

PICTURES = Path(__file__).parents[3] / "pictures"
EYES = ((87, 100), (131, 103))  # of the astronaut, in pixels of the picture


@pytest.fixture
def astronaut() -> Image.Image:
    return Image.open(PICTURES / "astronaut.png", formats=["PNG"]).convert("RGB")


@pytest.fixture
def cat() -> Image.Image:
    return Image.open(PICTURES / "cat.png", formats=["PNG"]).convert("RGB")


def eyes_apart(face: Image.Image) -> float:
    """How unlike the two halves of the row of eyes are, of 255; small where a face is level."""
    grey = np.asarray(face.convert("L").resize((90, 90)), float)
    rows = grey[35:44]
    return float(np.abs(rows[:, :45] - rows[:, :44:-1]).mean())


@pytest.mark.parametrize("degrees", [-30, -12, 0, 12, 30])
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_face_comes_out_level_however_the_head_was_held(
    astronaut: Image.Image, degrees: int, mirrored: bool
) -> None:
    image = ImageOps.mirror(astronaut) if mirrored else astronaut
    (upright,) = align_faces()(image)
    turned = image.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=(120, 110, 110))
    (level,) = align_faces()(turned)
    assert isinstance(upright, Image.Image)
    assert isinstance(level, Image.Image)
    assert upright.width == upright.height == pytest.approx(1.5 * 3 * 44, abs=12)
    one, other = (
        np.asarray(each.resize((48, 48)).convert("L"), float) for each in (upright, level)
    )
    middle = np.s_[8:40, 8:40]
    likeness = np.corrcoef(one[middle].ravel(), other[middle].ravel())[0, 1]
    assert likeness > 0.9  # 0.97 to 1.00; 0.4 to 0.6 where it stays turned by 30 degrees


def test_a_cats_face_is_found_by_a_cats_eyes(cat: Image.Image) -> None:
    step = align_faces(subject="cat", margin=0.1)
    for image in (cat, ImageOps.mirror(cat)):
        (face,) = step(image)
        assert isinstance(face, Image.Image)
        assert face.width == pytest.approx(1.2 * 1.9 * 87, abs=12)
    with pytest.raises(Skipped, match="too near the picture's border for its margin"):
        align_faces(subject="cat")(cat)
    with pytest.raises(Skipped, match="shows no face that was found"):
        align_faces()(cat)


def hidden(image: Image.Image, *eyes: tuple[int, int]) -> Image.Image:
    image = image.copy()
    draw = ImageDraw.Draw(image)
    for x, y in eyes:
        draw.rectangle((x - 20, y - 14, x + 20, y + 14), fill=(214, 160, 130))
    return image


def beside(*images: Image.Image) -> Image.Image:
    whole = Image.new("RGB", (sum(each.width for each in images), max(i.height for i in images)))
    left = 0
    for each in images:
        whole.paste(each, (left, 0))
        left += each.width
    return whole


def test_of_several_faces_all_or_the_largest_are_cut_out(astronaut: Image.Image) -> None:
    half = astronaut.resize((150, 150))
    both = beside(half, astronaut, hidden(astronaut, EYES[1]))
    parts = align_faces()(both)
    assert [type(part) for part in parts].count(Image.Image) == 2
    assert [str(part) for part in parts if isinstance(part, Skipped)] == [
        "has one eye hidden or shut"
    ]
    first, *_, last = [part for part in parts if isinstance(part, Image.Image)]
    assert first.width > last.width
    (largest,) = align_faces(which="largest")(beside(half, astronaut))
    assert isinstance(largest, Image.Image)
    assert largest.width == pytest.approx(first.width, abs=3)


def test_what_can_not_be_used_is_listed_with_its_reason_and_never_guessed(
    tmp_path: Path, astronaut: Image.Image
) -> None:
    source = tmp_path / "people"
    source.mkdir()
    pictures = {
        "good": astronaut,
        "one-eye": hidden(astronaut, EYES[0]),
        "no-eyes": hidden(astronaut, *EYES),
        "cut": astronaut.crop((0, 40, 128, 220)),
        "tiny": astronaut.resize((40, 40)),
        "nobody": Image.effect_mandelbrot((200, 200), (-2, -1.5, 1, 1.5), 50).convert("RGB"),
        "grey": Image.new("RGB", (200, 200), "grey"),
        "line": Image.new("RGB", (3000, 2), "red"),
        "pixel": Image.new("RGB", (1, 1), "red"),
    }
    for name, image in pictures.items():
        image.save(source / f"{name}.png")
    step = align_faces()
    card = prepare(source, tmp_path / "out", size=32, steps=[step], align=step.told)
    reasons = {one.file: one.reason for one in card.skipped}
    assert card.count == 1
    assert set(reasons) == {f"{name}.png" for name in pictures} - {"good.png"}
    assert reasons["one-eye.png"] == "shows a face that has one eye hidden or shut"
    assert reasons["tiny.png"] == "shows a face that is too small to be levelled"
    assert reasons["cut.png"] == "shows a face that is cut by the picture's border"
    for name in ("nobody", "grey", "line", "pixel"):
        assert reasons[f"{name}.png"] == "shows no face that was found", name
    assert card.align == "faces: human, all faces, margin 0.25, by OpenCV's cascades"


def test_the_step_crosses_to_other_processes_and_does_the_same_there(
    astronaut: Image.Image,
) -> None:
    step = align_faces(margin=0.4)
    again: AlignFaces = pickle.loads(pickle.dumps(step))  # ours, as it goes to a worker
    assert again == step
    (one,), (other,) = step(astronaut), again(astronaut)
    assert isinstance(one, Image.Image)
    assert isinstance(other, Image.Image)
    assert one.tobytes() == other.tobytes()


def test_a_margin_leaves_more_around_a_face(astronaut: Image.Image) -> None:
    widths = []
    for margin in (0.0, 0.25, 0.4):
        (face,) = align_faces(margin=margin)(astronaut)
        assert isinstance(face, Image.Image)
        widths.append(face.width)
    assert widths[1] / widths[0] == pytest.approx(1.5, abs=0.02)
    assert widths[2] / widths[0] == pytest.approx(1.8, abs=0.02)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"subject": "dog"}, "--subject dog is none of human, cat"),
        ({"which": "first"}, "--faces first is none of all, largest"),
        ({"margin": -0.1}, "--margin -0.1 makes no sense"),
        ({"margin": float("nan")}, "--margin nan makes no sense"),
        ({"margin": 3.0}, "--margin 3 makes no sense"),
        ({"eyes": "1/2"}, "--eyes goes with --landmarks"),
        ({"detector": Path("d.dat")}, "--detector goes with --landmarks"),
    ],
)
def test_settings_that_make_no_sense_are_refused(
    settings: dict[str, object], sentence: str
) -> None:
    with pytest.raises(KnownError, match=sentence):
        align_faces(**settings)  # type: ignore[arg-type]  # of several kinds
