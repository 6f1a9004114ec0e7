"""What it is measured against, run by an environment of its own (``make bench-peers``)."""
