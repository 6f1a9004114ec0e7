"""Watching a stranger's generator paint, to know how to rewrite it. Runs in the child alone."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from explorer.core.errors import KnownError
from explorer.models import rewrite
from explorer.models.feeds import Feeds, Painted, check_feeds, last_two_alike
from explorer.models.foreign import (
    PAINTS,
    Inputs,
    Picture,
    Seen,
    Wishes,
    choose_image,
    choose_inputs,
    choose_picture,
    cut_off,
)
from explorer.models.graphs import OPSET, check_graph
from explorer.models.sessions import is_out_of_memory, open_session, run_session
from explorer.models.vet import Found

if TYPE_CHECKING:
    import onnx
    from onnxruntime import InferenceSession

_SEEDS = 8
_LENGTHS = (0.5, 1.0, 2.0, 4.0)  # of the latents that are tried, in ordinary lengths
_KEPT = 1 << 16  # numbers kept of a picture
_RGB, _LEVELS = 2e-3, 1  # how far the rewritten graph may be off, of 2 and of 255
_TOLD_CUT = 0.01  # of what was painted
_TRAINING = (
    "paints each picture by its neighbours, as in training; export it in its mode for use (eval() "
    "in PyTorch)."
)
_WORDS = {"nchw": "(n, c, h, w)", "nhwc": "(n, h, w, c)"}


def observed(
    content: bytes, wishes: Wishes, id: str, *, name: str, reach: Callable[[float], None]
) -> tuple[bytes, Found]:
    """Try a model that ``check_graph`` let pass, and rewrite it as the bundle ``id`` has it.

    Raises:
        Undecided: the person has to say something that can't be observed.
        KnownError: it can't become a bundle.
    """
    model = rewrite.parse(content, name=name)
    if rewrite.is_training(model):
        raise KnownError(f"{name} {_TRAINING}")
    inputs = choose_inputs(rewrite.inputs(model), wishes, name=name)
    feeds = Feeds(inputs, wishes)
    image, baseline = _first_picture(model, feeds, wishes, name)
    reach(0.1)
    model, session = _freed(model, feeds, image, baseline, name)
    doubtful = last_two_alike(session, feeds, image, name=name)
    reach(0.2)
    seen = _seen(session, feeds, image, name, lambda done: reach(0.2 + 0.7 * done))
    picture = choose_picture(seen, wishes, name=name)
    graph = rewrite.rewritten(model, inputs, image, picture, wishes.z, id)
    check_graph(graph, id=id, name=f"{name}, rewritten,")
    rgb, levels = _apart(graph, session, feeds, image, picture, name)
    reach(1.0)
    found = Found(
        z_dim=inputs.latent.count,
        classes=0 if inputs.label is None else inputs.label.count,
        height=picture.height,
        width=picture.width,
        channels=picture.channels,
        rgb_max_abs=rgb,
        image_max_levels=levels,
        told=tuple(_told(inputs, image, seen, picture, wishes, doubtful)),
    )
    return graph, found


def _first_picture(
    model: "onnx.ModelProto", feeds: Feeds, wishes: Wishes, name: str
) -> tuple[str, Painted]:
    """Which output is the picture, and what it is for the first seeds as the file came."""
    gives = rewrite.outputs(model)
    outputs = [each.name for each in gives if each.kind in PAINTS]
    if not outputs:
        raise KnownError(
            f"{name} gives {' and '.join(map(str, gives))}, and no picture is of such numbers; "
            "export it in float32."
        )
    session = _opened(model, name)
    check_feeds(session, feeds, outputs, name=name)
    fed = feeds.theirs(feeds.ours(0, feeds.inputs.batch or 1))
    found = run_session(session, fed, outputs, name=name)
    arrays = {key: value for key, value in found.items() if isinstance(value, np.ndarray)}
    image = choose_image(
        {key: (a.shape, str(a.dtype)) for key, a in arrays.items()}, wishes, name=name
    )
    if len(arrays[image]) != (feeds.inputs.batch or 1):
        raise KnownError(
            f"{name} paints {len(arrays[image])} pictures from {feeds.inputs.batch or 1} latents; "
            "export it so that each latent is one picture."
        )
    again = run_session(session, fed, [image], name=name)[image]
    if not np.array_equal(arrays[image], again, equal_nan=True):
        raise KnownError(
            f"{name} paints another picture each time, so nothing could be kept; export it in "
            "its mode for use, with its noise fixed."
        )
    return image, arrays[image]


def _freed(
    model: "onnx.ModelProto", feeds: Feeds, image: str, baseline: Painted, name: str
) -> tuple["onnx.ModelProto", "InferenceSession"]:
    """The same generator in the contract's opset, for any number of pictures."""
    batch = len(baseline)
    first = feeds.theirs(feeds.ours(0, batch))
    one, three = (feeds.theirs(feeds.ours(0, count)) for count in (1, 3))
    is_converted = mixes = False
    for candidate in rewrite.converted(model):
        for free in rewrite.any_number(candidate, image, batch):
            try:
                session = _session(free, name)
                again = run_session(session, first, [image], name=name)[image]
                if not _alike(again, baseline):
                    continue
                is_converted = True
                alone = run_session(session, one, [image], name=name)[image]
                many = run_session(session, three, [image], name=name)[image]
            except KnownError as error:
                if is_out_of_memory(error):
                    raise
                continue  # the next way may do
            if len(many) == 3 and _alike(many[:1], alone):
                return free, session
            mixes = mixes or len(many) == 3
    number = rewrite.opset(model)
    if not is_converted and number != OPSET:
        raise KnownError(
            f"{name} is of opset {number} and can't be brought to {OPSET}; export it with "
            f"opset_version={OPSET}."
        )
    if mixes:
        raise KnownError(f"{name} {_TRAINING}")
    count = "one picture" if batch == 1 else f"{batch} pictures"
    if feeds.inputs.batch is None:
        raise KnownError(
            f"{name} says that it paints any number of pictures and can paint only {count} at a "
            "time; export it anew, without that number inside."
        )
    raise KnownError(
        f"{name} paints {count} at a time and can't be made to paint another number; export it "
        "with a batch of any size (dynamic_axes or dynamic_shapes)."
    )


