"""What each graph of a bundle takes and gives, as its card has it, and opening it so."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from explorer.core.errors import KnownError
from explorer.models.bundle import Bundle
from explorer.models.card import Card
from explorer.models.graphs import check_graph
from explorer.models.sessions import open_session, run_session

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

Shape: TypeAlias = tuple[int | None, ...]
"""Sizes of a tensor; None where any will do."""

NEXT = "next_"
"""Before the name of what a stage both takes and gives: ONNX has one name for one tensor."""

_FLOAT, _BYTE = "tensor(float)", "tensor(uint8)"


@dataclass(frozen=True, slots=True)
class Graph:
    """One file of the bundle: what it is fed and what it gives, by name, with its session."""

    name: str  # what a complaint calls it
    session: "InferenceSession"
    feeds: Mapping[str, Shape]
    gives: Mapping[str, tuple[str, Shape]]

    def run(self, fed: dict[str, Any], count: int) -> dict[str, Any]:
        """Compute every output for ``count`` points, which may be none.

        Raises:
            KnownError: it fails, or gives another shape or type than its card says.
        """
        if count == 0:
            return {
                key: np.zeros([0, *(side or 0 for side in shape[1:])], _dtype(kind))
                for key, (kind, shape) in self.gives.items()
            }
        found = run_session(self.session, fed, list(self.gives), name=self.name)
        for key, (kind, shape) in self.gives.items():
            expected: Shape = (count, *shape[1:])
            if found[key].dtype != _dtype(kind) or not fits(found[key].shape, expected):
                raise KnownError(
                    f"{self.name} gives {key} as {said(found[key].shape)} of {found[key].dtype} "
                    f"where its card says {said(expected)} of {_dtype(kind).__name__}; get the model again."
                )
        return found


def open_graphs(bundle: Bundle, *, threads: int | None) -> list[Graph]:
    """Open each graph of the bundle, the mapping first where there is one.

    Raises:
        KnownError: one is not what a bundle may hold, or not what the card claims.
    """
    return [
        _open_graph(bundle, file, feeds, gives, threads)
        for file, feeds, gives in _expected(bundle.card)
    ]


def fits(found: Shape, expected: Shape) -> bool:
    return len(found) == len(expected) and all(
        b is None or a == b for a, b in zip(found, expected, strict=True)
    )


def said(shape: Shape) -> str:
    """The sizes as a sentence has them."""
    return " × ".join("n" if side is None else str(side) for side in shape) or "one number"


def _expected(
    card: Card,
) -> Iterator[tuple[str, dict[str, Shape], dict[str, tuple[str, Shape]]]]:
    """Each graph's file, what it is fed and what it must give, in the order they run."""
    label: dict[str, Shape] = {"label": (None, len(card.classes))} if card.classes else {}
    from_z: dict[str, Shape] = {"z": (None, card.z_dim)} | label
    if card.stages is None:
        picture: Shape = (None, card.height, card.width, card.channels)
        yield "synthesis.onnx", from_z, {"image": (_BYTE, picture), "rgb": (_FLOAT, picture)}
        return

    yield "mapping.onnx", from_z, {"w": (_FLOAT, (None, card.dim))}
    from_ws: dict[str, Shape] = {"ws": (None, card.num_ws, card.dim)}
    if card.noise:
        from_ws["noise_scale"] = ()
    carried: dict[str, Shape] = {}
    for file, side in zip(card.synthesis_files, card.stages, strict=True):
        picture = (None, side, side, card.channels)
        feeds = from_ws | carried
        carried = {
            "features": (None, None, side, side),
            "skip": (None, card.channels, side, side),
        }
        if side == card.stages[-1]:
            yield file, feeds, {"image": (_BYTE, picture), "rgb": (_FLOAT, picture)}
        else:
            given = {
                f"{NEXT}{key}" if key in feeds else key: (_FLOAT, shape)
                for key, shape in carried.items()
            }
            yield file, feeds, {"image": (_BYTE, picture)} | given


def _open_graph(
    bundle: Bundle,
    file: str,
    feeds: dict[str, Shape],
    gives: dict[str, tuple[str, Shape]],
    threads: int | None,
) -> Graph:
    name = f"{bundle.path}: {file}"
    model = bundle.content(file)
    check_graph(model, id=bundle.card.id, name=name)
    session = open_session(model, threads=threads, name=name)
    inputs = {given.name: given for given in session.get_inputs()}
    outputs = {given.name: given for given in session.get_outputs()}
    if inputs.keys() != feeds.keys():
        raise KnownError(
            f"{name} takes {', '.join(sorted(inputs)) or 'nothing'} where its card says "
            f"{', '.join(sorted(feeds))}; get the model again."
        )
    for key, shape in feeds.items():
        _check_tensor(name, inputs[key], _FLOAT, shape)
    for key, (kind, shape) in gives.items():
        if key not in outputs:
            raise KnownError(f"{name} gives no {key}, which its card promises; get it again.")
        _check_tensor(name, outputs[key], kind, shape)
    return Graph(name, session, feeds, gives)


def _check_tensor(name: str, tensor: Any, kind: str, shape: Shape) -> None:
    """Compare what the graph says of a tensor with the card; names of dimensions pass."""
    sides = tuple(side if isinstance(side, int) else None for side in tensor.shape)
    fixed = bool(sides) and sides[0] is not None  # it would paint one number of pictures only
    free = tuple(None if a is None else b for a, b in zip(sides, shape, strict=False))
    if tensor.type != kind or fixed or len(sides) != len(shape) or not fits(sides, free):
        raise KnownError(
            f"{name} has {tensor.name} as {said(sides)} of {tensor.type} where its card says "
            f"{said(shape)} of {kind}; get the model again."
        )


def _dtype(kind: str) -> type[np.float32] | type[np.uint8]:
    return np.float32 if kind == _FLOAT else np.uint8
