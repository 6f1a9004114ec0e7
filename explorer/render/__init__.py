"""Many pictures without a window."""
