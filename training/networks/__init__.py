"""The players: generators and discriminators."""
