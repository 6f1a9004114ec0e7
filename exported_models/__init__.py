"""The bundles, upscalers and weights that ship. Data only."""
