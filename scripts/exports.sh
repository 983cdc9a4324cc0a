#!/usr/bin/env bash
# What a terminal needs to use the sandbox; sourced by scripts/sandbox and scripts/demo.
set -euo pipefail

# sandbox_exports URL ACCESS_KEY SECRET_KEY: lines for any POSIX shell.
#
# What is unset would lead elsewhere: a profile to the account it names, a session token to a refusal
# of these keys, and AWS_IGNORE_CONFIGURED_ENDPOINT_URLS past the endpoint to the real AWS.
sandbox_exports() {
    printf 'export AWS_ENDPOINT_URL=%q\n' "$1"
    printf 'export AWS_ACCESS_KEY_ID=%q\n' "$2"
    printf 'export AWS_SECRET_ACCESS_KEY=%q\n' "$3"
    cat <<'TEXT'
export AWS_REGION=us-west-2 AWS_DEFAULT_REGION=us-west-2
unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_SESSION_TOKEN AWS_SECURITY_TOKEN AWS_IGNORE_CONFIGURED_ENDPOINT_URLS
# The aws command reads AWS_ENDPOINT_URL from 2.13.0 (or 1.29.0) on. An older one, as Debian 12's 2.9,
# would ask the real AWS; with this function it asks the sandbox too:
aws() { command aws ${AWS_ENDPOINT_URL:+--endpoint-url="$AWS_ENDPOINT_URL"} "$@"; }
TEXT
}
