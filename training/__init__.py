"""`explorer-train`: from a folder of pictures to a generator bundle."""
