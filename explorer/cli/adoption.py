"""``explorer models add`` and ``check``: letting in what others made."""

import re
from collections import Counter
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from explorer.cli.arguments import parse_size
from explorer.cli.screen import (
    INTERRUPTED,
    give,
    give_table,
    mark,
    progress_bar,
    stoppable,
    tell,
)
from explorer.core.errors import KnownError

if TYPE_CHECKING:
    from explorer.models.foreign import Wishes
    from explorer.models.graphs import Contents


class Range(Enum):
    SIGNED = "-1,1"
    UNIT = "0,1"
    BYTES = "0,255"


class Layout(Enum):
    NCHW = "nchw"
    NHWC = "nhwc"


class Chance(Enum):
    NORMAL = "normal"
    UNIFORM = "uniform"


_MAX_CLASSES = 10_000

_LatentInput = Annotated[
    str | None, typer.Option(metavar="NAME", help="Which input is the latent.")
]
_LabelInput = Annotated[str | None, typer.Option(metavar="NAME", help="Which input is the class.")]
_ImageOutput = Annotated[
    str | None, typer.Option(metavar="NAME", help="Which output is the picture.")
]
_ZDim = Annotated[
    int | None, typer.Option(metavar="N", min=1, help="How many numbers the latent has.")
]
_Classes = Annotated[
    str | None,
    typer.Option(metavar="NAMES", help="Its classes in their order, as cat,dog; or how many."),
]
_Range = Annotated[
    Range | None, typer.Option("--range", help="Between which numbers it paints black and white.")
]
_Layout = Annotated[
    Layout | None,
    typer.Option(help="Whether it paints colour by colour (nchw) or pixel by pixel (nhwc)."),
]
_Size = Annotated[
    str | None, typer.Option(metavar="WxH", help="Its pixels, where it paints flat rows.")
]
_Z = Annotated[
    Chance,
    typer.Option(
        "--z", help="What its latents were in training: normal, or even between -1 and 1."
    ),
]


def add_model(
    file: Annotated[Path, typer.Argument(metavar="FILE.onnx", help="A generator from elsewhere.")],
    licence: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT", help="Under what licence you have it, such as CC-BY-4.0; needed."
        ),
    ] = None,
    id: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="Its id here; else as the file.")
    ] = None,
    title: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Its title; else as the file.")
    ] = None,
    description: Annotated[str, typer.Option(metavar="TEXT", help="What it paints.")] = "",
    credit: Annotated[
        list[str] | None,
        typer.Option(metavar="TEXT", help="Who made it; may be given several times."),
    ] = None,
    z: _Z = Chance.NORMAL,
    z_dim: _ZDim = None,
    classes: _Classes = None,
    range_: _Range = None,
    layout: _Layout = None,
    size: _Size = None,
    latent_input: _LatentInput = None,
    label_input: _LabelInput = None,
    image_output: _ImageOutput = None,
) -> None:
    """Add a generator that somebody else trained, from an ONNX file.

    It has to take a latent of (n, d) or (n, d, 1, 1) numbers, with a class
    beside it or not, and to paint (n, 3, h, w), (n, h, w, 3), (n, 1, h, w),
    (n, h, w, 1) or flat rows, in any of three ranges. Which of these it is, is
    found out by letting it paint in a process of its own, with limits on time
    and memory. What that can't tell is asked for: the answer names the option.
    Then the graph is rewritten, so that the model is like any other here.

    Nothing from the file is executed but its operators, and only standard ones.
    PyTorch writes such files with torch.onnx.export.

    Example:
      explorer models add moons.onnx --licence CC-BY-4.0 --credit "Ada Example"

      explorer models add digits.onnx --licence MIT --size 28x28 --classes 10
    """
    if licence is None or not licence.strip():
        raise typer.BadParameter(
            "say under what licence you have the model, or unknown; its card has to tell",
            param_hint="--licence",
        )
    wishes = _wishes(
        latent_input, label_input, image_output, z_dim, classes, range_, layout, size, z
    )

    from explorer.core.progress import Cancelled
    from explorer.models.adopt import About, adopt, id_of
    from explorer.models.library import Library, user_folder

    about = About(
        id=id or id_of(file),
        title=(title or "").strip() or file.stem or "untitled",
        licence=licence,
        description=description,
        credits=tuple(credit or ()),
    )
    for entry in Library().entries():
        if entry.card is not None and entry.card.id == about.id:
            raise KnownError(
                f"There is a model {about.id!r} already, and an id never means two; choose "
                "another --id."
            )
    with stoppable() as is_stopped, progress_bar("Trying it", 100, is_stopped) as progress:
        try:
            card, found = adopt(file, user_folder() / about.id, about, wishes, progress)
        except Cancelled:
            tell(f"Stopped; {about.id} was not added.")
            raise typer.Exit(INTERRUPTED) from None
    give_table(("", ""), [(f"{mark('✓')} {what}", how) for what, how in found.told])
    give(f"Added {card.title} as {card.id}; to see it: explorer --model {card.id}")


