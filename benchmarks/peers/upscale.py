"""Real-ESRGAN's own runner, a picture a call.

``python -m benchmarks.peers.upscale WEIGHTS PICTURE CORES``
"""

import sys
import types
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.pipe import serve

_MISSING = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def _mend_imports() -> object:
    """Let basicsr 1.4.2 be imported beside a torchvision of today, on a PyTorch for the CPU.

    Nothing that is measured passes through here. The library has to be kept alive.
    """
    library = torch.library.Library("torchvision", "FRAGMENT")
    try:
        import torchvision
    except RuntimeError:  # its compiled half is for another build of PyTorch
        for name in ("nms", "qnms"):
            library.define(name + _MISSING)
        import torchvision
    moved = types.ModuleType("torchvision.transforms.functional_tensor")
    moved.rgb_to_grayscale = (  # type: ignore[attr-defined] # basicsr looks for it there
        torchvision.transforms.functional.rgb_to_grayscale
    )
    sys.modules[moved.__name__] = moved
    return library


def main(weights: Path, picture: Path, cores: int) -> None:
    torch.set_num_threads(cores)
    library = _mend_imports()
    from basicsr.archs.rrdbnet_arch import RRDBNet
    from realesrgan import RealESRGANer

    network = RRDBNet(3, 3, scale=4, num_feat=64, num_block=23, num_grow_ch=32)
    path = weights.with_suffix(".pth")
    torch.save({"params_ema": _state(network, weights)}, path)
    # As its own script makes it: no tiles, nothing put around the picture; float32 on a CPU.
    runner = RealESRGANer(4, str(path), model=network, tile=0, pre_pad=0, half=False, device="cpu")
    bgr = np.ascontiguousarray(np.load(picture, allow_pickle=False)[:, :, ::-1])

    def upscale(_: int) -> NDArray[np.uint8]:
        grown, _ = runner.enhance(bgr, outscale=4)
        pixels: NDArray[np.uint8] = grown[:, :, ::-1]
        return pixels

    serve(upscale, {"torch": torch.__version__, "realesrgan": version("realesrgan")})
    del library


def _state(network: torch.nn.Module, weights: Path) -> dict[str, torch.Tensor]:
    """Name the graph's initialisers as the network does; both list them in the order they run."""
    names = network.state_dict()
    with np.load(weights, allow_pickle=False) as given:
        arrays = [given[name] for name in sorted(given)]
    state = {n: torch.from_numpy(a) for n, a in zip(names, arrays, strict=True)}
    if any(names[n].shape != tensor.shape for n, tensor in state.items()):
        raise ValueError(f"{weights} holds the weights of another network")
    return state


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
