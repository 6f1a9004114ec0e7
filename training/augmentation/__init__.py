"""What the discriminator is shown instead of the pictures as they are."""
