"""What a network that cuts out a subject takes and gives: observed once, in the child."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from explorer.core.errors import KnownError
from explorer.models.sessions import open_session, run_session
from training.data.align.apart import Form, Masked, Range
from training.data.fitting.fit import Pixels

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

Mask: TypeAlias = NDArray[np.float32]
"""How much of each pixel is subject: ``(height, width)`` in [0, 1]."""

_SIDE = 320  # pixels, where a network takes any size
_MAX_SIDE, _MIN_SIDE = 4096, 4
_KINDS = {"tensor(float)": "float32", "tensor(float16)": "float16", "tensor(uint8)": "uint8"}
_MEAN = np.array([0.485, 0.456, 0.406], np.float32)  # of ImageNet's pictures, in [0, 1]
_SPREAD = np.array([0.229, 0.224, 0.225], np.float32)
_GREY = np.array([0.299, 0.587, 0.114], np.float32)
_ROUNDING = 0.01


def observed(path: Path, said: Range | None) -> Masked:
    """Run a network, which passed ``check_graph``, on pictures that are easy to make.

    Raises:
        KnownError: it does not take one picture and give one mask, or its range is not clear.
    """
    from explorer.models.rewrite import parse

    content = path.read_bytes()
    parse(content, name=str(path))
    session = open_session(content, threads=1, name=str(path))
    told = _input(session, path)
    if told["kind"] == "uint8":
        if said not in (None, "0,255"):
            raise KnownError(f"{path} takes bytes, whose range is 0,255; leave the range out.")
        said = "0,255"
    if said is None:
        raise KnownError(
            f"{path} takes floating-point pictures and does not say in which range: add "
            "--cut-out-range imagenet (as U²-Net and most do), 0,1, -1,1 or 0,255."
        )
    digest = hashlib.sha256(content).hexdigest()
    trial = Masked(sha256=digest, range=said, output="", form="logit", **told)
    noise = np.random.default_rng(0).integers(0, 256, (trial.height, trial.width, 3))
    pictures = [p.astype(np.uint8) for p in (noise, 0 * noise, 0 * noise + 255, np.sort(noise, 1))]
    names = [each.name for each in session.get_outputs()]
    answers = [run_session(session, _fed(p, trial), names, name=str(path)) for p in pictures]
    output = next((name for name in names if _is_mask(answers[0][name])), None)
    if output is None:
        shapes = " and ".join(f"{n[:80]!r} {np.shape(answers[0][n])}" for n in names[:4])
        raise KnownError(f"{path} gives {shapes}, and none of it is a mask; get another network.")
    planes = [_planes(answer[output]) for answer in answers]
    if not all(np.isfinite(each).all() for each in planes):
        raise KnownError(f"{path} gives masks that are not finite; get another network.")
    return trial.model_copy(update={"output": output, "form": _form(planes)})


def mask_of(session: "InferenceSession", net: Masked, pixels: Pixels, *, name: str) -> Mask:
    """The mask of a picture ``(height, width, 3)`` of the network's own size; its size may differ.

    Raises:
        KnownError: the network fails, or gives something else than it did when it was tried.
    """
    given = run_session(session, _fed(pixels, net), [net.output], name=name)[net.output]
    planes = _planes(given) if _is_mask(given) else np.full((1, 1, 1), np.nan)
    if not np.isfinite(planes).all():
        raise KnownError(f"{name} gave no finite mask this time; get another network.")
    values = planes.astype(np.float64)
    if net.form == "number":
        mask = (values[0] != 0) * 1.0
    elif net.form == "share":
        mask = values[0]
    elif net.form == "logit":
        mask = 1 / (1 + np.exp(-np.clip(values[0], -60, 60)))
    else:  # the first class is the background
        if net.form == "logits":
            values = np.exp(values - values.max(axis=0))
            values /= values.sum(axis=0)
        mask = 1 - values[0]
    clipped: Mask = np.clip(mask, 0, 1).astype(np.float32)
    return clipped


def _input(session: "InferenceSession", path: Path) -> dict[str, Any]:
    """What ``Masked`` says of the only input."""
    inputs = session.get_inputs()
    if len(inputs) != 1:
        takes = " and ".join(repr(each.name[:80]) for each in inputs[:4])
        raise KnownError(f"{path} takes {takes or 'nothing'} and not one picture; get another.")
    (each,) = inputs
    shape = [side if isinstance(side, int) and side > 0 else None for side in each.shape]
    takes = f"{each.name[:80]!r} {tuple(each.shape)} of {each.type}"
    if len(shape) != 4 or shape[0] not in (None, 1) or each.type not in _KINDS:
        raise KnownError(
            f"{path} takes {takes}, which is no picture of (1, 3, height, width) or "
            "(1, height, width, 3); get another."
        )
    first = shape[1] in (1, 3) or (shape[1] is None and shape[3] not in (1, 3))
    channels = shape[1 if first else 3] or 3
    height, width = (side or _SIDE for side in (shape[2:] if first else shape[1:3]))
    if channels not in (1, 3) or max(height, width) > _MAX_SIDE or min(height, width) < _MIN_SIDE:
        raise KnownError(f"{path} takes {takes}, which is no picture; get another.")
    told = {"input": each.name, "kind": _KINDS[each.type], "channels_first": first}
    return told | {"channels": channels, "height": height, "width": width}


def _fed(pixels: Pixels, net: Masked) -> dict[str, Any]:
    values: NDArray[Any] = pixels.astype(np.float32)
    mean, spread = _MEAN, _SPREAD
    if net.channels == 1:
        values, mean, spread = (values @ _GREY)[..., None], mean.mean(), spread.mean()
    if net.range == "imagenet":
        values = (values / 255 - mean) / spread
    elif net.range == "0,1":
        values = values / 255
    elif net.range == "-1,1":
        values = values / np.float32(127.5) - 1
    elif net.kind == "uint8":
        values = np.rint(values)
    values = values.transpose(2, 0, 1) if net.channels_first else values
    return {net.input: np.ascontiguousarray(values[None].astype(net.kind))}


def _is_mask(given: Any) -> bool:
    if not isinstance(given, np.ndarray) or given.dtype.kind not in "fiub":
        return False
    if given.ndim not in (2, 3, 4) or (given.ndim == 4 and given.shape[0] != 1):
        return False
    return min(_planes(given).shape[1:]) >= _MIN_SIDE and given.size <= _MAX_SIDE**2 * 32


def _planes(given: NDArray[Any]) -> NDArray[Any]:
    """``(classes, height, width)``, whichever way round they came."""
    whole = given[0] if given.ndim == 4 else given[None] if given.ndim == 2 else given
    return whole if whole.shape[0] <= whole.shape[2] else whole.transpose(2, 0, 1)


def _form(tries: Sequence[NDArray[Any]]) -> Form:
    first = tries[0]
    if first.dtype.kind != "f":
        return "number"
    low, high = min(float(t.min()) for t in tries), max(float(t.max()) for t in tries)
    shares = low >= -_ROUNDING and high <= 1 + _ROUNDING
    if len(first) == 1:
        return "share" if shares else "logit"
    whole = all(np.allclose(t.sum(axis=0), 1, atol=_ROUNDING) for t in tries)
    return "shares" if shares and whole else "logits"
