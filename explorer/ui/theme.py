"""The light in the room: neutral greys, one warm accent, everything on a grid of eight pixels."""

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QPalette

from explorer.studio.settings import Theme, Wall

Light = Literal["light", "dark"]

GRID = 8  # logical pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class Colours:
    """Text on ``room``, ``panel`` and ``field`` keeps WCAG AA (4.5 to 1); a test holds us to it."""

    room: str  # behind everything
    panel: str  # sheet and tools
    field: str  # where something is typed or dropped
    line: str
    groove: str  # of a slider, where it has not come yet
    edge: str  # of fields: 3 to 1 against the panel (WCAG 1.4.11)
    hover: str
    text: str
    quiet: str  # secondary text
    accent: str
    on_accent: str
    accent_text: str  # the accent, dark or light enough to be read
    wall: str
    danger: str


LIGHT = Colours(
    room="#f3f2f0",
    panel="#faf9f7",
    field="#ffffff",
    line="#e2e0dc",
    groove="#cdcac4",
    edge="#928f89",
    hover="#ebe9e5",
    text="#22211f",
    quiet="#65625d",
    accent="#b5502a",
    on_accent="#ffffff",
    accent_text="#a04420",
    wall="#e6e4e0",
    danger="#a3281c",
)

DARK = Colours(
    room="#181817",
    panel="#20201e",
    field="#2a2927",
    line="#32312e",
    groove="#4d4b47",
    edge="#787570",
    hover="#302f2c",
    text="#ecebe8",
    quiet="#a8a5a0",
    accent="#e28a55",
    on_accent="#221005",
    accent_text="#eb9c6b",
    wall="#121211",
    danger="#f08a7d",
)

_WALLS: dict[Wall, str] = {"black": "#000000", "grey": "#777673", "white": "#ffffff"}


def light_of(theme: Theme) -> Light:
    """What ``theme`` means today: the system's own choice where the person made none."""
    if theme != "system":
        return theme
    is_dark = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
    return "dark" if is_dark else "light"


def colours(light: Light) -> Colours:
    return DARK if light == "dark" else LIGHT


def wall(choice: Wall, light: Light) -> QColor:
    return QColor(_WALLS.get(choice, colours(light).wall))


def palette(c: Colours) -> QPalette:
    made = QPalette()
    role = QPalette.ColorRole
    for which, colour in {
        role.Window: c.room,
        role.WindowText: c.text,
        role.Base: c.field,
        role.AlternateBase: c.panel,
        role.Text: c.text,
        role.PlaceholderText: c.quiet,
        role.Button: c.panel,
        role.ButtonText: c.text,
        role.BrightText: c.danger,
        role.ToolTipBase: c.text,
        role.ToolTipText: c.panel,
        role.Highlight: c.accent,
        role.HighlightedText: c.on_accent,
        role.Link: c.accent_text,
        role.Accent: c.accent,
        role.Light: c.field,
        role.Midlight: c.hover,
        role.Mid: c.line,
        role.Dark: c.edge,
        role.Shadow: "#000000",
    }.items():
        made.setColor(which, QColor(colour))
    faint = QColor(c.quiet)
    faint.setAlpha(130)
    for which in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, which, faint)
    return made


