"""An expression as a person reads and types it."""

from explorer.core.errors import KnownError
from explorer.latent.arithmetic import Path, to_text
from explorer.latent.expression import Expression


def words(expression: Expression | None, path: Path) -> str:
    """The text of ``expression`` as a model of this ``path`` would read it; an ellipsis where it can only be seen, not typed."""
    if expression is None:
        return ""
    try:
        return to_text(expression, path=path)
    except KnownError:
        return "…"
