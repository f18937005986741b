# shellcheck shell=bash
# What the set-up scripts share: where things are, how to become root, how to install packages quietly.
# Sourced, never run. Nothing here reads standard input.

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=$project/.cache
mkdir -p "$cache/logs"

say() { printf '%s\n' "$*" >&2; }

fail() {
    say "error: $*"
    exit 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "root rights are needed for: $* (be root, or install sudo)"
    fi
}

# Runs a command with its output in a log; shows the end of the log only when the command fails.
quietly() {
    local log=$cache/logs/$1.log
    shift
    if ! "$@" >"$log" 2>&1 </dev/null; then
        tail -n 30 "$log" >&2
        return 1
    fi
}

apt_install() {
    local options=(-y -qq --no-install-recommends -o DPkg::Lock::Timeout=300)
    command -v apt-get >/dev/null || fail "please install by hand, this is no Debian or Ubuntu: $*"
    say "installing: $*"
    # The package lists of a fresh machine are empty or old: asked for only when the first try fails.
    quietly apt as_root env DEBIAN_FRONTEND=noninteractive apt-get install "${options[@]}" "$@" 2>/dev/null && return
    quietly apt-update as_root apt-get update -qq || fail "the package lists could not be read"
    quietly apt as_root env DEBIAN_FRONTEND=noninteractive apt-get install "${options[@]}" "$@"
}

# Installs packages whose services nobody has asked for: none is started now, and each named unit neither at boot.
#   install_quietened "unit ..." package ...
install_quietened() {
    local units=$1 guard=/usr/sbin/policy-rc.d ours='' status=0 unit
    shift
    if [ ! -e "$guard" ]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$guard" >/dev/null
        as_root chmod +x "$guard"
        ours=yes
    fi
    apt_install "$@" || status=$?
    [ -z "$ours" ] || as_root rm -f "$guard"
    if command -v systemctl >/dev/null; then
        for unit in $units; do as_root systemctl --quiet disable "$unit" >/dev/null 2>&1 || true; done
    fi
    return "$status"
}

# No `| grep -q`: under pipefail its early exit is apt-cache's broken pipe, and every package was "not to be had".
has_package() {
    local policy
    policy=$(apt-cache policy "$1" 2>/dev/null) || return 1
    [[ $policy == *'Candidate: '[!\(]* ]]
}

# Installs each package whose program (the first of a pair program:package) is not there.
need_programs() {
    local missing=() pair
    PATH=$PATH:/usr/sbin:/sbin
    for pair in "$@"; do
        command -v "${pair%%:*}" >/dev/null || missing+=("${pair#*:}")
    done
    [ ${#missing[@]} = 0 ] || apt_install "${missing[@]}" || fail "these packages could not be installed: ${missing[*]}"
}

# One set-up at a time: the file descriptor holds the lock until the script ends.
lock_setup() {
    exec 9>"$cache/setup.lock"
    flock 9
}
