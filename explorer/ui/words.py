"""An expression as a person reads and types it."""

from explorer.core.errors import KnownError
from explorer.latent.arithmetic import to_text
from explorer.latent.expression import Expression


def words(expression: Expression | None) -> str:
    """The text of ``expression``; an ellipsis where it can only be seen, not typed."""
    if expression is None:
        return ""
    try:
        return to_text(expression)
    except KnownError:
        return "…"
