"""The block a mask is carved from, and what is known of every point of it."""

from dataclasses import dataclass, field

import numpy as np

from training.data.masks.factors import MaskFactors
from training.data.masks.fields import Field, smooth
from training.data.masks.frame import Frame, Proportions, frame


@dataclass(slots=True)
class Carving:
    """A mask under the knife. All fields are float32 (n, n); lengths are in head units.

    ``x`` and ``y`` go across the picture, ``u`` and ``v`` from the middle of the nearest face,
    ``s`` and ``t`` as ``u`` and ``v`` but along the skin, so that what is cut or painted by them
    follows the form. ``height`` rises towards the viewer; ``base`` is the smooth block it was cut
    from. The others are shares in [0, 1]: what is covered by ``head`` and by ``outgrowth`` (crest,
    ears, beard), what is ``fibre`` instead of the mask's material, ``pierced`` through, ``accent``
    (raised parts a painter would pick out), ``shell`` (inlaid white), ``brass``, ``glass``,
    ``raw`` (broken open) and ``soot`` (singed dark).
    """

    x: Field
    y: Field
    u: Field
    v: Field
    s: Field
    t: Field
    radius: Field
    scale: Field | float
    wide: float
    shape: Proportions
    pixel: float
    base: Field
    height: Field
    head: Field
    outgrowth: Field
    fibre: Field
    pierced: Field
    accent: Field
    shell: Field
    brass: Field
    glass: Field
    raw: Field
    soot: Field
    beads: Field = field(init=False)  # of glass: a number for the colour of each

    def __post_init__(self) -> None:
        self.beads = np.zeros_like(self.height)

    @property
    def n(self) -> int:
        return len(self.height)

    @property
    def cover(self) -> Field:
        return np.maximum(self.head, self.outgrowth)

    def edge(self, distance: Field, softness: float = 1.0) -> Field:
        """1 inside a signed distance, 0 outside, about a pixel between."""
        half = self.pixel * softness
        return smooth(half, -half, distance)

    def pick_out(self, share: Field) -> None:
        """Mark what a painter would give a colour of its own."""
        self.accent = np.maximum(self.accent, share)

    def pierce(self, share: Field) -> None:
        """Cut through to the dark behind."""
        self.height -= 0.16 * share
        self.pierced = np.maximum(self.pierced, share)

    def swell(self, share: Field, by: float) -> None:
        """Raise the head's own skin."""
        self.height += by * share * self.head

    def add(self, share: Field, top: Field) -> None:
        """Leave standing, where ``share``, whatever rises to ``top`` over the skin there."""
        self.height += share * np.maximum(top - self.height, 0)

    def behind(self, share: Field, height: Field, fibre: float = 0.0) -> None:
        """Let something grow behind the head and behind what grew before."""
        free = share * (1 - self.cover)
        self.height += height * free
        self.fibre += fibre * free
        self.outgrowth = np.maximum(self.outgrowth, share)


def block(factors: MaskFactors, n: int) -> Carving:
    """The bare head or heads, domes without a face."""
    at: Frame = frame(factors, n)
    shape = at.shape
    dome = shape.depth * np.clip(1 - at.radius**2.3, 0, 1) ** 0.55
    # Along a sphere the way from the middle to a point is longer than it looks.
    longer = np.arcsin(np.clip(at.radius, 0.01, 0.985)) / np.clip(at.radius, 0.01, 0.985)
    empty = np.zeros((n, n), np.float32)
    return Carving(
        x=at.x,
        y=at.y,
        u=at.u,
        v=at.v,
        s=at.u * longer,
        t=at.v * longer,
        radius=at.radius,
        scale=at.scale,
        wide=at.wide,
        shape=shape,
        pixel=at.pixel,
        base=dome,
        height=dome + 0.06 * smooth(at.pixel, -at.pixel, (at.radius - 1) * shape.width),
        head=smooth(at.pixel, -at.pixel, (at.radius - 1) * shape.width),
        outgrowth=empty.copy(),
        fibre=empty.copy(),
        pierced=empty.copy(),
        accent=empty.copy(),
        shell=empty.copy(),
        brass=empty.copy(),
        glass=empty.copy(),
        raw=empty.copy(),
        soot=empty.copy(),
    )
