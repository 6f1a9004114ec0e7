"""Carved masks, rendered: inventions to learn from, with every factor known."""
