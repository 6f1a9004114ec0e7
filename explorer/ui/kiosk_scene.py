"""How a moment of an installation looks: a picture on a dark wall, its name beneath it."""

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPen, QRadialGradient

from explorer.studio.kiosk import Frame

KEEP = "Keep this"
_INVITATION = "Touch to wander"
_HINT = "Drag to wander"

_WALL = QColor("#0c0b0a")
_PAPER = QColor("#f1ece3")
_WARM = QColor("#e28a55")
_SERIFS = [
    "Cormorant Garamond",
    "EB Garamond",
    "Hoefler Text",
    "Baskerville",
    "Palatino Linotype",
    "Palatino",
    "Source Serif 4",
    "Noto Serif",
    "Georgia",
    "DejaVu Serif",
]
_SANS = ["Inter", "Helvetica Neue", "Segoe UI", "Noto Sans", "DejaVu Sans"]

_GLOW = 0.30  # how much of the picture's own light falls on the wall


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things are in a window, in logical pixels."""

    window: QRectF
    picture: QRectF
    line: QRectF  # the title, or what is said to a visitor
    below: QRectF  # the small line
    keep: QRectF
    corner: QRectF  # held to leave
    unit: float  # the short side, by which type is measured

    @classmethod
    def of(cls, size: QSize, proportion: float = 1.0) -> "Layout":
        """``proportion`` is the picture's width by its height."""
        width, height = float(size.width()), float(size.height())
        unit = min(width, height)
        tall = min(0.72 * height, 0.86 * width / proportion)
        free = height - tall
        top = free * 0.30
        across = (width - tall * proportion) / 2
        picture = QRectF(round(across), round(top), round(tall * proportion), round(tall))
        under = picture.bottom()
        rest = height - under
        button = QRectF(0, 0, 0.30 * unit, 0.074 * unit)
        button.moveCenter(QPointF(width / 2, under + rest * 0.66))
        return cls(
            window=QRectF(0, 0, width, height),
            picture=picture,
            line=QRectF(0.05 * width, under + rest * 0.12, 0.9 * width, rest * 0.24),
            below=QRectF(0.05 * width, under + rest * 0.52, 0.9 * width, rest * 0.28),
            keep=button,
            corner=QRectF(0, 0, 0.12 * unit, 0.12 * unit),
            unit=unit,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """What there is to be drawn just now."""

    now: QImage | None = None
    before: QImage | None = None
    blend: float = 1.0  # from ``before`` to ``now``
    fine: QImage | None = None
    can_keep: bool = False
    has_wandered: bool = False


def glow(picture: QImage) -> QImage:
    """A picture's light on the wall: a few soft pixels of it."""
    few = picture.scaled(
        QSize(6, 6),
        Qt.AspectRatioMode.IgnoreAspectRatio,
        Qt.TransformationMode.SmoothTransformation,
    )
    return few.scaled(
        QSize(96, 96),
        Qt.AspectRatioMode.IgnoreAspectRatio,
        Qt.TransformationMode.SmoothTransformation,
    )


def draw_wall(painter: QPainter, layout: Layout, light: QImage | None) -> None:
    """The wall, and on it the light of the picture, falling off towards the edges."""
    painter.fillRect(layout.window, _WALL)
    if light is None:
        return
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    spread = layout.picture.width() * 0.55
    painter.setOpacity(_GLOW)
    painter.drawImage(layout.picture.adjusted(-spread, -spread, spread, spread), light)
    painter.setOpacity(1.0)
    centre = layout.picture.center()
    dark = QRadialGradient(centre, layout.picture.width() * 1.02)
    transparent = QColor(_WALL)
    transparent.setAlpha(0)
    dark.setColorAt(0.0, transparent)
    dark.setColorAt(0.55, transparent)
    half = QColor(_WALL)
    half.setAlpha(150)
    dark.setColorAt(0.75, half)
    dark.setColorAt(1.0, _WALL)
    painter.fillRect(layout.window, dark)


def draw_picture(painter: QPainter, layout: Layout, frame: Frame, pictures: Pictures) -> None:
    """The painted picture, gliding from one to the next, and the fine one over it."""
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    if pictures.now is None:
        return
    if pictures.before is not None and pictures.blend < 1:
        painter.drawImage(layout.picture, pictures.before)
        painter.setOpacity(pictures.blend)
    painter.drawImage(layout.picture, pictures.now)
    if pictures.fine is not None and frame.fine > 0:
        painter.setOpacity(frame.fine)
        painter.drawImage(layout.picture, pictures.fine)
    painter.setOpacity(1.0)


def draw_words(painter: QPainter, layout: Layout, frame: Frame, pictures: Pictures) -> None:
    """The name of a kept work, or what is said to a visitor, and the button."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
    if frame.title > 0:
        _text(painter, layout.line, frame.stop.title, _serif(layout), _PAPER, frame.title)
    notice = frame.notice * frame.controls
    if notice > 0:
        _text(painter, layout.line, frame.notice_text, _serif(layout), _PAPER, notice)
    if not pictures.has_wandered:
        hint = frame.controls * (1 - frame.notice) * (1 - frame.title) * 0.75
        _text(painter, layout.line, _HINT, _serif(layout, 0.024), _PAPER, hint)
    invitation = (1 - frame.controls) * 0.5
    _text(painter, layout.below, _INVITATION.upper(), _small(layout), _PAPER, invitation)
    if frame.controls > 0:
        _draw_button(painter, layout, frame.controls, is_awake=pictures.can_keep)
    if frame.leaving > 0.1:  # staff holds on for longer than anybody touches by chance
        _draw_leaving(painter, layout, frame.leaving)


def _draw_button(painter: QPainter, layout: Layout, strength: float, *, is_awake: bool) -> None:
    painter.setOpacity(strength * (1.0 if is_awake else 0.35))
    round_by = layout.keep.height() / 2
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_WARM if is_awake else QColor("#3a3632"))
    painter.drawRoundedRect(layout.keep, round_by, round_by)
    painter.setFont(_sans(layout, 0.026))
    painter.setPen(QColor("#1d0f05") if is_awake else _PAPER)
    painter.drawText(layout.keep, Qt.AlignmentFlag.AlignCenter, KEEP)
    painter.setOpacity(1.0)


def _draw_leaving(painter: QPainter, layout: Layout, share: float) -> None:
    side = layout.corner.width() * 0.34
    ring = QRectF(0, 0, side, side)
    ring.moveCenter(layout.corner.center())
    pen = QPen(_PAPER, max(2.0, side * 0.09))
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(pen)
    painter.setOpacity(0.7)
    painter.drawArc(ring, 90 * 16, -round(360 * 16 * share))
    painter.setOpacity(1.0)


def _text(
    painter: QPainter, where: QRectF, text: str, font: QFont, colour: QColor, strength: float
) -> None:
    if strength <= 0 or not text:
        return
    fitting = QFontMetricsF(font).elidedText(text, Qt.TextElideMode.ElideRight, where.width())
    painter.setOpacity(strength)
    painter.setFont(font)
    painter.setPen(colour)
    painter.drawText(where, Qt.AlignmentFlag.AlignCenter, fitting)
    painter.setOpacity(1.0)


def _serif(layout: Layout, size: float = 0.038) -> QFont:
    font = QFont()
    font.setFamilies(_SERIFS)
    font.setPixelSize(max(12, round(size * layout.unit)))
    font.setLetterSpacing(QFont.SpacingType.PercentageSpacing, 103)
    return font


def _sans(layout: Layout, size: float) -> QFont:
    font = QFont()
    font.setFamilies(_SANS)
    font.setPixelSize(max(11, round(size * layout.unit)))
    font.setWeight(QFont.Weight.DemiBold)
    return font


def _small(layout: Layout) -> QFont:
    font = _sans(layout, 0.0135)
    font.setWeight(QFont.Weight.Normal)
    font.setLetterSpacing(QFont.SpacingType.PercentageSpacing, 128)
    return font


def picture_area(layout: Layout) -> QRect:
    """What has to be drawn anew when only the picture changes; it hides the wall behind it."""
    return layout.picture.toRect()


def words_area(layout: Layout) -> QRect:
    """What has to be drawn anew when only words change."""
    return QRectF(
        0,
        layout.picture.bottom(),
        layout.window.width(),
        layout.window.height() - layout.picture.bottom(),
    ).toAlignedRect()
