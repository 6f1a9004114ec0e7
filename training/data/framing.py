"""What a dataset says of how its pictures came to lie as they do, however often they were prepared."""

import re
from collections.abc import Sequence

from training.data.card import Framing, Prepared
from training.data.fitting.steps import Plan

_PADDING = re.compile(r"(\d{1,4})x(\d{1,4})\+(\d{1,4})\+(\d{1,4}) on (#[0-9a-f]{6})")
_OF_THIS_TIME = {"sources", "classes", "rejected"}  # of `prepared`: no earlier one has a say in it


def framing(
    prepared: Prepared, plan: Plan, align: str | None, before: Framing | None = None
) -> Framing:
    """What is true of pictures that came through ``plan``.

    Args:
        prepared: the settings of ``plan``.
        plan: what was done to them now.
        align: what is to be said of the step among it that aligns.
        before: how all of them were framed when they came, as those of a dataset were.
    """
    fit = plan.fit
    now = Framing(width=fit.size, fit=fit.how, padding=fit.padding, align=align, prepared=prepared)
    if before is None:
        return now
    then = before.prepared
    stays = not plan.steps and fit.inner is None
    if not stays or (fit.how == "tiles" and fit.covered < before.width):
        if then is not None:
            told = {"every_s": then.every_s, "scenes": then.scenes}
            prepared = prepared.model_copy(update={"steps": then.steps + prepared.steps, **told})
        return now.model_copy(update={"align": align or before.align, "prepared": prepared})
    # The square stayed whole, if perhaps of another size: all that was said of it still holds.
    scale = fit.size / before.width
    if then is not None:
        settings = {name: getattr(then, name) for name in Prepared.model_fields}
        for side in ("width", "height"):
            settings[side] = min(fit.size, max(1, round(settings[side] * scale)))
        own = {name: getattr(prepared, name) for name in _OF_THIS_TIME}
        prepared = Prepared(**settings | own)
    padding = scaled(before.padding, scale)
    return before.model_copy(update={"width": fit.size, "padding": padding, "prepared": prepared})


def common(framings: Sequence[Framing | None]) -> Framing | None:
    """What holds for all of several sources; None where they differ or one came as it was."""
    first, *others = framings or [None]
    return first if all(_told(each) == _told(first) for each in others) else None


def scaled(padding: str | None, scale: float) -> str | None:
    """The padding of pictures that are ``scale`` times as large now; None where it can't be told."""
    found = _PADDING.fullmatch(padding or "")
    if found is None:  # a card may come from anywhere
        return padding if scale == 1 else None
    width, height, left, top = (round(int(number) * scale) for number in found.groups()[:4])
    return f"{width}x{height}+{left}+{top} on {found[5]}"


def _told(framing: Framing | None) -> object:
    return framing and framing.model_dump(exclude={"prepared": _OF_THIS_TIME})
