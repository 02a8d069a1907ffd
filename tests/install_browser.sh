#!/bin/sh
# The browser tests drive Debian's Chromium; install it when it is missing.
set -eu
command -v chromium >/dev/null && exit 0
if ! command -v apt-get >/dev/null; then
    echo "The browser tests need a 'chromium' on the PATH; install one and run again." >&2
    exit 1
fi
echo "Installing Chromium for the browser tests ..."
as_root=""
[ "$(id -u)" -eq 0 ] || as_root="sudo"
$as_root apt-get update -qq
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
