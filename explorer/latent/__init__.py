"""Points and paths in latent space; knows no model."""
