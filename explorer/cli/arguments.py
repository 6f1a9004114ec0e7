"""Options that several commands read alike."""

import re
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from explorer.upscale.stages import Stage
    from explorer.upscale.upscaler import Upscalers

TWO_STAGE = "two-stage"


def parse_size(text: str) -> tuple[int, int]:
    """Read ``"1024x768"``, width first, in pixels.

    Raises:
        typer.BadParameter: it is no size, or one that no picture has.
    """
    from explorer.gallery.chunks import MAX_PIXELS
    from explorer.upscale.stages import MAX_SIDE

    match = re.fullmatch(r"\s*([0-9]{1,9})\s*[x×X]\s*([0-9]{1,9})\s*", text, re.ASCII)
    if match is None:
        raise typer.BadParameter(f"{text!r} is not like 1024x768", param_hint="--size")
    width, height = int(match[1]), int(match[2])
    if min(width, height) < 1 or max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise typer.BadParameter(
            f"a picture has 1 to {MAX_SIDE:,} pixels a side and at most "
            f"{MAX_PIXELS / 1e6:.0f} million, not {text}",
            param_hint="--size",
        )
    return width, height


def parse_upscale(text: str | None, upscalers: "Upscalers") -> "tuple[Stage, ...] | None":
    """Read ``"two-stage"`` or a list of upscalers; None stays None, raises as ``plan`` does."""
    from explorer.upscale.stages import TWO_STAGES

    if text is None:
        return None
    return upscalers.plan(TWO_STAGES if text == TWO_STAGE else text)
