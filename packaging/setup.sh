#!/usr/bin/env bash
# What `make` needs from the machine: an interpreter, an environment, Qt's libraries.
#   setup.sh environment FOLDER EXTRAS   make FOLDER and install the project with EXTRAS
#   setup.sh app FOLDER                  open the studio, or go the same way without a window
#   setup.sh pytest FOLDER [ARGUMENT..]  run the tests, touching nobody's own models and gallery
# Does nothing twice, asks nothing, and says in one sentence what it may not do.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# What Qt opens, and the Debian package that brings it: first for any picture, then for a real window.
readonly QT_ANY="libGL.so.1=libgl1 libEGL.so.1=libegl1 libxkbcommon.so.0=libxkbcommon0
  libfontconfig.so.1=libfontconfig1 libglib-2.0.so.0=libglib2.0-0 libdbus-1.so.3=libdbus-1-3"
readonly QT_WINDOW="libxcb-cursor.so.0=libxcb-cursor0 libxkbcommon-x11.so.0=libxkbcommon-x11-0
  libX11-xcb.so.1=libx11-xcb1 libxcb-icccm.so.4=libxcb-icccm4 libxcb-image.so.0=libxcb-image0
  libxcb-keysyms.so.1=libxcb-keysyms1 libxcb-randr.so.0=libxcb-randr0
  libxcb-render-util.so.0=libxcb-render-util0 libxcb-shape.so.0=libxcb-shape0"

fail() {
  echo "$*" >&2
  exit 1
}

has_display() { # macOS and Windows draw without being told where
  [[ $(uname -s) != Linux || -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]]
}

# Install Debian packages where we may; else leave 1.
install() {
  local as=()
  command -v apt-get >/dev/null || return 1
  if [[ $(id -u) != 0 ]]; then
    sudo -n true 2>/dev/null || return 1
    as=(sudo -n)
  fi
  echo "Installing $*."
  "${as[@]}" apt-get -qq update || true # a stale list often still serves
  "${as[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get -qq install -y --no-install-recommends "$@" >/dev/null
}

is_usable() { # pyenv's stand-ins exist and fail, so ask the interpreter itself
  "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null
}

choose_python() {
  local candidate usable=""
  for candidate in ${PYTHON:-python3.11 python3.12 python3.13 python3}; do
    is_usable "$candidate" || continue
    if "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
    usable=${usable:-$candidate}
  done
  [[ -n $usable ]] || fail "No Python 3.11, 3.12 or 3.13 is here; install one, or name it: make PYTHON=/path/to/python3.11 app."
  local package
  package=$("$usable" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
  install "$package" >&2 || fail "$usable can't make environments; as root, run: apt-get install $package"
  command -v "$usable"
}

qt_libraries() {
  [[ $(uname -s) == Linux ]] || return 0
  local pairs=$QT_ANY pair known missing=()
  if has_display; then pairs+=" $QT_WINDOW"; fi
  known=$(PATH=$PATH:/sbin:/usr/sbin ldconfig -p 2>/dev/null || true)
  for pair in $pairs; do
    [[ $known == *"${pair%%=*} "* ]] || missing+=("${pair#*=}")
  done
  if [[ -z $(find /usr/share/fonts /usr/local/share/fonts ~/.fonts ~/.local/share/fonts \
    \( -name '*.ttf' -o -name '*.otf' \) -print -quit 2>/dev/null) ]]; then
    missing+=(fonts-dejavu-core)
  fi
  ((${#missing[@]})) || return 0
  install "${missing[@]}" ||
    echo "Qt may lack system libraries, which only root can install; on Debian: apt-get install ${missing[*]}" >&2
}

environment() {
  local folder=$1 extras=$2 python
  if ! is_usable "$folder/bin/python" || ! "$folder/bin/python" -m pip --version >/dev/null 2>&1; then
    python=$(choose_python)
    echo "Making $folder with $("$python" -V)."
    "$python" -m venv --clear "$folder"
  fi
  qt_libraries
  echo "Installing Masquerade ($extras) and what it needs into $folder; the first time takes minutes."
  "$folder/bin/python" -m pip install --quiet --disable-pip-version-check \
    --constraint packaging/constraints.txt --editable ".[$extras]"
}

app() {
  local explorer=$1/bin/explorer
  if has_display; then
    exec "$explorer"
  fi
  echo "There is no display here, so the same journey goes without a window, into out/gallery."
  # An update may bring another model: what the older one painted is kept, under a number.
  exec "$explorer" export --seeds 0-47 --names shipped --upscale-first 6 \
    --out out/gallery --set-aside
}

run_pytest() {
  local folder=$1 home status=0
  shift
  home=$(mktemp -d)
  MASQUERADE_HOME=$home QT_QPA_PLATFORM=${QT_QPA_PLATFORM:-offscreen} \
    "$folder/bin/python" -m pytest "$@" || status=$?
  rm -rf "$home"
  return "$status"
}

case ${1:-} in
environment) environment "$2" "$3" ;;
app) app "$2" ;;
pytest) shift && run_pytest "$@" ;;
*) fail "setup.sh knows environment, app and pytest; run make instead." ;;
esac
