"""What of a pile of pictures is worth learning from; a person decides, nothing is deleted."""
