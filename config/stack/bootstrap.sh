#!/bin/sh
# Makes .venv with the locked packages. Called by make, when a lock has changed; needs no root.
# PYTHON chooses the interpreter; else the first that is new enough is taken.
set -eu
cd "$(dirname "$0")/../.."

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

say() {
    echo "Weir: $*" >&2
}

if [ ! -x .venv/bin/python ] || ! new_enough .venv/bin/python; then
    found=
    for python in ${PYTHON:-python3 python3.13 python3.12 python3.11 python}; do
        if command -v "$python" >/dev/null 2>&1 && new_enough "$python"; then
            found=$python
            break
        fi
    done
    if [ -z "$found" ]; then
        say "there is no Python 3.11 or newer on the path (looked for ${PYTHON:-python3, python3.13," \
            "python3.12, python3.11}): install one, or name it: make PYTHON=/path/to/python3.11 …"
        exit 1
    fi
    echo "Making .venv with $("$found" --version) …"
    rm -rf .venv
    if ! "$found" -m venv .venv; then
        rm -rf .venv
        say "$found cannot make a virtual environment: install its venv module" \
            "(on Debian: apt install python3-venv)."
        exit 1
    fi
fi

# Whichever uv: what it installs is pinned by hashes.
if ! .venv/bin/python -m uv --version >/dev/null 2>&1; then
    if ! .venv/bin/python -m pip install --quiet --disable-pip-version-check uv; then
        say "the package uv could not be installed: this machine must reach a Python package index."
        exit 1
    fi
fi

# Compiled now: eight processes of a stack, and every test's, would each do it again where Python
# may not write beside its packages.
echo "Installing the locked packages …"
if ! .venv/bin/python -m uv pip sync --quiet --require-hashes --only-binary :all: \
    --compile-bytecode --python .venv/bin/python requirements-dev.lock; then
    say "the locked packages could not be installed; the lines above name the first one. Without a" \
        "wheel for this platform (Linux with glibc on x86_64 or aarch64, macOS on arm64 have all of" \
        "them) use another machine or the container of docker-compose.yml."
    exit 1
fi
touch .venv/.synced
