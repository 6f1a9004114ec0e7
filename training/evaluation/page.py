"""An evaluation on one page that needs no network: figures, and the pictures behind each."""

import base64
import io
from collections.abc import Sequence
from html import escape
from importlib import resources
from pathlib import Path
from string import Template

import numpy as np
from PIL import Image

from explorer import __version__
from explorer.core.errors import KnownError
from explorer.core.files import write_bytes
from explorer.core.words import printable
from training.evaluation.evaluate import Look
from training.evaluation.measures import DENSITY_K, Double, Single, distances, evenly, nearest
from training.evaluation.pictures import Pixels, Places
from training.evaluation.seen import small
from training.evaluation.told import FILE, NETWORK, Evaluation, Factor, Figure, Memory
from training.evaluation.words import MEANINGS, interval, lead, shown, verdict

_HUNG = 8  # pictures of a kind
_ALONE = 1.05  # beyond its own reach to its neighbours a real picture counts as missed

_ROW = (
    "<tr><th scope=row>{title}</th><td class=value>{value}</td><td>{interval}{scale}</td>"
    "<td>{real}</td><td class=what>{tells} Better: {better}.</td></tr>"
)


def write(look: Look, folder: Path) -> Path:
    """Write `evaluation.json` and the page into ``folder``, each whole or not at all.

    Raises:
        KnownError: the disk refuses.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise KnownError(
            f"{folder} can't be made: {error.strerror}; choose another --out."
        ) from error
    out = folder / "evaluation.html"
    write_bytes(out, page(look).encode("utf-8", "replace"))
    write_bytes(folder / FILE, look.told.model_dump_json(indent=1).encode())
    return out


def page(look: Look) -> str:
    """The page as HTML."""
    told = look.told
    sections = [
        _verdict(told),
        _figures(told),
        _pictures(look),
        _copies(look),
        _factors(told),
        _condition(told),
        _given(told),
        _notes(told),
    ]
    return framed(
        over="An evaluation",
        title=printable(told.model.name),
        lead=lead(told),
        body="\n".join(filter(None, sections)),
        foot=(
            f"Features are those of {NETWORK}, trained on photographs: these figures compare "
            "models of this program with each other, and with nothing that was published. An "
            "interval holds the true figure 19 times of 20; it tells chance in the choice of "
            "pictures, not in training. Dotted: what real pictures get in place of the painted."
        ),
    )


def framed(*, over: str, title: str, lead: str, body: str, foot: str) -> str:
    """A page in the look that all pages of a run have; all but ``body`` is plain text."""
    seeing = (resources.files("training.seeing") / "page.html").read_text(encoding="utf-8")
    template = (resources.files("training.evaluation") / "page.html").read_text(encoding="utf-8")
    return Template(template).substitute(
        over=escape(over),
        title=escape(title),
        lead=f'<p class="lead">{escape(lead)}</p>',
        body=body,
        foot=escape(foot),
        style=seeing.partition("<style>")[2].partition("</style>")[0].strip(),
        software=escape(f"masquerade {__version__}"),
    )


def picture(pixels: Pixels, said: str) -> str:
    """An ``img`` of uint8 (h, w, c), without loss."""
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    out = io.BytesIO()
    image.save(out, "WEBP", lossless=True, quality=60, method=4)
    data = base64.b64encode(out.getvalue()).decode()
    return (
        f'<img class="crisp" src="data:image/webp;base64,{data}" width="{image.width}"'
        f' height="{image.height}" alt="{escape(said)}">'
    )


def _verdict(told: Evaluation) -> str:
    items = "".join(f"<li><b>{escape(what)}</b>{escape(said)}</li>" for what, said in verdict(told))
    return f'<section><h2>In plain words</h2><ul class="verdict">{items}</ul></section>'


def _figures(told: Evaluation) -> str:
    rows = []
    for name, figure in told.figures.items():
        meaning = MEANINGS[name]
        title = f"{meaning.title}, of {told.kinds}" if name == "modes" else meaning.title
        rows.append(
            _ROW.format(
                title=escape(title),
                value=shown(figure.value),
                interval=interval(figure),
                scale=_scale(figure, told.kinds if name == "modes" else None),
                real="" if figure.real is None else shown(figure.real),
                tells=escape(meaning.tells),
                better=escape(meaning.better),
            )
        )
    return (
        "<section><h2>Figures</h2>"
        '<p class="say">Each with the interval in which it lies 19 times of 20, and with what real '
        "pictures of the same dataset get in place of the painted ones: nothing can do better.</p>"
        '<div class="wide"><table class="figures"><thead><tr><th></th><th>value</th>'
        "<th>19 times of 20</th><th>real ones</th><th class=what></th></tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div></section>"
    )


def _scale(figure: Figure, most: float | None) -> str:
    """The interval as a bar from 0 to 1, or to where everything fits."""
    usual = figure.real or 0.0
    most = most or max(1.0, figure.high, usual)
    ends = [min(1.0, max(0.0, x / most)) * 100 for x in (figure.low, figure.high, figure.value)]
    dotted = f'<u style="left:{min(1.0, max(0.0, usual / most)) * 100:.1f}%"></u>'
    return (
        f'<div class="scale"><i style="left:{ends[0]:.1f}%;width:{ends[1] - ends[0]:.1f}%"></i>'
        f'{dotted}<b style="left:{ends[2]:.1f}%"></b></div>'
    )


def _pictures(look: Look) -> str:
    """Best, typical and worst; the most alike; what is never painted."""
    painted = look.painted
    real = look.real.features.late[evenly(len(look.real), len(painted))]
    places = look.real.places[evenly(len(look.real), len(painted))]
    across = distances(painted.features.late, real)
    reach = float(np.median(nearest(distances(real, real), DENSITY_K)))
    realism = np.partition(across, DENSITY_K - 1, axis=1)[:, DENSITY_K - 1] / (reach or 1.0)
    order = np.argsort(realism, kind="stable")
    middle = len(order) // 2 - _HUNG // 2
    strips = [
        ("Best", "Those that lie deepest among the real ones.", order[:_HUNG]),
        ("Typical", "As many are better as are worse.", order[middle : middle + _HUNG]),
        ("Worst", "Those farthest from anything real.", order[::-1][:_HUNG]),
    ]
    shown_ = "".join(
        _strip(head, say, [_cell(look, row, f"{realism[row]:.2f}") for row in rows])
        for head, say, rows in strips
    )
    return (
        "<section><h2>Pictures</h2>"
        '<p class="say">Under each its seed, by which the studio paints it again, and how far it '
        "is from the fifth nearest real picture; real ones typically have 1.</p>"
        f"{shown_}{_twins(look)}{_missed(look, across, real, places)}</section>"
    )


def _strip(head: str, say: str, cells: Sequence[str]) -> str:
    return (
        f'<h3>{escape(head)}</h3><p class="say">{escape(say)}</p>'
        f'<div class="hung">{"".join(cells)}</div>'
    )


def _cell(look: Look, row: int, said: str) -> str:
    seed = int(look.painted.seeds[row])
    image = picture(look.painted.small[row], f"seed {seed}")
    return f"<figure>{image}<figcaption>@{seed} · {escape(said)}</figcaption></figure>"


def _twins(look: Look) -> str:
    """Painted pictures that are nearest to one another: what Distinct counts."""
    late = look.painted.features.late
    between = distances(late, late)
    np.fill_diagonal(between, np.inf)
    typical = float(np.median(between.min(axis=1))) or 1.0
    cells, used = [], set()
    for place in np.argsort(between, axis=None, kind="stable"):
        a, b = (int(x) for x in np.unravel_index(place, between.shape))
        if a in used or b in used:
            continue
        used |= {a, b}
        cells += [_cell(look, row, f"{between[a, b] / typical:.2f}") for row in (a, b)]
        if len(cells) >= _HUNG or not np.isfinite(between[a, b]):
            break
    return _strip(
        "Most alike",
        "Pairs of different seeds that came out nearest; 1 is how far a painted picture typically "
        "is from its nearest.",
        cells,
    )


def _missed(look: Look, across: Double, real: Single, places: Places) -> str:
    """Real pictures that have no painted one within their reach: what Coverage misses."""
    own = nearest(distances(real, real), DENSITY_K)
    alone = across.min(axis=0) / np.maximum(own, 1e-9)
    rows = [row for row in np.argsort(-alone, kind="stable")[:_HUNG] if alone[row] > _ALONE]
    if not rows:
        return ""
    pixels = small(look.compared.pixels(places[rows]))
    cells = [
        f"<figure>{picture(one, 'a real picture')}<figcaption>{alone[row]:.2f}</figcaption></figure>"
        for row, one in zip(rows, pixels, strict=True)
    ]
    return _strip(
        "Missed",
        "Real pictures that no painted one comes near to; above 1, none is as near as their fifth "
        "real neighbour.",
        cells,
    )


def _copies(look: Look) -> str:
    found = look.told.memory
    if found is None:
        return ""
    rows = "".join(
        f"<tr><th scope=row>{head}</th><td>{each.ratio:.2f}</td><td>{each.percentile:.0%}</td>"
        f"<td>{each.nearer:.2f}</td></tr>"
        for head, each in (
            ("Shape", found.shape),
            ("Colour and texture", found.colour),
            ("Both together", found.both),
        )
    )
    return (
        f'<section><h2>Copies?</h2><p class="say">{escape(_asked(found))}</p>'
        '<div class="wide"><table><thead><tr><th></th><th>median distance (real ones: 1)</th>'
        "<th>percentile among real ones (50 %)</th><th>chance to be nearer than a real one (0.5)"
        f"</th></tr></thead><tbody>{rows}</tbody></table></div>"
        "<h4>Most copied</h4>"
        '<p class="say">Painted on the left, its nearest training picture on the right, nearest '
        f"first. Only judge by eye.</p>{_pairs(look, found)}</section>"
    )


def _asked(found: Memory) -> str:
    whose = (
        "each training picture to its nearest other"
        if found.reference == "themselves"
        else "pictures that it never saw to their nearest training picture"
    )
    soft = f"seen through a blur of {found.blur:g} pixels, its own, " if found.blur else ""
    return (
        f"Each painted picture, and its mirror image, was compared with {found.searched:,} training "
        f"pictures, {soft}at both depths of the network. {found.copied.value:.1%} "
        f"({found.copied.low:.1%} to {found.copied.high:.1%}) lie nearer than {found.threshold:.0%} "
        f"of real pictures do, going by the distances of {whose}. Of copies made on purpose, "
        f"softened, noisy and half of them mirrored, {found.caught:.0%} were noticed."
    )


def _pairs(look: Look, found: Memory) -> str:
    if not found.nearest:
        return ""
    theirs = small(look.learned.pixels(np.array([each.index for each in found.nearest])))
    first = int(look.painted.seeds[0])
    shown_ = []
    for each, real in zip(found.nearest, theirs, strict=True):
        ours = picture(look.painted.small[each.seed - first], f"seed {each.seed}")
        name = printable(each.file) or f"picture {each.index}"
        shown_.append(
            f"<figure><div>{ours}{picture(real, name)}</div><figcaption><b>@{each.seed}</b> beside "
            f"{escape(name)}<br>{each.percentile:.1%} of real pictures are nearer</figcaption>"
            "</figure>"
        )
    return f'<div class="pairs">{"".join(shown_)}</div>'


def _factors(told: Evaluation) -> str:
    if not told.factors:
        return ""
    shown_ = "".join(_shares(each) for each in sorted(told.factors, key=lambda f: f.coverage))
    return (
        "<section><h2>What it paints</h2>"
        '<p class="say">A linear classifier learned each factor from real pictures, at the model’s '
        "own sharpness, and says how often a value is painted. Believe it as far as it was right "
        "on real pictures that it had not seen.</p>"
        '<div class="keys"><span><span class="swatch" style="--c:var(--c8)"></span>real</span>'
        '<span><span class="swatch" style="--c:var(--c1)"></span>painted</span></div>'
        f'<div class="shares">{shown_}</div></section>'
    )


def _shares(each: Factor) -> str:
    most = max(max(pair) for pair in each.values.values()) or 1.0
    bars = "".join(
        f'<div class="bar{" gone" if value in each.missing else ""}">'
        f"<span>{escape(printable(value)) or '–'}</span><div>"
        f'<i style="width:{real / most:.1%}"></i><i style="width:{painted / most:.1%}"></i></div>'
        f"<output>{painted:.0%}</output></div>"
        for value, (real, painted) in each.values.items()
    )
    return (
        f"<figure><h3>{escape(printable(each.name))}</h3>"
        f'<p class="say">{each.coverage:.0%} in common. The classifier is right {each.accuracy:.0%} '
        f"of the time, guessing would be {each.chance:.0%}.</p>{bars}</figure>"
    )


def _condition(told: Evaluation) -> str:
    if told.condition is None:
        return ""
    found = told.condition
    rows = "".join(
        f"<tr><th scope=row>{escape(printable(name))}</th><td>{value:.0%}</td></tr>"
        for name, value in found.by_class.items()
    )
    return (
        "<section><h2>Asked for a class</h2>"
        f'<p class="say">{found.accuracy.value:.0%} ({found.accuracy.low:.0%} to '
        f"{found.accuracy.high:.0%}) of the pictures are found in the class that they were asked "
        f"to be; of unseen real pictures it is {found.of_classifier:.0%}.</p>"
        f'<div class="wide"><table><tbody>{rows}</tbody></table></div></section>'
    )


def _given(told: Evaluation) -> str:
    if told.given is None:
        return ""
    given = told.given
    return (
        "<section><h2>With the given network</h2>"
        f'<p class="say">On the {given.features:,} features of {escape(printable(given.file))} '
        f"({given.sha256[:12]}). Only if that is the published Inception network with its pooled "
        "features may the Fréchet distance be called FID, and it is to be compared only with those "
        "of as many pictures.</p>"
        '<div class="wide"><table><tbody>'
        f"<tr><th scope=row>Fréchet distance</th><td>{shown(given.frechet.value)}</td>"
        f"<td>{interval(given.frechet)}</td></tr>"
        f"<tr><th scope=row>Kernel distance</th><td>{shown(given.kid.value)}</td>"
        f"<td>{interval(given.kid)}</td></tr></tbody></table></div></section>"
    )


def _notes(told: Evaluation) -> str:
    if not told.notes:
        return ""
    items = "".join(f"<li>{escape(printable(note))}</li>" for note in told.notes)
    return f'<section><h2>To be kept in mind</h2><ul class="left">{items}</ul></section>'
