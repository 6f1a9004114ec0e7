"""One picture, from the bytes of its file to the size that it is learned at."""
