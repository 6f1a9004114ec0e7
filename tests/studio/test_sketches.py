"""Small pictures are those of the large ones."""

import numpy as np
import pytest

from explorer.latent.expression import Seed

from .conftest import Desk, started


def test_small_pictures_are_those_of_the_large_ones(desk: Desk) -> None:
    studio = desk.studio
    studio.show_seed(3)
    studio.sketches.want([(studio.look, Seed(seed=3)), (studio.look, Seed(seed=9))])
    desk.work()

    small = studio.sketches.get((studio.look, Seed(seed=3)))

    assert small is not None
    assert np.abs(small.astype(int) - desk.painted[-1][1].pixels).max() <= 1


def test_large_pictures_are_sketched_small(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("explorer.studio.workroom._SKETCH", 16)
    started(desk)
    desk.studio.choose_model("golden-stylegan2")
    key = (desk.studio.look, Seed(seed=3))
    desk.studio.sketches.want([key])
    desk.work()

    sketch = desk.studio.sketches.get(key)

    assert sketch is not None
    assert sketch.shape == (16, 16, 3)
