"""Steps between upright and fitted: one picture becomes several, or none, and says so."""

import pickle
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from training.data.fitting.decode import Skipped, to_png
from training.data.fitting.fit import Fit
from training.data.fitting.steps import Batch, Given, Item, LeftOut, Made, Outcome, Plan, work


@dataclass(frozen=True)
class Halves:
    """Left and right."""

    told: str = "halves"

    def __call__(self, image: Image.Image) -> Sequence[Image.Image | Skipped]:
        middle = image.width // 2
        return [
            image.crop((0, 0, middle, image.height)),
            image.crop((middle, 0, image.width, image.height)),
        ]


@dataclass(frozen=True)
class NoDark:
    """Leaves out what is dark."""

    told: str = "no dark"

    def __call__(self, image: Image.Image) -> Sequence[Image.Image | Skipped]:
        if np.asarray(image).mean() < 100:
            raise Skipped("is dark")
        return [image]


@dataclass(frozen=True)
class OneOfTwo:
    """Finds two, of which one is of no use."""

    told: str = "one of two"

    def __call__(self, image: Image.Image) -> Sequence[Image.Image | Skipped]:
        return [Skipped("looks away"), image]


def half_dark() -> bytes:
    pixels = np.full((16, 32, 3), 200, np.uint8)
    pixels[:, :16] = 10
    return to_png(pixels)


def said(outcomes: Sequence[Outcome]) -> list[tuple[str, object]]:
    return [
        (each.file, each.reason if isinstance(each, LeftOut) else int(each.pixels.mean()))
        for each in outcomes
    ]


def test_parts_are_named_after_the_whole_and_left_out_one_by_one() -> None:
    outcomes = Plan(Fit(8), (Halves(), NoDark())).outcomes("a/b.png", half_dark)
    assert said(outcomes) == [("a/b.png#2", 200), ("a/b.png#1", "is dark")]


def test_steps_follow_one_another_and_their_parts_too() -> None:
    outcomes = Plan(Fit(8), (Halves(), Halves())).outcomes("b.png", half_dark)
    assert [name for name, _ in said(outcomes)] == [f"b.png#{n}#{m}" for n in "12" for m in "12"]


def test_a_part_may_be_left_out_by_the_step_that_found_it() -> None:
    outcomes = Plan(Fit(8), (OneOfTwo(),)).outcomes("b.png", half_dark)
    assert said(outcomes) == [("b.png#2", 105), ("b.png#1", "looks away")]


def test_tiles_come_after_the_steps_and_are_numbered_alike() -> None:
    outcomes = Plan(Fit(8, how="tiles", step=8), (Halves(),)).outcomes("b", half_dark)
    assert [name for name, _ in said(outcomes)] == [f"b#{n}#{m}" for n in "12" for m in "1234"]


def test_a_grey_dataset_shows_its_steps_the_colours() -> None:
    @dataclass(frozen=True)
    class Sees:
        told: str = "sees"

        def __call__(self, image: Image.Image) -> Sequence[Image.Image | Skipped]:
            assert image.mode == "RGB"
            return [image]

    (made,) = Plan(Fit(8, grey=True), (Sees(),)).outcomes("a", half_dark)
    assert isinstance(made, Made)
    assert made.pixels.shape == (8, 8, 1)


def test_work_crosses_to_other_processes_and_back() -> None:
    plan = Plan(Fit(8), (Halves(), NoDark()))
    items = (Item("a", "a", Given(half_dark())), Item("b", "b", Given(Skipped("is gone"))))
    batch = pickle.loads(pickle.dumps(Batch(plan, items, 0.5)))
    there, gone = pickle.loads(pickle.dumps(work(batch)))
    assert said(there) == [("a#2", 200), ("a#1", "is dark")]
    assert gone == (LeftOut("b", "is gone"),)
    assert batch.done == 0.5
