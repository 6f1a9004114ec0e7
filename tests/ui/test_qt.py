"""What we lean on Qt's binding for."""

import sys

from PySide6.QtCore import QObject


def test_the_binding_keeps_no_and_loses_no_reference_to_none() -> None:
    """PySide6 6.12.0 lost one a call, and Python 3.11 dies when None is gone."""
    thing = QObject()
    before = sys.getrefcount(None)
    for _ in range(1000):
        thing.setObjectName("")
    assert abs(sys.getrefcount(None) - before) < 500
