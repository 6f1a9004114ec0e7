"""Which steps go together in one call, so that the host is asked less often."""

from training.config import Settings
from training.gan import Due


def window(
    step: int, *, most: int, stops: tuple[int, ...], until: int, settings: Settings
) -> tuple[int, Due]:
    """How many steps to take at once from ``step`` on, and what the first of them has to do.

    Args:
        most: steps in a call; what comes back is this or 1, so that a step is compiled twice
            at the most for each thing that is due.
        stops: every so many steps something is to be looked at or saved, and no call goes on
            over such a step.
        until: the last step of all.
    """
    due = Due.at(step, settings)
    always = Due.always(settings)
    last = step + most
    goes_on = last <= until and all((last - 1) // stop * stop <= step for stop in stops)
    quiet = all(Due.at(later, settings) == always for later in range(step + 1, last))
    return (most if goes_on and quiet else 1), due
