"""StyleGAN2's generator in its two halves: mapping latents to w, painting what w says."""

import math
from itertools import pairwise

import tensorflow as tf

from training.networks.equalised import GAIN, Dense, Keys, Layer, active, normalised
from training.networks.fir import blurred, doubled
from training.networks.layers import thrown
from training.networks.stylegan2_sizes import Plan

_MAPPING_RATE = 0.01  # of the mapping network's learning, to the rest's
_NOISE = 100  # and up: numbers of the layers that throw noise


class Mapping(Layer):
    """From latents (n, latent), labels (n, classes) or both to w, float32 (n, w_dim)."""

    def __init__(self, latent: int, classes: int, w_dim: int, layers: int, keys: Keys) -> None:
        super().__init__("float32")
        self.embed = Dense(classes, w_dim, keys()) if classes else None
        widths = [latent + (w_dim if classes else 0), *[w_dim] * layers]
        self.dense = tuple(
            Dense(inputs, units, keys(), rate=_MAPPING_RATE, activated=True)
            for inputs, units in pairwise(widths)
        )

    def call(self, z: tf.Tensor | None, label: tf.Tensor | None = None) -> tf.Tensor:
        given = [] if z is None else [normalised(tf.cast(z, tf.float32))]
        if self.embed is not None:
            given.append(normalised(self.embed(tf.cast(label, tf.float32))))
        w = tf.concat(given, axis=1)
        for layer in self.dense:
            w = layer(w)
        return w


