#!/bin/sh
# The browser tests drive Debian's Chromium, and strace injects kills into the tests of crashes; install what is missing.
set -eu
missing=""
command -v chromium >/dev/null || missing="chromium"
command -v strace >/dev/null || missing="$missing strace"
[ -n "$(fc-list 'Liberation Sans' 2>/dev/null)" ] || missing="$missing fonts-liberation" # lines are as long as elsewhere
[ -n "$missing" ] || exit 0
if ! command -v apt-get >/dev/null; then
    command -v chromium >/dev/null && exit 0 # without strace some tests are skipped
    echo "The browser tests need a 'chromium' on the PATH; install one and run again." >&2
    exit 1
fi
echo "Installing for the tests: $missing ..."
as_root=""
[ "$(id -u)" -eq 0 ] || as_root="sudo"
$as_root apt-get update -qq
# shellcheck disable=SC2086 # one argument for each package
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
