"""Turn, stretch and shear pictures by what XLA compiles and what has every derivative.

An affine map is taken apart into one stretch along each axis and three shears, so that
pictures are only ever resampled along rows. A stretch is a dense product of matrices, a shear
shifts each row by its own amount. Both are linear in the pictures, and their gradients are
products and shifts again: there is no scatter, which TPUs do slowly and GPUs in no fixed order.
"""

import tensorflow as tf


def warp(pictures: tf.Tensor, inverse: tf.Tensor) -> tf.Tensor:
    """Each picture under its own affine map, mirrored on at its edges.

    Interpolates by Keys' cubic (1981, a = -1/2); where a picture shrinks, the stretch widens
    the cubic as much, so that fine patterns fade and don't alias. Shears don't. The canvas
    between the passes is one and three quarters of the picture: a map that squeezes and
    turns by much may show a wrong piece of the picture in its corners (of the published set one
    picture in six hundred at p = 0.3, one in sixty at p = 1).

    A picture whose map is the identity comes back bit for bit; flips, quarter turns and shifts
    by whole pixels are exact where products of float32 matrices are (on GPUs with TF32 within
    0.001, on TPUs within 0.004).

    Args:
        pictures: float32 (n, side, side, channels).
        inverse: float32 (n, 2, 3): from (x, y, 1) in the result, in pixels from the middle,
            to (x, y) in the picture. Invertible.
    """
    side = pictures.shape[1]
    if pictures.shape[2] != side:
        raise ValueError(f"only squares can be turned, not {side} × {pictures.shape[2]} pixels")
    moved = tf.reduce_any(inverse != tf.eye(2, 3), axis=[1, 2])[:, None, None, None]

    # A picture lying on its side is turned over its diagonal first: then the diagonal of the
    # matrix outweighs the rest, and nothing below divides by little.
    lying = tf.abs(inverse[:, 0, 1] * inverse[:, 1, 0]) > tf.abs(
        inverse[:, 0, 0] * inverse[:, 1, 1]
    )
    upright = tf.where(lying[:, None, None, None], _over_the_diagonal(pictures), pictures)
    inverse = tf.where(lying[:, None, None], inverse[:, ::-1], inverse)
    along, down, stretch_x, stretch_y = _passes(inverse)

    margin = 3 * side // 8
    place = tf.range(-margin, side + margin, dtype=tf.float32) - (side - 1) / 2  # on the canvas
    mine = slice(margin, margin + side)
    weights_y = _weights(stretch_y[:, None] * place + inverse[:, 1, 2:], stretch_y, side)
    weights_x = _weights(stretch_x[:, None] * place + inverse[:, 0, 2:], stretch_x, side)

    canvas = _over_the_diagonal(_stretch(upright, weights_y))
    canvas = _stretch(canvas, weights_x)  # (n, x, y, channels)
    canvas = _over_the_diagonal(_shear(canvas, down[:, None] * place))
    canvas = _shear(canvas, along[:, None] * place)[:, :, mine]
    canvas = _shear(_over_the_diagonal(canvas), down[:, None] * place[mine])[:, :, mine]
    return tf.where(moved, _over_the_diagonal(canvas), pictures)


@tf.custom_gradient
def roll_rows(rows: tf.Tensor, by: tf.Tensor) -> tf.Tensor:
    """Move each row to the left, around its end.

    Args:
        rows: float32 (n, height, width, channels).
        by: int32 (n, height) or (n, 1): pixels.
    """
    width = rows.shape[2]
    source = tf.math.floormod(tf.range(width) + by[:, :, None], width)
    source = tf.broadcast_to(source, rows.shape[:3])

    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, None]:
        return roll_rows(upstream, -by), None  # back again, not a scatter

    return tf.gather(rows, source, axis=2, batch_dims=2), gradient


def _passes(inverse: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
    """Along, down, stretch_x and stretch_y, each (n,), of a matrix whose diagonal outweighs.

    The matrix is diag(stretch_x, stretch_y) · [1 0; down 1] · [1 along; 0 1] · [1 0; down 1].
    With both stretches 1 it is a turn as Paeth (1986) makes it. Stretches that leave the two
    ends of the diagonal equal let one ``down`` do for both shears.
    """
    a, b = inverse[:, 0, 0], inverse[:, 0, 1]
    c, d = inverse[:, 1, 0], inverse[:, 1, 1]
    size = a * d - b * c
    stretch_x = tf.sign(a) * tf.sqrt(tf.abs(size * a / d))
    stretch_y = tf.sign(d) * tf.sqrt(tf.abs(size * d / a))
    diagonal = a / stretch_x
    return b / stretch_x, c / stretch_y / (1.0 + diagonal), stretch_x, stretch_y


def _over_the_diagonal(pictures: tf.Tensor) -> tf.Tensor:
    return tf.transpose(pictures, (0, 2, 1, 3))


def _stretch(pictures: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    """Resample (n, height, width, channels) down its columns by weights (n, new height, height)."""
    n, height, width, channels = pictures.shape
    columns = tf.reshape(pictures, (n, height, width * channels))
    return tf.reshape(weights @ columns, (n, weights.shape[1], width, channels))


def _weights(source: tf.Tensor, stretch: tf.Tensor, side: int) -> tf.Tensor:
    """How much of each of ``side`` pixels goes to each place: float32 (n, places, side), sum 1.

    Args:
        source: float32 (n, places): where each place looks, in pixels from the middle.
        stretch: float32 (n,): pixels from one place to the next.
        side: pixels of the picture, which goes on as its mirror image beyond its edges.
    """
    last = side - 1
    pixel = tf.range(side, dtype=tf.float32)
    source = tf.math.floormod(source + last / 2, 2.0 * last)
    source = tf.minimum(source, 2.0 * last - source)[:, :, None]
    wide = tf.maximum(tf.abs(stretch), 1.0)[:, None, None]
    weights = _cubic((source - pixel) / wide)
    # The pixels at the edges are their own mirror images, and count once.
    weights += tf.where(pixel > 0, _cubic((source + pixel) / wide), 0.0)
    weights += tf.where(pixel < last, _cubic((2.0 * last - source - pixel) / wide), 0.0)
    return weights / tf.reduce_sum(weights, axis=2, keepdims=True)


def _cubic(distance: tf.Tensor) -> tf.Tensor:
    far = tf.abs(distance)
    near = (1.5 * far - 2.5) * far * far + 1.0
    outer = ((-0.5 * far + 2.5) * far - 4.0) * far + 2.0
    return tf.where(far < 1.0, near, tf.where(far < 2.0, outer, 0.0))


@tf.custom_gradient
def _shear(rows: tf.Tensor, by: tf.Tensor) -> tf.Tensor:
    """Shift each row of (n, height, width, channels) to the left by float32 (n, height) pixels."""
    whole = tf.floor(by)
    part = (by - whole)[:, :, None, None]
    near = roll_rows(rows, tf.cast(whole, tf.int32) - 1)
    sheared = _cubic(part + 1.0) * near
    for tap in (1, 2, 3):
        sheared += _cubic(part + (1.0 - tap)) * tf.roll(near, -tap, axis=2)

    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, None]:
        return _shear(upstream, -by), None  # the cubic is even, so back again is the adjoint

    return sheared, gradient