class StyledConv(Layer):
    """Modulate, convolve, demodulate, add noise and bias, activate (Karras et al. 2020, 2.2).

    The style scales what goes in and the demodulation what comes out, around one kernel for all
    pictures: the same numbers as a kernel for each, and the only form that exports everywhere.

    Args:
        side: pixels of what comes out; half of them go in where ``doubles``.
        doubles: by a transposed convolution and the filter after it.
    """

    def __init__(
        self,
        side: int,
        inputs: int,
        filters: int,
        w_dim: int,
        keys: Keys,
        *,
        number: int,
        doubles: bool,
        noise: bool,
    ) -> None:
        super().__init__()
        self.number, self.doubles = number, doubles
        self.gain = GAIN * (4 if doubles else 1)  # three zeros came to each pixel
        self.style = Dense(w_dim, inputs, keys(), bias=1.0)
        self.kernel = self.normal((3, 3, inputs, filters), keys(), name="kernel")
        self.bias = self.constant((filters,), 0.0, "bias")
        self.strength = self.constant((), 0.0, "strength") if noise else None
        if noise:
            self.noise = self.normal((side, side, 1), keys(), trainable=False, name="noise")

    def call(
        self,
        x: tf.Tensor,
        w: tf.Tensor,
        noise_scale: tf.Tensor | float = 1.0,
        training: bool = False,
    ) -> tf.Tensor:
        style, kernel = self.style(w), self.kernel.value / math.sqrt(9 * self.kernel.shape[2])
        if self.compute_dtype == "float16":  # demodulation takes any factor out again
            style = style / tf.reduce_max(tf.abs(style), axis=1, keepdims=True)
            kernel = kernel / tf.reduce_max(tf.abs(kernel), axis=(0, 1, 2))
        energy = tf.square(style) @ tf.reduce_sum(tf.square(kernel), axis=(0, 1))
        demodulation = tf.math.rsqrt(energy + 1e-8) * self.gain  # (n, filters)
        x = x * self._planes(style)
        x = self._convolved(x, tf.cast(kernel, x.dtype)) * self._planes(demodulation)
        if self.strength is not None:
            noise = thrown(self.number).normal(*self.noise.shape) if training else self.noise.value
            x = x + tf.cast(noise * (self.strength.value * GAIN * noise_scale), x.dtype)
        x = tf.nn.bias_add(x, tf.cast(self.bias.value * GAIN, x.dtype))
        return active(x, self.compute_dtype)

    def _convolved(self, x: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        if not self.doubles:
            return tf.nn.conv2d(x, kernel, 1, "SAME")
        side = 2 * x.shape[1] + 1
        shape = tf.stack([tf.shape(x)[0], side, side, kernel.shape[3]])
        x = tf.nn.conv2d_transpose(x, tf.transpose(kernel, (0, 1, 3, 2)), shape, 2, "VALID")
        return blurred(x, pad=1)

    def _planes(self, factors: tf.Tensor) -> tf.Tensor:
        return tf.cast(factors, self.compute_dtype)[:, None, None, :]


class ToRgb(Layer):
    """Modulated 1×1 convolution without demodulation, to float32 (n, side, side, channels)."""

    def __init__(self, inputs: int, channels: int, w_dim: int, keys: Keys) -> None:
        super().__init__()
        self.style = Dense(w_dim, inputs, keys(), bias=1.0)
        self.kernel = self.normal((1, 1, inputs, channels), keys(), name="kernel")
        self.bias = self.constant((channels,), 0.0, "bias")

    def call(self, x: tf.Tensor, w: tf.Tensor) -> tf.Tensor:
        style = self.style(w) / math.sqrt(self.kernel.shape[2])
        x = x * tf.cast(style, x.dtype)[:, None, None, :]
        rgb = tf.cast(tf.nn.conv2d(x, tf.cast(self.kernel.value, x.dtype), 1, "VALID"), tf.float32)
        return tf.nn.bias_add(rgb, self.bias.value)


class Block(Layer):
    """The convolutions and the colours of one resolution.

    From features (n, side / 2, side / 2, c) and the picture so far to twice their size.
    """

    def __init__(self, plan: Plan, index: int, keys: Keys) -> None:
        super().__init__()
        side, filters, w_dim = plan.sides[index], plan.filters[index], plan.w_dim
        self.side = side
        self.row = max(0, 2 * index - 1)  # of ws, for the first convolution
        before = plan.filters[max(0, index - 1)]
        told = [(filters, filters, False)] if index == 0 else [(before, filters, True)]
        told += [] if index == 0 else [(filters, filters, False)]
        self.start = self.normal((4, 4, filters), keys(), name="start") if index == 0 else None
        self.convs = tuple(
            StyledConv(
                side,
                inputs,
                outputs,
                w_dim,
                keys,
                number=_NOISE + self.row + i,
                doubles=doubles,
                noise=plan.noise,
            )
            for i, (inputs, outputs, doubles) in enumerate(told)
        )
        self.to_rgb = ToRgb(filters, plan.channels, w_dim, keys)

    def call(
        self,
        ws: tf.Tensor,
        features: tf.Tensor | None,
        skip: tf.Tensor | None,
        noise_scale: tf.Tensor | float = 1.0,
        training: bool = False,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        if self.start is not None:
            start = tf.cast(self.start.value, self.compute_dtype)
            features = tf.tile(start[None], [tf.shape(ws)[0], 1, 1, 1])
        row = self.row
        for conv in self.convs:
            features = conv(features, ws[:, row], noise_scale=noise_scale, training=training)
            row += 1
        rgb = self.to_rgb(features, ws[:, row])
        return features, rgb if skip is None else doubled(skip) + rgb


class Synthesis(Layer):
    """From ws, float32 (n, num_ws, w_dim), to rgb, float32 (n, size, size, channels), linear."""

    def __init__(self, plan: Plan, keys: Keys) -> None:
        super().__init__()
        self.blocks = tuple(Block(plan, i, keys) for i in range(len(plan.filters)))

    def call(
        self, ws: tf.Tensor, noise_scale: tf.Tensor | float = 1.0, training: bool = False
    ) -> tf.Tensor:
        top = self.blocks[-1].side
        _, rgb = self.grown(ws, None, None, to=top, noise_scale=noise_scale, training=training)
        return rgb

    def grown(
        self,
        ws: tf.Tensor,
        features: tf.Tensor | None,
        skip: tf.Tensor | None,
        *,
        to: int,
        noise_scale: tf.Tensor | float = 1.0,
        training: bool = False,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Go on to ``to`` pixels from where it paused, or from the start if that is None.

        Returns:
            features (n, to, to, c) and skip, the picture so far, float32 (n, to, to, channels).
        """
        reached = 0 if features is None else features.shape[1]
        for block in self.blocks:
            if reached < block.side <= to:
                features, skip = block(
                    ws, features, skip, noise_scale=noise_scale, training=training
                )
        return features, skip
