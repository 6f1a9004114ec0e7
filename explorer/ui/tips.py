"""What a control says of itself to a pointer that waits over it."""

from PySide6.QtWidgets import QWidget


def tip(widget: QWidget, text: str) -> None:
    """Set a tooltip, which Qt would announce to everybody even where it is the same."""
    if widget.toolTip() != text:
        widget.setToolTip(text)
