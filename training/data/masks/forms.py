"""The block a mask is carved from: outline, dome and planes of the head, and its place in the frame."""

from dataclasses import dataclass

import numpy as np

from training.data.masks.factors import MaskFactors
from training.data.masks.fields import Field, bell, noise, smooth

FILLED = 0.9
"""The share of the frame that the longest of crest, head and beard may fill."""

_SHAPES = {  # half width, exponent of the outline, narrowing of the chin and of the crown
    "oval": (0.68, 2.1, 0.12, 0.0),
    "oblong": (0.58, 3.4, 0.04, 0.04),
    "round": (0.93, 2.1, 0.0, 0.0),
    "almond": (0.66, 1.9, 0.34, 0.10),
    "heart": (0.86, 2.2, 0.50, 0.0),
    "shield": (0.74, 3.0, 0.42, 0.0),
    "pear": (0.76, 2.4, 0.0, 0.30),
    "lozenge": (0.80, 1.5, 0.06, 0.0),
}
_TOP = {
    "none": 0.0,
    "raffia": 0.10,
    "halo": 0.34,
    "comb": 0.42,
    "horns": 0.58,
    "ram": 0.16,
    "lobes": 0.34,
    "braids": 0.06,
    "beads": 0.22,
}
_SIDE = {
    "none": 0.0,
    "raffia": 0.30,
    "halo": 0.30,
    "comb": 0.0,
    "horns": 0.0,
    "ram": 0.38,
    "lobes": 0.06,
    "braids": 0.0,
    "beads": 0.18,
}
_BEARD = {"none": 0.0, "carved": 0.28, "raffia": 0.34}
_EARS = {"none": 0.0, "small": 0.12, "discs": 0.26}


@dataclass(frozen=True, slots=True)
class Proportions:
    """Lengths in head units: 1 is half the height of the head."""

    width: float  # half, at the widest
    exponent: float  # 2 an ellipse, more towards a rectangle, less towards a lozenge
    chin: float
    crown: float
    top: float  # how far the crest stands over the head
    bottom: float  # how far the beard hangs below it
    side: float  # how far crest or ears stand out
    depth: float


def proportions(factors: MaskFactors) -> Proportions:
    hand = factors.hand("proportions")
    width, exponent, chin, crown = _SHAPES[factors.shape]
    top = _TOP[factors.crest] * hand.between(0.85, 1.1)
    bottom = _BEARD[factors.beard] * hand.between(0.8, 1.1)
    fit = min(1.0, 0.6 / max(top + bottom, 0.1))  # a face must stay legible under tall horns
    return Proportions(
        width=width * hand.between(0.93, 1.07),
        exponent=exponent * hand.between(0.95, 1.06),
        chin=chin + hand.between(0, 0.08),
        crown=crown + hand.between(0, 0.05),
        top=top * fit,
        bottom=bottom * fit,
        side=max(_SIDE[factors.crest], _EARS[factors.ears]),
        depth=hand.between(0.46, 0.6),
    )


@dataclass(slots=True)
class Carving:
    """A mask under the knife. All fields are float32 (n, n); lengths are in head units.

    ``height`` rises towards the viewer. The others are shares in [0, 1]: what is covered by
    ``head`` and by ``outgrowth`` (crest, ears, beard), what is ``fibre`` instead of the mask's
    material, ``pierced`` through, ``accent`` (raised parts a painter would pick out) and ``shell``
    (inlaid white).
    """

    u: Field
    v: Field
    radius: Field
    shape: Proportions
    pixel: float
    height: Field
    head: Field
    outgrowth: Field
    fibre: Field
    pierced: Field
    accent: Field
    shell: Field

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
        self.height -= 0.12 * share
        self.pierced = np.maximum(self.pierced, share)

    def behind(self, share: Field, height: Field, fibre: float = 0.0) -> None:
        """Let something grow behind the head and behind what grew before."""
        free = share * (1 - self.cover)
        self.height += height * free
        self.fibre += fibre * free
        self.outgrowth = np.maximum(self.outgrowth, share)


