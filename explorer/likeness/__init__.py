"""How near a picture is to the training pictures."""
