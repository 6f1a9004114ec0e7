"""Runs and datasets on file systems that only TensorFlow knows."""
