"""Who made each picture, and what may be done with it."""
