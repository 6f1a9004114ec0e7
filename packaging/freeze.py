"""Freeze the app into dist/Masquerade and try it there."""