def _seen(
    session: "InferenceSession",
    feeds: Feeds,
    image: str,
    name: str,
    reach: Callable[[float], None],
) -> Seen:
    """Paint short and long latents, and keep what tells of the range."""
    typical: list[NDArray[np.float32]] = []
    far: list[NDArray[np.float32]] = []
    first: Painted | None = None
    varies = False
    for seed in range(_SEEDS):
        for length in _LENGTHS:
            fed = feeds.theirs(feeds.ours(seed, 1, length))
            painted = run_session(session, fed, [image], name=name)[image]
            numbers = _few(painted)
            if length <= 1 and not np.isfinite(numbers).all():
                raise KnownError(f"{name} paints numbers that are not finite; export it anew.")
            first = painted if first is None else first
            varies = varies or not np.array_equal(first, painted)
            (typical if length <= 1 else far).append(numbers[np.isfinite(numbers)])
        reach((seed + 1) / _SEEDS)
    if first is None or not varies:
        raise KnownError(
            f"{name} paints the same picture whatever its latent; name another input or output, "
            "or export it anew."
        )
    ordinary = np.concatenate(typical)
    return Seen(first.shape, str(first.dtype), ordinary, np.concatenate([ordinary, *far]))


def _apart(
    graph: bytes,
    session: "InferenceSession",
    feeds: Feeds,
    image: str,
    picture: Picture,
    name: str,
) -> tuple[float, int]:
    """How far the rewritten graph is from what the stranger's own painted.

    Raises:
        KnownError: farther than rounding.
    """
    new = open_session(graph, name=f"{name}, rewritten,")
    ours = feeds.ours(0, 3)
    made = run_session(new, ours, ["image", "rgb"], name=f"{name}, rewritten,")
    rgb = _as_rgb(run_session(session, feeds.theirs(ours), [image], name=name)[image], picture)
    levels = np.clip(np.round((made["rgb"] + 1) * np.float32(127.5)), 0, 255)
    if made["rgb"].shape != rgb.shape or made["image"].shape != rgb.shape:
        raise KnownError(f"{name} can't be rewritten: it paints other sizes then; export it anew.")
    inside = np.abs(np.clip(made["rgb"], -1.5, 1.5) - np.clip(rgb, -1.5, 1.5))
    apart = float(inside.max())
    off = int(np.abs(made["image"].astype(int) - levels.astype(int)).max())
    if not apart <= _RGB or off > _LEVELS:
        raise KnownError(
            f"{name} can't be rewritten: it would be off by {apart:.2g} and {off} levels; "
            "export it anew."
        )
    return apart, off


