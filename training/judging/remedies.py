"""What to try when a run goes wrong: options of this program, and where they were published.

Each tells only of what the run doesn't do yet. What a run began with can't change, so all of it
is for a new one.
"""

from training.config import Settings

_RELATIVISTIC = "--loss relativistic, with R1 and R2 (Huang et al. 2024)"
_ADA = "--augment ada (Karras et al. 2020)"
_DIFFAUGMENT = "--augment diffaugment (Zhao et al. 2020)"


def calmer(settings: Settings) -> str:
    """Against steps that are too long."""
    ways = [_slower(settings)]
    if settings.optimizer == "adam" and settings.beta_2 > 0.99:
        ways.append("--beta2 0.99, which follows steep gradients sooner")
    if _is_penalised(settings):
        ways.append("a larger --gamma")
    else:
        ways.append("--penalty r1 (Mescheder et al. 2018)")
    return _try(ways)


def fairer(settings: Settings) -> str:
    """Against a discriminator that wins outright."""
    ways = ["a larger --gamma" if settings.loss == "relativistic" else _RELATIVISTIC]
    if settings.augment == "none":
        ways.append(_ADA)
    ways.append(_slower(settings))
    return _try(ways + _smaller(settings))


def more(settings: Settings) -> str:
    """Against too few pictures."""
    return _try(_of_more(settings))


def wider(settings: Settings) -> str:
    """Against collapse."""
    ways = ["a larger --gamma" if settings.loss == "relativistic" else _RELATIVISTIC]
    ways.append(_slower(settings))
    if settings.augment == "none":
        ways.append(_DIFFAUGMENT)
    return f"An earlier checkpoint may be better. {_try(ways)}"


def further(settings: Settings) -> str:
    """Where nothing goes wrong, and nothing gets better."""
    ways = [] if settings.decay else ["--decay 0.0001, a rate that falls"]
    return _try(ways + _of_more(settings))


def transfer(settings: Settings) -> str:
    """Where augmentation can't stretch the pictures any further."""
    ways = ["more pictures", *_smaller(settings)]
    if not settings.freeze_discriminator:
        ways.append("--start-from a trained run, with --freeze-discriminator 4 (Mo et al. 2020)")
    return _try(ways)


def _of_more(settings: Settings) -> list[str]:
    ways = [] if settings.augment == "ada" else [_ADA]
    if settings.augment == "none":
        ways.append(_DIFFAUGMENT)
    if not settings.flip:
        ways.append("--flip, where a mirrored picture is as good")
    return [*ways, "more pictures"]


def _smaller(settings: Settings) -> list[str]:
    """A discriminator with less to remember by; a StyleGAN2's is as wide as its generator."""
    if settings.architecture != "dcgan":
        return []
    return [f"--discriminator-width {settings.discriminator_width / 2:g}"]


def _slower(settings: Settings) -> str:
    return f"--learning-rate {settings.learning_rate / 2:g}"


def _is_penalised(settings: Settings) -> bool:
    """As far as the settings say; what None stands for depends on loss and network."""
    if settings.penalty is None:
        return settings.loss == "relativistic" or settings.architecture == "stylegan2"
    return settings.penalty != "none"


def _try(ways: list[str]) -> str:
    listed = ways[0] if len(ways) == 1 else f"{'; '.join(ways[:-1])}; or {ways[-1]}"
    return f"Try in a new run: {listed}."
