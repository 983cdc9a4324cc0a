#!/bin/bash
# Lets systemd-analyze read the user units as they would be installed, as they are and with the hardened drop-in: any
# word it says is a failure, and so is an exposure of more than 2.0 with the drop-in.
set -euo pipefail
if [[ ${1:-} == --help || $# -ne 4 ]]; then
    echo "usage: check_units.sh SYSTEMD_ANALYZE SERVICE SOCKET DROP_IN"
    exit $(($# == 1 ? 0 : 2))
fi
analyze=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export XDG_RUNTIME_DIR=$folder
cp "$2" "$folder/defangd.service"
cp "$3" "$folder/defangd.socket"

verify() {
    local said
    said=$("$analyze" --user --man=no verify "$folder/defangd.service" "$folder/defangd.socket" 2>&1) || { echo "$said"; exit 1; }
    [[ -z $said ]] || { echo "$said"; exit 1; }
}

verify
mkdir "$folder/defangd.service.d"
cp "$4" "$folder/defangd.service.d/hardened.conf"
verify
# systemd before 250 cannot judge a file
if "$analyze" --help | grep -q -- --offline; then
    "$analyze" --user --offline=yes --threshold=20 --no-pager security "$folder/defangd.service" > "$folder/said" 2>&1 ||
        { tail -1 "$folder/said"; exit 1; }
    tail -1 "$folder/said"
fi
echo "2 units and a drop-in are fine"
