"""What is measured: one program each, so that no two runtimes share a process."""
