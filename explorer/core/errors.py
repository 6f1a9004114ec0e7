"""Two kinds of failure, told apart by type."""


class KnownError(Exception):
    """What the world did: a full disk, a broken file, a missing model.

    Its text is one sentence for the person, naming the file and the way out, and is all
    they are shown. Every other exception is our mistake and goes to the log with its
    traceback.
    """