def head_radius(u: Field, v: Field, shape: Proportions, notch: float) -> Field:
    """Share of the way from the middle to the outline: 1 on it."""
    below, above = np.clip(v, 0, 1.1), np.clip(-v, 0, 1.1)
    width = shape.width * (1 - shape.chin * below**2 - shape.crown * above**2)
    tall = np.abs(v)
    if notch:
        tall = tall * (1 + notch * bell(u, 0.36 * shape.width) * smooth(0.2, -0.6, v))
    p = shape.exponent
    return (np.abs(u / width) ** p + tall**p) ** (1 / p)


def block(factors: MaskFactors, n: int) -> Carving:
    """The bare head, set so that crest, head and beard together are in the middle of the frame."""
    hand, shape = factors.hand("block"), proportions(factors)
    half = max((2 + shape.top + shape.bottom) / 2, shape.width + shape.side) / FILLED
    line = ((np.arange(n, dtype=np.float32) + 0.5) * (2 / n) - 1) * half
    u, v = np.meshgrid(line, line + (shape.bottom - shape.top) / 2)
    # No hand is a compass: a slow waver of both directions, and a lean of the whole.
    fade = bell(np.maximum(np.abs(u) - 0.6, 0), 0.5) * bell(np.maximum(np.abs(v) - 0.7, 0), 0.5)
    u = u + (0.07 * (noise(hand, n, 4) - 0.5) + hand.about(0.014) * v) * fade
    v = v + (0.06 * (noise(hand, n, 4) - 0.5) + hand.about(0.014) * u) * fade
    radius = head_radius(u, v, shape, 0.26 if factors.shape == "heart" else 0.0)
    pixel = 2 * half / n
    empty = np.zeros((n, n), np.float32)
    carving = Carving(
        u=u,
        v=v,
        radius=radius,
        shape=shape,
        pixel=pixel,
        height=shape.depth * np.clip(1 - radius**2.3, 0, 1) ** 0.55,
        head=smooth(pixel, -pixel, (radius - 1) * shape.width),
        outgrowth=empty.copy(),
        fibre=empty.copy(),
        pierced=empty.copy(),
        accent=empty.copy(),
        shell=empty.copy(),
    )
    _carve_planes(carving, factors)
    return carving


def _carve_planes(carving: Carving, factors: MaskFactors) -> None:
    """What happens to the dome before the features: a dish, a keel or planes."""
    hand = factors.hand("planes")
    u, v, wide, inside = carving.u, carving.v, carving.shape.width, carving.head
    height = carving.height
    if factors.face == "dished":
        # The brow line dips at the nose, so that the hollow has the outline of a heart.
        lift = 1 - 0.26 * bell(u, 0.24 * wide) * smooth(0.2, -0.2, v)
        hollow = smooth(1.0, 0.78, np.hypot(u * (1 / (0.76 * wide)), (v - 0.14) / (0.62 * lift)))
        height -= hollow * (0.30 * height + 0.03)
    elif factors.face == "keeled":
        height += 0.16 * np.clip(1 - np.abs(u) * (1 / wide), 0, 1) * smooth(1, 0.6, carving.radius)
    elif factors.face == "planed":
        cap = carving.shape.depth * (0.80 - 0.10 * v) - 0.14 * np.abs(u)
        height[:] = np.where(inside > 0, np.minimum(height, cap), height)
    bulge = hand.between(0.0, 0.12)
    height += inside * bulge * bell(np.hypot(u / (0.6 * wide), (v + 0.58) / 0.26), 1.0)
    cheeks = np.hypot((np.abs(u) - 0.5 * wide) / (0.26 * wide), (v - 0.26) / 0.2)
    height += inside * hand.between(0.0, 0.08) * bell(cheeks, 1.0)
