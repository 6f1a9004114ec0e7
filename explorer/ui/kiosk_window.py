"""The window of an installation: it paints on a worker, and can't be closed by a visitor."""

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QGuiApplication,
    QImage,
    QInputDevice,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QWidget

from explorer.core.errors import KnownError
from explorer.core.latest import LatestOnly
from explorer.core.progress import Cancelled, Progress
from explorer.latent.seeds import Latent
from explorer.studio.installation import Installation
from explorer.studio.kiosk import EVENING, Kiosk, Stage
from explorer.studio.walk import Stop, Tempo
from explorer.ui.bridge import Bridge, Post
from explorer.ui.images import image, softened
from explorer.ui.kiosk_scene import (
    Layout,
    Pictures,
    draw_picture,
    draw_wall,
    draw_words,
    glow,
    picture_area,
    words_area,
)

log = logging.getLogger(__name__)

_FRAME_MS = 16
_GLOW_S = 0.4  # the wall follows this slowly, since all of the window is drawn for it
_RENEW_S = 600.0  # how often the walk looks for works that others kept
_STUCK_S = 30.0  # a picture that takes longer than this will never come
_BEAT_S = 1.0  # well below the patience of the watch
_LAST_BEATS = 600  # for works being kept when staff leaves; then they will never be
_SLOW_S = 0.05  # between two pictures; slower ones are blended into each other
_FINE_PIXELS = 1440  # the longest side a fine picture is held in memory at

_NUDGES = {
    Qt.Key.Key_Left: (-0.12, 0.0),
    Qt.Key.Key_Right: (0.12, 0.0),
    Qt.Key.Key_Up: (0.0, -0.12),
    Qt.Key.Key_Down: (0.0, 0.12),
}
_KEEP_KEYS = {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space}
_CHORD = (
    Qt.KeyboardModifier.ControlModifier
    | Qt.KeyboardModifier.ShiftModifier
    | Qt.KeyboardModifier.AltModifier
)


