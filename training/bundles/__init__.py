"""From a run to a bundle that the studio opens."""
