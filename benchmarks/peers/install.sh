#!/usr/bin/env bash
# Makes the environment of the peers: PyTorch and Real-ESRGAN's own package, never beside ours.
#   install.sh FOLDER PYTHON
set -euo pipefail
folder=$1 python=$2
[[ -x $folder/bin/python ]] || "$python" -m venv "$folder"
pip() { "$folder/bin/python" -m pip install --quiet --disable-pip-version-check "$@"; }
pip torch==2.13.0
pip torchvision==0.28.0 numpy pillow "opencv-python-headless<5" scipy scikit-image lmdb addict \
  future tqdm requests pyyaml yapf cython wheel "setuptools<81"
# Of what basicsr declares, tb-nightly and opencv-python 5 are not needed here; and built in an
# isolated environment it would fetch another PyTorch.
pip --no-deps --no-build-isolation basicsr==1.4.2 realesrgan==0.3.0
touch "$folder/.ready"