def stylesheet(c: Colours) -> str:
    """One sheet for the whole window; a control's part is named by its ``role`` property."""
    return f"""
* {{ outline: none; }}
QMainWindow, QDialog {{ background: {c.room}; }}
QToolTip {{ color: {c.panel}; background: {c.text}; border: none; padding: 4px 8px; }}
QMenuBar {{ background: {c.panel}; color: {c.text}; padding: 2px 8px; border: none; }}
QMenuBar::item {{ padding: 4px 8px; border-radius: 4px; background: transparent; }}
QMenuBar::item:selected {{ background: {c.hover}; }}
QMenu {{ background: {c.field}; color: {c.text}; border: 1px solid {c.line}; padding: 6px; }}
QMenu::item {{ padding: 6px 24px 6px 24px; border-radius: 4px; }}
QMenu::item:selected {{ background: {c.hover}; color: {c.text}; }}
QMenu::item:disabled {{ color: {c.quiet}; }}
QMenu::separator {{ height: 1px; background: {c.line}; margin: 6px 8px; }}
QWidget[role="panel"] {{ background: {c.panel}; }}
QWidget[role="bar"] {{ background: {c.panel}; border-bottom: 1px solid {c.line}; }}
QWidget[role="plaque"] {{ background: {c.panel}; border-top: 1px solid {c.line}; }}
QLabel[role="heading"] {{ color: {c.text}; font-weight: 600; }}
QLabel[role="quiet"] {{ color: {c.quiet}; }}
QLabel[role="key"] {{
    color: {c.text}; background: {c.field}; border: 1px solid {c.line};
    border-radius: 4px; padding: 2px 8px;
}}
QLabel[role="error"] {{ color: {c.danger}; }}
QLineEdit, QDoubleSpinBox, QComboBox {{
    background: {c.field}; color: {c.text}; border: 1px solid {c.edge};
    border-radius: 6px; padding: 0 8px; min-height: 30px;
    selection-background-color: {c.accent}; selection-color: {c.on_accent};
}}
QLineEdit:hover, QDoubleSpinBox:hover, QComboBox:hover {{ border-color: {c.quiet}; }}
QLineEdit:focus, QDoubleSpinBox:focus, QComboBox:focus {{
    border: 2px solid {c.accent}; padding: 0 7px; min-height: 28px;
}}
QLineEdit[wrong="true"] {{ border: 2px solid {c.danger}; padding: 0 7px; min-height: 28px; }}
QLineEdit[role="expression"] {{ background: {c.field}; }}
QLineEdit[role="title"] {{
    font-size: 14pt; background: transparent; border: none; border-bottom: 1px solid {c.edge};
    border-radius: 0; padding: 0 9px;
}}
QLineEdit[role="title"]:hover {{ border-bottom-color: {c.quiet}; }}
QLineEdit[role="title"]:focus {{
    border: 2px solid {c.accent}; border-radius: 6px; padding: 0 7px; background: {c.field};
}}
QDoubleSpinBox {{ padding: 0 4px; }}
QDoubleSpinBox:focus {{ padding: 0 3px; }}
QDoubleSpinBox QLineEdit, QDoubleSpinBox QLineEdit:focus {{
    border: none; padding: 0; min-height: 0; background: transparent;
}}
QDoubleSpinBox::up-button, QDoubleSpinBox::down-button {{
    subcontrol-origin: border; subcontrol-position: right; width: 0; border: none;
}}
QComboBox::drop-down {{ border: none; width: 24px; }}
QComboBox QAbstractItemView {{
    background: {c.field}; color: {c.text}; border: 1px solid {c.line}; padding: 4px;
    selection-background-color: {c.hover}; selection-color: {c.text};
}}
QPushButton, QToolButton {{
    background: transparent; color: {c.text}; border: 1px solid {c.line};
    border-radius: 6px; padding: 0 14px; min-height: 30px;
}}
QToolButton {{ padding: 0; min-width: 30px; border-color: transparent; }}
QPushButton:hover, QToolButton:hover {{ background: {c.hover}; }}
QPushButton:pressed, QToolButton:pressed {{ background: {c.line}; }}
QPushButton:focus, QToolButton:focus {{ border: 2px solid {c.accent}; min-height: 28px; }}
QPushButton:focus {{ padding: 0 13px; }}
QToolButton:focus {{ min-width: 28px; }}
QPushButton:disabled {{ color: {c.quiet}; border-color: {c.line}; }}
QToolButton:checked {{ background: {c.hover}; }}
QToolButton::menu-indicator {{ image: none; width: 0; }}
QPushButton[role="main"] {{
    background: {c.accent}; color: {c.on_accent}; border: 1px solid {c.accent}; font-weight: 600;
}}
QPushButton[role="main"]:hover {{ background: {c.accent_text}; }}
QPushButton[role="main"]:focus {{ border: 2px solid {c.text}; }}
QPushButton[role="main"]:disabled {{
    background: {c.hover}; color: {c.quiet}; border-color: {c.hover};
}}
QPushButton[role="tab"] {{ border: none; border-radius: 6px; color: {c.quiet}; padding: 0 14px; }}
QPushButton[role="tab"]:checked {{ background: {c.hover}; color: {c.text}; }}
QPushButton[role="tab"]:focus {{ border: 2px solid {c.accent}; padding: 0 12px; }}
QPushButton[role="link"] {{ border-color: transparent; color: {c.accent_text}; padding: 0 6px; }}
QFrame[role="notice"] {{ background: {c.text}; border-radius: 8px; }}
QFrame[role="notice"] QLabel {{ color: {c.panel}; }}
QFrame[role="notice"] QPushButton {{ color: {c.panel}; border: 1px solid {c.quiet}; }}
QFrame[role="notice"] QPushButton:hover {{ background: {c.quiet}; }}
QFrame[role="sheet"] {{ background: {c.panel}; border: 1px solid {c.line}; border-radius: 12px; }}
QSlider {{ min-height: 24px; }}
QSlider::groove:horizontal {{ height: 4px; background: {c.groove}; border-radius: 2px; }}
QSlider::sub-page:horizontal {{ background: {c.quiet}; border-radius: 2px; }}
QSlider::handle:horizontal {{
    width: 16px; height: 16px; margin: -7px 0; border-radius: 9px;
    background: {c.accent}; border: 1px solid {c.accent};
}}
QSlider::handle:horizontal:hover {{ background: {c.accent_text}; }}
QSlider::handle:horizontal:focus {{ border: 2px solid {c.text}; }}
QSlider::handle:horizontal:disabled, QSlider::sub-page:horizontal:disabled {{
    background: {c.groove}; border-color: {c.groove};
}}
QProgressBar {{ border: none; background: {c.line}; border-radius: 2px; max-height: 4px; }}
QProgressBar::chunk {{ background: {c.accent}; border-radius: 2px; }}
QListView {{ background: {c.panel}; border: none; }}
QScrollArea {{ background: transparent; border: none; }}
QScrollBar:vertical {{ background: transparent; width: 10px; margin: 2px; }}
QScrollBar::handle:vertical {{ background: {c.groove}; border-radius: 3px; min-height: 32px; }}
QScrollBar::handle:vertical:hover {{ background: {c.edge}; }}
QScrollBar::handle:vertical:disabled {{ background: transparent; }}
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {{
    background: none; height: 0; width: 0;
}}
QSplitter::handle {{ background: {c.line}; }}
QSplitter::handle:hover {{ background: {c.edge}; }}
"""
