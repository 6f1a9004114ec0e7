"""What the artist keeps."""
