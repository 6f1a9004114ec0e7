"""Masks whose features are computed once for all tests of this room."""

import numpy as np
import pytest

from explorer.likeness.features import Extractor
from training.evaluation.calibrate import Known, known_masks


@pytest.fixture(scope="session")
def extractor() -> Extractor:
    return Extractor.open()


@pytest.fixture(scope="session")
def known() -> Known:
    """120 masks to learn from, and 120 others."""
    return known_masks(120, 32)


@pytest.fixture(scope="session")
def rng() -> np.random.Generator:
    return np.random.default_rng(0)
