# What checks in bash share. The first lines of a check:
#
#   #!/usr/bin/env bash
#   # What it proves, in one line; `conformance/run --list` shows it.
#   . "$(dirname "${BASH_SOURCE[0]}")/../../lib.sh"
set -euo pipefail
# shellcheck disable=SC2034
{
    artifacts=$(cd "$1" && pwd)
    here=$(cd "$(dirname "${BASH_SOURCE[1]}")" && pwd)
    # Survives from run to run: downloads, build folders. Its name is the check's.
    cache=$CONFORMANCE_CACHE/$(basename "$(dirname "$here")")/$(basename "$here")
    # Does not.
    scratch=$(mktemp -d)
}
mkdir -p "$cache"
trap 'rm -rf "$scratch"' EXIT

# skip REASON: this check cannot run here.
skip() {
    echo "$1"
    exit 77
}

# fail REASON: an artifact is not accepted.
fail() {
    echo "$1"
    exit 1
}

# need COMMAND...: tools without which this check cannot run.
need() {
    local tool
    for tool in "$@"; do
        command -v "$tool" >/dev/null || skip "$tool is not installed"
    done
}

# need_from COMMAND PACKAGE: a tool that is installed from the system's packages where it is missing and that can be done.
need_from() {
    command -v "$1" >/dev/null || "$(dirname "${BASH_SOURCE[0]}")/../scripts/package" "$2" >/dev/null 2>&1 || true
    need "$1"
}

# python_with PACKAGE==VERSION...: a virtual environment with these packages, kept in the cache; says its `python`.
python_with() {
    local venv stamp
    venv=$cache/python
    stamp="$(python3 --version) $*"
    if [ "$(cat "$venv/.stamp" 2>/dev/null)" != "$stamp" ]; then
        rm -rf "$venv"
        python3 -m venv "$venv" >&2 || return 1
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$@" >&2 || return 1
        echo "$stamp" >"$venv/.stamp"
    fi
    echo "$venv/bin/python"
}