def check_model(
    model: Annotated[
        str, typer.Argument(help="A model's id, a bundle's path, or an .onnx from elsewhere.")
    ],
    z: _Z = Chance.NORMAL,
    z_dim: _ZDim = None,
    classes: _Classes = None,
    range_: _Range = None,
    layout: _Layout = None,
    size: _Size = None,
    latent_input: _LatentInput = None,
    label_input: _LabelInput = None,
    image_output: _ImageOutput = None,
) -> None:
    """Pass a model through the gate again, and say what was found.

    A bundle: each file against its card, each graph read for what it may not
    hold, then opened and painted with in a process of its own; what it tells
    of its training pictures read, if it does. A bundle that did not ship passes
    this gate by itself when it is first opened; here it always does. For an
    .onnx file it tells what `explorer models add` would make of it, and writes
    nothing.

    Example:
      explorer models check masks-64-r2

      explorer models check moons.onnx
    """
    from explorer.models.foreign import Undecided

    wishes = _wishes(
        latent_input, label_input, image_output, z_dim, classes, range_, layout, size, z
    )
    file = Path(model)
    if model.lower().endswith(".onnx"):
        from explorer.models.adopt import look
        from explorer.models.vet import read_model

        _, contents = read_model(file)
        rows = [("file", f"{_weighed(contents)}; nothing in it that may not be")]
        try:
            _, found = look(file, wishes)
        except Undecided as question:
            give_table(("", ""), [(f"{mark('✓')} {what}", how) for what, how in rows])
            give(f"{mark('·')} {question}")
            return
        rows += found.told
    else:
        from explorer.likeness.pack import read_bundle_pack
        from explorer.models.bundle import Bundle
        from explorer.models.library import Library
        from explorer.models.vet import vet

        bundle = Bundle.read(Library().find(model))
        rows = [("files", f"all {len(bundle.card.files)} are those that its card lists")]
        rows += [(name, _weighed(contents)) for name, contents in vet(bundle).items()]
        rows.append(("painting", "finite pictures, the same twice, in a process of its own"))
        pack = read_bundle_pack(bundle)
        if pack is not None:
            rows.append(("likeness", f"{len(pack):,} training pictures, with their credits"))
    give_table(("", ""), [(f"{mark('✓')} {what}", how) for what, how in rows])


def probe(folder: str) -> None:
    """Be the child process that tries a model, where the app is frozen."""
    from explorer.models.probe import main

    main(folder)


def _wishes(
    latent: str | None,
    label: str | None,
    image: str | None,
    z_dim: int | None,
    classes: str | None,
    range_: Range | None,
    layout: Layout | None,
    size: str | None,
    z: Chance,
) -> "Wishes":
    pixels = None if size is None else parse_size(size)
    names = () if classes is None else _class_names(classes)
    from explorer.models.foreign import Wishes

    return Wishes(
        latent=latent,
        label=label,
        image=image,
        z_dim=z_dim,
        classes=names,
        range=None if range_ is None else range_.value,
        layout=None if layout is None else layout.value,
        size=pixels,
        z=z.value,
    )


def _class_names(text: str) -> tuple[str, ...]:
    """``"cat,dog"`` or a number of classes without names."""
    if re.fullmatch(r"\s*[0-9]{1,9}\s*", text, re.ASCII):
        count = int(text)
        if not 1 <= count <= _MAX_CLASSES:
            raise typer.BadParameter(
                f"a model has 1 to {_MAX_CLASSES:,} classes", param_hint="--classes"
            )
        return tuple(f"class {number}" for number in range(count))
    names = tuple(name.strip() for name in text.split(","))
    if not all(names) or len(names) > _MAX_CLASSES:
        raise typer.BadParameter(f"{text[:80]!r} is not like cat,dog", param_hint="--classes")
    if doubled := next((name for name, times in Counter(names).items() if times > 1), None):
        raise typer.BadParameter(
            f"it names {doubled[:80]!r} twice; each class has a name of its own",
            param_hint="--classes",
        )
    return names


def _weighed(contents: "Contents") -> str:
    return (
        f"{contents.nodes:,} standard operators of opset {contents.opset}, "
        f"{contents.weights / 1e6:.1f} MB of weights"
    )
