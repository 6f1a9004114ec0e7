"""One- and two-stage super-resolution."""
