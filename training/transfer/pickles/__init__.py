"""NVIDIA's pickled networks, read without running anything that lies in them."""

from training.transfer.pickles.nvidia import Pickled, Sizes, parse_pickle, read_pickle

__all__ = ["Pickled", "Sizes", "parse_pickle", "read_pickle"]
