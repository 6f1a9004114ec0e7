"""Options made from `training.config.Settings`: said once there, and read here."""

import inspect
from collections.abc import Callable
from typing import Annotated, Any, get_args, get_origin

import typer
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from training.config import BELONGS, PRESETS, Settings

Given = dict[str, Any]

_PANELS = {  # by the first setting of each
    "architecture": "A new run's networks",
    "loss": "A new run's losses and optimisers",
    "flip": "A new run's pictures",
    "freeze_discriminator": "A new run's other settings",
}

_SPELT = {"beta_1": "--beta1", "beta_2": "--beta2"}
_NOT_OFFERED = ("preset", "generator_filters", "discriminator_filters", "momentum")


def with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Give ``command`` an option for every setting; what was said comes in ``given``."""
    own = [
        parameter
        for parameter in inspect.signature(command, eval_str=True).parameters.values()
        if parameter.name != "given"
    ]
    names = [name for name in Settings.model_fields if name not in _NOT_OFFERED]
    offered = [_option(name, Settings.model_fields[name]) for name in names]

    def told(**everything: Any) -> None:
        settings = {name: everything.pop(name) for name in names}
        given = {name: value for name, value in settings.items() if value is not None}
        command(**everything, given=given)

    together = [*own, *offered]
    told.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # what typer reads
        sorted(together, key=lambda p: p.default is not inspect.Parameter.empty)
    )
    told.__annotations__ = {parameter.name: parameter.annotation for parameter in together}
    told.__doc__, told.__name__ = command.__doc__, command.__name__
    return told


def settled(
    preset: str | None, given: Given, begun: Settings | None, *, lent: Given | None = None
) -> Settings:
    """The settings of a new run, or those of the old one with what was said again laid over.

    Args:
        given: what was said.
        lent: what a new run takes over where nothing is said.

    Raises:
        typer.BadParameter: a value is out of its range, or there is no such preset.
    """
    if preset is not None and preset not in PRESETS:
        raise typer.BadParameter(f"{preset!r} is none of {', '.join(PRESETS)}.")
    base = begun or Settings()
    if preset is not None and (begun is None or begun.preset != preset):
        base = PRESETS[preset]
    if "policy" in given:  # several may be said at once
        words = [word.strip() for said in given["policy"] for word in said.split(",")]
        given = {**given, "policy": words}
    told = {**(lent or {}), **given}
    if begun is None:
        told = {**_company(told, base), **told}
    try:
        settings = Settings.model_validate({**base.model_dump(), **told})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise typer.BadParameter(f"{_flag(str(first['loc'][0]))}: {first['msg']}.") from error
    return settings


def check_heard(given: Given, settings: Settings) -> None:
    """Refuse what would change nothing in a new run: whoever says it expects something of it.

    Args:
        given: what was said.
        settings: what came of it.

    Raises:
        typer.BadParameter: names the first such setting, and what it belongs to.
    """
    from training.losses import penalty

    for name in given:
        other, value = BELONGS.get(name, (name, getattr(settings, name)))
        if (found := getattr(settings, other)) != value:
            raise typer.BadParameter(
                f"{_flag(name)} changes nothing without {_flag(other)} {value}, and this run's is "
                f"{found}: leave it out."
            )
        if name in ("gamma", "penalty_every") and penalty(settings) == "none":
            raise typer.BadParameter(
                f"{_flag(name)} changes nothing without --penalty r1 or r1+r2, and this run's is "
                "none: leave it out, or say which."
            )


def _company(given: Given, base: Settings) -> Given:
    """What a loss or a network was published with, unless something else is said."""
    brought: Given = {}
    if given.get("architecture", base.architecture) == "stylegan2":
        if base.architecture != "stylegan2":  # Karras et al. 2020
            brought |= {"latent": 512, "learning_rate": 2e-3, "beta_1": 0.0, "beta_2": 0.99}
            brought |= {"penalty_every": 16, "ema": 0.998, "batch": 16}
    elif given.get("loss", base.loss) == "relativistic" and base.loss != "relativistic":
        # Batch normalisation makes the slope at one picture meaningless.
        brought |= {"normalise_discriminator": False, "beta_1": 0.0}
    if given.get("loss", base.loss) == "relativistic":
        brought |= {"penalty_every": 1}
    return brought


def _option(name: str, field: FieldInfo) -> inspect.Parameter:
    kind, words = _kind(field.annotation)
    help_ = (field.description or name.replace("_", " ")).rstrip(".")
    help_ = help_[0].upper() + help_[1:] + (f": {words}." if words else ".")
    flag = _flag(name)
    flags = f"{flag}/--no-{name.replace('_', '-')}" if kind is bool else flag
    option = typer.Option(
        flags, help=help_, rich_help_panel=_panel(name), show_default=_shown(field.default)
    )
    annotation: Any = Annotated[kind | None, option]
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation
    )


def _shown(default: Any) -> str | bool:
    """What stands in the help as the default; presets have their own."""
    if default is None or isinstance(default, tuple):
        return False
    return ("yes" if default else "no") if isinstance(default, bool) else str(default)


def _panel(name: str) -> str:
    """Where an option stands in the help: settings are declared in this order."""
    names = list(Settings.model_fields)
    return [_PANELS[n] for n in names[: names.index(name) + 1] if n in _PANELS][-1]


def _kind(annotation: Any) -> tuple[Any, str]:
    """What the command line takes for a field, and the words it may be."""
    if type(None) in get_args(annotation):
        (annotation,) = (one for one in get_args(annotation) if one is not type(None))
    if get_origin(annotation) is tuple:
        _, words = _kind(get_args(annotation)[0])
        return list[str], words
    choices = get_args(annotation)
    return (str, ", ".join(choices)) if choices else (annotation, "")


def _flag(name: str) -> str:
    return _SPELT.get(name, f"--{name.replace('_', '-')}")