class KioskWindow(QWidget):
    """``left`` is sent when staff leaves; nothing else closes it but ``shut``."""

    left = Signal()

    def __init__(
        self,
        installation: Installation,
        *,
        tempo: Tempo = EVENING,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._installation = installation
        self._clock = clock
        now = clock()
        self._kiosk = Kiosk(
            installation.stops(), installation.pool, installation.centre, now, tempo=tempo
        )
        self._frame = self._kiosk.frame(now)
        self._layout = Layout.of(self.size())
        self._pictures = Pictures()
        self._light: QImage | None = None
        self._light_at = self._renewed_at = now
        self._asked: Latent | None = None
        self._asked_fine: Stop | None = None
        self._fine_of: Stop | None = None
        self._waiting_since: float | None = None
        self._arrived_at, self._interval_s = now, 0.0
        self._pressed_at: QPointF | None = None
        self._keeping: list[Future[None]] = []
        self._on_keep = self._in_corner = self._is_shut = False
        self._has_wandered = False

        self._brush = ThreadPoolExecutor(1, "kiosk-paint")
        self._hand = ThreadPoolExecutor(1, "kiosk-fine")
        self._post = Post(self)
        painted = Bridge(self)
        painted.arrived.connect(self._show_painted)
        refined = Bridge(self)
        refined.arrived.connect(self._show_fine)
        self._painter: LatestOnly[Latent, QImage] = LatestOnly(
            self._paint, self._brush, answered=painted.send, failed=self._failed
        )
        self._refiner: LatestOnly[Stop, QImage] = LatestOnly(
            self._refine, self._hand, answered=refined.send, failed=self._failed
        )

        self.setWindowTitle(installation.title)
        self.setWindowFlags(
            Qt.WindowType.Window
            | Qt.WindowType.FramelessWindowHint
            | Qt.WindowType.WindowStaysOnTopHint
        )
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setCursor(Qt.CursorShape.BlankCursor)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self.advance)
        self._timer.start(_FRAME_MS)

    @property
    def stage(self) -> Stage:
        return self._frame.stage

    @property
    def picture(self) -> QImage | None:
        """What was painted last."""
        return self._pictures.now

    @property
    def fine(self) -> QImage | None:
        """The fine picture of the last rest."""
        return self._pictures.fine

    @property
    def title(self) -> str:
        """The name beneath the picture; empty while none is fully shown."""
        return self._frame.stop.title if self._frame.title == 1.0 else ""

    @property
    def told(self) -> str:
        """The line that a visitor was told last."""
        return self._frame.notice_text

    @property
    def is_well(self) -> bool:
        """Pictures come when they are asked for; a stuck worker is as bad as a stuck window."""
        since = self._waiting_since
        return since is None or self._clock() - since < _STUCK_S

    def shut(self, beat: Callable[[], object] = lambda: None) -> None:
        """Stop, finish what visitors keep, and close; ``beat`` is called every second meanwhile."""
        if self._is_shut:
            return
        self._is_shut = True
        self._timer.stop()
        self.hide()
        for _ in range(_LAST_BEATS):
            if not wait(self._keeping, timeout=_BEAT_S).not_done:
                break
            beat()
        self._brush.shutdown(wait=True, cancel_futures=True)
        self._hand.shutdown(wait=True, cancel_futures=True)
        self.close()

    def come_back(self) -> None:
        """Be full screen and in front again, whatever the desktop did."""
        whole = self.screen().geometry()
        if self.geometry() != whole:
            self.setGeometry(whole)  # without a window manager nobody else does
        if not (self.isVisible() and self.isFullScreen() and self.isActiveWindow()):
            self.showFullScreen()
            if QGuiApplication.platformName() not in {"wayland", "offscreen"}:
                self.raise_()  # which these can't do, and say so every time
            self.activateWindow()

    # Time

    def advance(self) -> None:
        """Go on to what is to be seen now."""
        now = self._clock()
        before = self._frame
        frame = self._frame = self._kiosk.frame(now, lambda stop: stop is self._fine_of)
        if frame.leaving >= 1:
            self.left.emit()
            return
        if self._asked is None or not np.array_equal(self._asked, frame.point):
            self._asked = frame.point
            self._waiting_since = self._waiting_since or now
            self._painter.ask(frame.point)
        if frame.stage is not Stage.VISITOR and frame.stop is not self._asked_fine:
            self._asked_fine = frame.stop
            self._refiner.ask(frame.stop)
        if before.stage is not Stage.VISITOR and frame.stage is Stage.VISITOR:
            self._has_wandered = False
        if frame.stage is not Stage.VISITOR:
            self.setCursor(Qt.CursorShape.BlankCursor)
        if now - self._renewed_at > _RENEW_S:
            self._renewed_at = now
            self._hand.submit(self._renew)
        self._draw_what_changed(before.fine != frame.fine, now)
        words = (frame.title, frame.controls, frame.notice, frame.notice_text)
        drawn = self._pictures
        self._pictures = replace(
            drawn, can_keep=self._kiosk.can_keep, has_wandered=self._has_wandered
        )
        if (
            words != (before.title, before.controls, before.notice, before.notice_text)
            or drawn.can_keep != self._pictures.can_keep
            or drawn.has_wandered != self._pictures.has_wandered
        ):
            self.update(words_area(self._layout))
        if frame.leaving != before.leaving:
            self.update(self._layout.corner.toAlignedRect())

    def _draw_what_changed(self, fine_changed: bool, now: float) -> None:
        blending = self._pictures.blend < 1
        if blending:
            share = (now - self._arrived_at) / max(self._interval_s, 1e-3)
            self._pictures = replace(self._pictures, blend=min(1.0, share))
        if blending or fine_changed:
            self.update(picture_area(self._layout))

    # Workers

    def _paint(self, point: Latent) -> QImage:
        return image(softened(self._installation.paint(point)))

    def _refine(self, stop: Stop) -> QImage:
        progress = Progress(is_cancelled=lambda: self._is_shut)  # staff that leaves won't wait
        fine = image(self._installation.fine(stop, progress))
        if max(fine.width(), fine.height()) <= _FINE_PIXELS:
            return fine
        return fine.scaled(
            QSize(_FINE_PIXELS, _FINE_PIXELS),
            Qt.AspectRatioMode.KeepAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )

    def _renew(self) -> None:
        try:
            stops = self._installation.stops()
        except KnownError as error:
            log.warning("%s", error)
            return
        self._post(lambda: self._kiosk.renew(stops))

    def _keep(self, point: Latent) -> None:
        try:
            title = self._installation.keep(point)
        except KnownError as error:
            log.warning("%s", error)
            text = "This one could not be kept"
        except Exception:
            log.exception("keeping failed")
            text = "This one could not be kept"
        else:
            text = f"Kept as “{title}”"
            if not self._is_shut:
                self._renew()
        self._post(lambda: self._kiosk.tell(text, self._clock()))

    def _failed(self, question: Latent | Stop, error: Exception) -> None:
        if not isinstance(error, Cancelled):
            log.error("an installation could not paint", exc_info=error)

    # Answers

    def _show_painted(self, point: Latent, picture: QImage) -> None:
        now = self._clock()
        self._interval_s = min(1.0, now - self._arrived_at)
        self._arrived_at = now
        self._waiting_since = None if point is self._asked else now
        slow = self._interval_s > _SLOW_S and self._pictures.now is not None
        self._pictures = replace(
            self._pictures,
            now=picture,
            before=self._pictures.now if slow else None,
            blend=0.0 if slow else 1.0,
        )
        proportion = picture.width() / picture.height()
        if self._light is None or now - self._light_at > _GLOW_S:
            self._layout = Layout.of(self.size(), proportion)
            self._light, self._light_at = glow(picture), now
            self.update()
        else:
            self.update(picture_area(self._layout))

    def _show_fine(self, stop: Stop, picture: QImage) -> None:
        if stop is self._asked_fine:
            self._fine_of = stop
            self._pictures = replace(self._pictures, fine=picture)

    # What visitors and staff do

    def mousePressEvent(self, event: QMouseEvent) -> None:
        now, at = self._clock(), event.position()
        self._show_cursor_of(event)
        if self._layout.corner.contains(at):
            self._in_corner = True
            self._kiosk.hold_corner(now)
            self._kiosk.touch(now)
        elif self._frame.controls > 0.3 and _generous(self._layout.keep).contains(at):
            self._on_keep = True
            self._kiosk.touch(now)
        else:
            self._pressed_at = at
            self._kiosk.press(now)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._show_cursor_of(event)
        if self._in_corner and not self._layout.corner.contains(event.position()):
            self._release_corner()
        if self._pressed_at is None:
            return
        offset = (event.position() - self._pressed_at) / self._layout.unit
        if abs(offset.x()) + abs(offset.y()) > 0.03:
            self._has_wandered = True
        self._kiosk.drag(offset.x(), offset.y(), self._clock())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._on_keep and _generous(self._layout.keep).contains(event.position()):
            self._ask_to_keep()
        self._on_keep = False
        self._pressed_at = None
        self._release_corner()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        now = self._clock()
        key, modifiers = event.key(), event.modifiers()
        if key == Qt.Key.Key_Q and modifiers & _CHORD == _CHORD:
            if not event.isAutoRepeat():
                self._kiosk.hold_chord(now)
        elif key in _NUDGES:
            self._has_wandered = True
            self._kiosk.nudge(*_NUDGES[Qt.Key(key)], now)
        elif key in _KEEP_KEYS and self.stage is Stage.VISITOR:
            if not event.isAutoRepeat():
                self._ask_to_keep()
        else:
            self._kiosk.touch(now)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if not event.isAutoRepeat() and not self._in_corner:
            self._kiosk.let_go()

    def _ask_to_keep(self) -> None:
        now = self._clock()
        point = self._kiosk.keep(now)
        if point is not None:
            self._kiosk.tell("Keeping it …", now)
            self._keeping = [other for other in self._keeping if not other.done()]
            self._keeping.append(self._hand.submit(self._keep, point))

    def _release_corner(self) -> None:
        if self._in_corner:
            self._in_corner = False
            self._kiosk.let_go()

    def _show_cursor_of(self, event: QMouseEvent) -> None:
        """A visitor with a mouse has to see it; a finger is seen anyway."""
        if self.stage is Stage.VISITOR and event.device().type() is QInputDevice.DeviceType.Mouse:
            self.setCursor(Qt.CursorShape.ArrowCursor)

    # The window

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and not self.isActiveWindow():
            self._in_corner = False
            self._kiosk.let_go()

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._is_shut:
            event.accept()
        else:
            event.ignore()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        picture = self._pictures.now
        self._layout = Layout.of(
            self.size(), 1.0 if picture is None else picture.width() / picture.height()
        )

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if not self._layout.picture.contains(event.rect().toRectF()) or self._pictures.now is None:
            draw_wall(painter, self._layout, self._light)
        draw_picture(painter, self._layout, self._frame, self._pictures)
        draw_words(painter, self._layout, self._frame, self._pictures)


def _generous(button: QRectF) -> QRectF:
    """Fingers are wide."""
    by = button.height() * 0.3
    return button.adjusted(-by, -by, by, by)
