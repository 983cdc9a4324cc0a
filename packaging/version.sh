#!/bin/sh
# The version with what git knows: 0.1.0 where that tag stands, else 0.1.0+gCOMMIT; without git what is handed in.
# usage: version.sh VERSION SOURCE_FOLDER
set -eu
version=$1
if commit=$(git -C "$2" rev-parse --short=9 HEAD 2>/dev/null) && [ -e "$2/.git" ]; then
    git -C "$2" describe --exact-match --tags --match "v$version" HEAD >/dev/null 2>&1 || version="$version+g$commit"
fi
echo "$version"
