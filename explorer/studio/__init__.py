"""The app without a screen."""
