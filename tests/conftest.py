"""What holds for every test."""

from hypothesis import settings

# A busy machine must not make a property fail: nothing here is timed by accident.
settings.register_profile("masquerade", deadline=None)
settings.load_profile("masquerade")
