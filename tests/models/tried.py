"""Strangers' files, tried in this process as the child does it in its own."""

from typing import Any

import numpy as np
import pytest

from explorer.core.errors import KnownError
from explorer.latent.seeds import seed_latent
from explorer.models.foreign import Wishes
from explorer.models.graphs import check_graph
from explorer.models.observe import observed
from explorer.models.sessions import open_session
from explorer.models.vet import Found

from . import strangers

Stranger: Any = strangers.Stranger  # whose words are drawn from lists


def tried(stranger: Any, **wishes: Any) -> tuple[bytes, Found]:
    content = stranger.bytes if isinstance(stranger, Stranger) else stranger.SerializeToString()
    check_graph(content, id=None, name="moons.onnx")
    return observed(content, Wishes(**wishes), "moons", name="moons.onnx", reach=lambda at: None)


def answer(stranger: Any, **wishes: Any) -> str:
    """The sentence with which it is refused."""
    with pytest.raises(KnownError) as refused:
        tried(stranger, **wishes)
    return str(refused.value)


def paints_alike(stranger: Any, graph: bytes, *, slack: int = 1) -> None:
    """Compare the rewritten graph, for one and for several, with the arithmetic done by hand."""
    check_graph(graph, id="moons", name="moons")
    session = open_session(graph)
    for count in (1, 5):
        fed = {"z": np.stack([seed_latent(seed, strangers.DIM) for seed in range(count)])}
        label = None
        if stranger.label:
            label = np.eye(strangers.CLASSES, dtype=np.float32)[
                np.arange(count) % strangers.CLASSES
            ]
            fed["label"] = label
        assert {each.name for each in session.get_inputs()} == fed.keys()
        image, rgb = session.run(["image", "rgb"], fed)
        expected = stranger.paints(fed["z"], label)
        assert image.dtype == np.uint8
        assert rgb.dtype == np.float32
        assert image.shape == rgb.shape == expected.shape
        levels = np.clip(np.round((expected + 1) * 127.5), 0, 255)
        assert np.abs(image - levels).max() <= slack
        assert np.abs(rgb - expected).max() <= slack * 2 / 255
