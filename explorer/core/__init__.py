"""What every room leans on; nothing of ours lies below."""
