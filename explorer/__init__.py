"""The app: open a generator, wander through it, keep what you find."""

__version__ = "0.1.0"