def _as_rgb(painted: Painted, picture: Picture) -> NDArray[np.float32]:
    """(n, height, width, channels) in [-1, 1], in numpy: what the rewritten graph must come to."""
    height, width, channels = picture.height, picture.width, picture.channels
    rgb = painted.astype(np.float32)
    if picture.layout == "nchw":
        rgb = rgb.reshape(-1, channels, height, width).transpose(0, 2, 3, 1)
    else:
        rgb = rgb.reshape(-1, height, width, channels)
    if picture.range == "-1,1":
        return rgb
    return rgb / np.float32(0.5 if picture.range == "0,1" else 127.5) - np.float32(1)


def _opened(model: "onnx.ModelProto", name: str) -> "InferenceSession":
    """The graph as it came."""
    try:
        return _session(model, name)
    except KnownError as error:
        number = rewrite.opset(model)
        if number <= OPSET or is_out_of_memory(error):
            raise
        raise KnownError(
            f"{name} is of opset {number}, and can't be opened as such; export it with "
            f"opset_version={OPSET}."
        ) from error


def _session(model: "onnx.ModelProto", name: str) -> "InferenceSession":
    return open_session(model.SerializeToString(), name=name)


def _alike(one: Painted, other: Painted) -> bool:
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    a, b = one.astype(np.float64), other.astype(np.float64)
    scale = max(1.0, float(np.abs(b[np.isfinite(b)]).max(initial=0)))
    slack = 0.02 if one.dtype == np.float16 else _RGB
    return np.allclose(a, b, rtol=0, atol=slack * scale, equal_nan=True)


def _few(painted: Painted) -> NDArray[np.float32]:
    """Some numbers of a picture, its least and its most among them."""
    numbers = painted.reshape(-1).astype(np.float32)
    kept = numbers[:: max(1, len(numbers) // _KEPT)]
    return np.concatenate([kept, [numbers.min(), numbers.max()]]).astype(np.float32)


def _told(
    inputs: Inputs,
    image: str,
    seen: Seen,
    picture: Picture,
    wishes: Wishes,
    doubtful: bool,
) -> Iterator[tuple[str, str]]:
    """What was found, for the person to look over; ``doubtful`` that it has so many classes."""
    latent, label = inputs.latent, inputs.label
    ones = ", 1, 1" if latent.rank == 4 else ""
    kind = "evenly spread between -1 and 1" if wishes.z == "uniform" else "normally distributed"
    yield "latent", f"{latent.name[:80]!r}, (n, {latent.count}{ones}), taken as {kind}"
    if label is not None:
        how = "by number" if label.is_index else "one share each"
        if doubtful:
            how += "; the last two are painted exactly alike, so it may know fewer"
        yield "classes", f"{label.name[:80]!r}, {label.count} classes, {how}"
    colours = "grey" if picture.channels == 1 else "RGB"
    form = f"flat, as {_WORDS[picture.layout]}" if picture.flat else _WORDS[picture.layout]
    low, high = float(seen.typical.min()), float(seen.typical.max())
    yield "picture", f"{image[:80]!r}, {form}, {picture.width}x{picture.height} {colours}"
    said = "as you said" if wishes.range else "observed"
    cut = cut_off(seen, picture.range)
    lost = f"; {cut:.0%} of it is cut off" if cut >= _TOLD_CUT else ""
    painted = f"it painted {low:.3g} to {high:.3g} ({seen.kind}){lost}"
    yield "range", f"[{picture.range}], {said}: {painted}"
