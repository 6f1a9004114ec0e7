"""Light and dark can both be read."""

import numpy as np
import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from explorer.ui.app import application
from explorer.ui.chooser import Chooser
from explorer.ui.images import image
from explorer.ui.theme import DARK, LIGHT, Colours, light_of, stylesheet


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance of sRGB."""
    parts = np.array(rgb(QColor(colour))) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def rgb(colour: QColor) -> tuple[int, int, int]:
    return colour.red(), colour.green(), colour.blue()


def contrast(one: str, other: str) -> float:
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


@pytest.mark.parametrize("c", [LIGHT, DARK], ids=["light", "dark"])
def test_every_text_keeps_wcag_aa(c: Colours) -> None:
    for ground in (c.room, c.panel, c.field, c.hover):
        for text in (c.text, c.quiet, c.accent_text):
            assert contrast(text, ground) >= 4.5, (text, ground)
    for ground in (c.panel, c.field):
        assert contrast(c.danger, ground) >= 4.5
        assert contrast(c.edge, ground) >= 3.0
        assert contrast(c.accent, ground) >= 3.0
    assert contrast(c.on_accent, c.accent) >= 4.5
    assert contrast(c.panel, c.text) >= 4.5


@pytest.mark.parametrize("c", [LIGHT, DARK], ids=["light", "dark"])
def test_the_border_of_every_field_can_be_seen(c: Colours, qtbot: QtBot) -> None:
    application()
    panel = QWidget()
    qtbot.addWidget(panel)
    panel.setProperty("role", "panel")
    row = QHBoxLayout(panel)
    title = QLineEdit()
    title.setProperty("role", "title")
    for field in (QLineEdit(), QDoubleSpinBox(), Chooser(), title):
        row.addWidget(field)
    panel.setStyleSheet(stylesheet(c))
    seen = panel.grab().toImage()

    for each in panel.findChildren(QWidget):
        if each.parent() is panel:
            below = each.geometry().center().x(), each.geometry().bottom()
            assert contrast(seen.pixelColor(*below).name(), c.panel) >= 3.0, each


def test_a_chosen_light_is_kept_whatever_the_system_says() -> None:
    assert light_of("dark") == "dark"
    assert light_of("light") == "light"


@pytest.mark.parametrize("c", [LIGHT, DARK], ids=["light", "dark"])
def test_the_stylesheet_leaves_no_blank_unfilled(c: Colours) -> None:
    sheet = stylesheet(c)

    assert sheet.count("{") == sheet.count("}")
    assert "{c." not in sheet


@pytest.mark.parametrize("channels", [1, 3])
def test_an_image_does_not_share_the_arrays_memory(channels: int) -> None:
    pixels = np.full((3, 5, channels), 200, np.uint8)
    made = image(pixels)

    pixels[:] = 0

    assert (made.width(), made.height()) == (5, 3)
    assert rgb(made.pixelColor(4, 2)) == (200, 200, 200)


def test_an_image_takes_any_slice_of_an_array() -> None:
    pixels = np.arange(6 * 8 * 3, dtype=np.uint8).reshape(6, 8, 3)[::2, 1::3]

    made = image(pixels)

    assert rgb(made.pixelColor(1, 2)) == tuple(int(v) for v in pixels[2, 1])
