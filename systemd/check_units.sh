#!/bin/bash
# Lets systemd-analyze read the user units as they would be installed; any word it says is a failure.
set -euo pipefail
if [[ ${1:-} == --help || $# -ne 3 ]]; then
    echo "usage: check_units.sh SYSTEMD_ANALYZE SERVICE SOCKET"
    exit $(($# == 1 ? 0 : 2))
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp "$2" "$folder/defangd.service"
cp "$3" "$folder/defangd.socket"
# man pages are not installed yet
said=$(XDG_RUNTIME_DIR=$folder "$1" --user --man=no verify "$folder/defangd.service" "$folder/defangd.socket" 2>&1) || { echo "$said"; exit 1; }
if [[ -n $said ]]; then
    echo "$said"
    exit 1
fi
echo "2 units are fine"
