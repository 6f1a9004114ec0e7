"""What each figure is called, which way it is better, and what it tells an artist."""

from dataclasses import dataclass

from training.evaluation.told import NETWORK, Evaluation, Figure, Memory


@dataclass(frozen=True, slots=True)
class Meaning:
    """How a figure is told."""

    title: str
    better: str
    tells: str


MEANINGS = {
    "kid": Meaning(
        f"Kernel distance (KID, {NETWORK})",
        "lower",
        "How far the painted pictures as a whole are from the real ones; near 0 nobody could tell.",
    ),
    "frechet": Meaning(
        f"Fréchet distance ({NETWORK})",
        "lower",
        "The same question, asked of averages and variety only; it grows with fewer pictures.",
    ),
    "precision": Meaning(
        "Precision",
        "higher",
        "How many of the painted pictures look as a real one could.",
    ),
    "recall": Meaning(
        "Recall",
        "higher",
        "How many of the real pictures the model could have painted.",
    ),
    "density": Meaning(
        "Density",
        "higher",
        "How much the painted pictures keep to where real ones are many; may exceed 1.",
    ),
    "coverage": Meaning(
        "Coverage",
        "higher",
        "How many of the real pictures have a painted one nearby.",
    ),
    "diversity": Meaning(
        "Diversity",
        "near 1",
        "How different painted pictures are from each other; 1 as real ones, towards 0 collapsed.",
    ),
    "distinct": Meaning(
        "Distinct",
        "higher",
        "How many painted pictures are not nearly the same as another.",
    ),
    "modes": Meaning(
        "Modes",
        "higher",
        "How many of the kinds into which the real pictures fall are painted at all.",
    ),
}


TRUSTED = 0.8
"""Share of copies made on purpose that must be noticed, if few copies are to mean anything."""

_NEARLY, _PARTLY = 0.85, 0.4  # of what real pictures get
_ALIKE = 0.5  # diversity or distinct below which it repeats itself
_DOUBLES = 0.05  # share worth a word


def shown(value: float) -> str:
    """A figure in as many digits as mean something."""
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"


def interval(figure: Figure) -> str:
    return f"{shown(figure.low)} to {shown(figure.high)}"


def lead(told: Evaluation) -> str:
    """What was compared with what, in a sentence."""
    model = told.model
    at = ""
    if model.step is not None:
        at = f" at step {model.step:,}" + (" (best)" if model.checkpoint == "best" else "")
    return (
        f"{told.painted:,} pictures painted by {model.name}{at}, beside {told.compared.used:,} of "
        f"the {told.compared.count:,} pictures of {told.compared.name}."
    )


def rows(told: Evaluation) -> list[tuple[str, str, str, str, str]]:
    """Every figure as a line of a table: title, value, interval, what real ones get, better."""
    found = []
    for name, figure in told.figures.items():
        meaning = MEANINGS[name]
        title = f"{meaning.title}, of {told.kinds}" if name == "modes" else meaning.title
        usual = "" if figure.real is None else shown(figure.real)
        found.append((title, shown(figure.value), interval(figure), usual, meaning.better))
    if told.memory is not None:
        copied = told.memory.copied
        found.append(
            (
                "Copied",
                f"{copied.value:.1%}",
                f"{copied.low:.1%} to {copied.high:.1%}",
                f"{told.memory.threshold:.1%}",
                "lower",
            )
        )
    if told.condition is not None:
        right = told.condition.accuracy
        found.append(
            (
                "In the class asked for",
                f"{right.value:.1%}",
                f"{right.low:.1%} to {right.high:.1%}",
                f"{told.condition.of_classifier:.1%}",
                "higher",
            )
        )
    if told.given is not None:
        for title, figure in (
            (f"Fréchet distance ({told.given.file})", told.given.frechet),
            (f"Kernel distance ({told.given.file})", told.given.kid),
        ):
            found.append((title, shown(figure.value), interval(figure), "", "lower"))
    return found


def verdict(told: Evaluation) -> list[tuple[str, str]]:
    """What the figures come to: a heading and a sentence or two each."""
    found = told.figures
    said = [
        ("Do they look real?", _real(found["precision"])),
        ("Is it as varied?", _varied(told)),
    ]
    if told.memory is not None:
        said.append(("Does it copy?", _copying(told.memory)))
    gone = [
        f"{each.name} {value}"
        for each in told.factors
        if each.accuracy - each.chance > (1 - each.chance) / 2
        for value in each.missing
    ]
    if gone:
        more = f" and {len(gone) - 6} more" if len(gone) > 6 else ""
        said.append(("What is missing?", f"Hardly ever painted: {', '.join(gone[:6])}{more}."))
    return said


def _real(precision: Figure) -> str:
    part = precision.value / max(precision.real or 1.0, 1e-9)
    of = f"{precision.value:.0%} of the painted pictures lie among real ones"
    compared = f"{of}; of real pictures in their place {precision.real or 0:.0%} do."
    if part > _NEARLY:
        return f"Mostly. {compared}"
    return f"Many do. {compared}" if part > _PARTLY else f"Seldom. {compared}"


def _varied(told: Evaluation) -> str:
    found = told.figures
    recall, precision, modes = found["recall"], found["precision"], found["modes"]
    part = recall.value / max(recall.real or 1.0, 1e-9)
    doubles = 1 - found["distinct"].value
    compared = (
        f"{recall.value:.0%} of the real pictures lie among painted ones (real ones in their place: "
        f"{recall.real or 0:.0%}), and {modes.value:.0f} of {told.kinds} kinds are painted."
    )
    twice = f" {doubles:.0%} are nearly the same as another." if doubles > _DOUBLES else ""
    if found["diversity"].value < _ALIKE or doubles > 1 - _ALIKE:
        return f"No: it repeats itself. {compared}{twice}"
    if part > _NEARLY:
        return f"Nearly. {compared}{twice}"
    if part > _PARTLY:
        return f"Less than the real ones. {compared}{twice}"
    if precision.value < _PARTLY * (precision.real or 1.0):
        return (
            "Its pictures differ from one another, but too few look real to say what they cover. "
            f"{compared}{twice}"
        )
    return f"No: it paints a part of them only. {compared}{twice}"


def _copying(memory: Memory) -> str:
    copied = memory.copied
    of = (
        f"{copied.value:.1%} of the pictures lie as near to a training picture as "
        f"{memory.threshold:.0%} of real ones do"
    )
    if memory.caught < TRUSTED and copied.low <= 2 * memory.threshold:
        return (
            f"It can't be told for sure: {of}, but of copies made on purpose only "
            f"{memory.caught:.0%} were noticed."
        )
    if copied.low > 2 * memory.threshold:
        return f"Look at the pairs below: {of}, more than chance."
    if memory.both.nearer > 0.65:
        return f"No picture outright, but it keeps nearer to them than real ones do: {of}."
    return f"Nothing points to it: {of}, as chance would have it."
