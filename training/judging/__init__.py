"""How good a run is while it goes on, and what to try where it is not."""
