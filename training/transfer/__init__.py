"""Weights that a run begins with, or that become a bundle, from other people and other runs."""
