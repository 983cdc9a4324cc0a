#!/bin/sh
# One run of Pulumi, as the task of the CD stack (image pulumi-base: sh, curl, tar, gzip, sha256sum, sed; no AWS CLI). Its place is the task definition's
# command; RunTask gives the environment:
#
# CD_VERB            up, preview, refresh, destroy, cancel or outputs
# PROJECT STACK          of Compose; they name Pulumi's project and stack too
# DEFANG_ETAG            id of the deployment
# CD_BUCKET          of the CD stack: bundle, state, results
# CD_BUNDLE CD_BUNDLE_SHA256     key of the program's tar.gz (Pulumi.yaml, Pulumi.<stack>.yaml, graph.json, image.sh) and what it must be
# CD_PASSPHRASE      name of the SSM parameter that holds the stack's passphrase
# CD_PLUGINS         "aws=7.48.0 command=1.2.1"
# CD_UNCLEAN         not empty: the run before did not end by itself, and ECS says that its task is stopped
# CD_UNPROTECT       not empty: destroy also what the program protects
# AWS_REGION CD_DNS_SUFFIX, and the credentials of an ECS task
#
# What it leaves under projects/<project>/<stack>/ of the bucket: owner (while it runs: who holds the stack), run.json (how the last run ended), deployed.json
# (the graph that is deployed), outputs.json, salt, logs/<deployment>-<verb>.log. Lines that begin with "@defang " are for the daemon: compact JSON events.
# Exit status: Pulumi's; 75 when another task holds the stack, 70 when something around Pulumi failed.
set -eu
umask 077

work=$(mktemp -d)
place=projects/$PROJECT/$STACK
# shellcheck disable=SC1007 # two empty values
owned= child=
#: Tells people; standard output is for events and outputs.
say() { echo "$*" >&2; }
#: Ends the run: not Pulumi has failed but something around it.
die() { say "cd: $*"; exit 70; }
#: field NAME FILE: the text of that member, or nothing. One member a line, no escapes in the value.
field() { sed -n "s/.*\"$1\"[[:space:]]*:[[:space:]]*\"\([^\"]*\)\".*/\1/p" "$2" | head -n 1; }

# The role's keys change during a long run, so they are asked for again before each call.
credentials() {
    from=${AWS_CONTAINER_CREDENTIALS_FULL_URI:-http://169.254.170.2${AWS_CONTAINER_CREDENTIALS_RELATIVE_URI:-}}
    auth=${AWS_CONTAINER_AUTHORIZATION_TOKEN:-}
    [ -z "${AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE:-}" ] || auth=$(cat "$AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
    printf 'header = "Authorization: %s"\n' "$auth" |
        curl -sS --fail --max-time 20 --retry 3 -K - -o "$work/credentials" "$from" || die "no credentials from $from"
    tr -d '\n' <"$work/credentials" | sed 's/,/,\
/g' >"$work/credentials.lines"
    key=$(field AccessKeyId "$work/credentials.lines") secret=$(field SecretAccessKey "$work/credentials.lines") token=$(field Token "$work/credentials.lines")
    rm -f "$work/credentials" "$work/credentials.lines"
}

# call SERVICE URL CURL-ARGUMENT...: the reply is in $work/reply, the HTTP status in $status. Secrets go to curl by its standard input.
call() {
    service=$1 url=$2
    shift 2
    attempt=0
    while :; do
        credentials
        status=$({
            printf 'user = "%s:%s"\n' "$key" "$secret"
            [ -z "$token" ] || printf 'header = "X-Amz-Security-Token: %s"\n' "$token"
        } | curl -sS --max-time 1800 --connect-timeout 20 -K - --aws-sigv4 "aws:amz:$AWS_REGION:$service" -o "$work/reply" -w '%{http_code}' "$@" "$url") || status=000
        case "$status" in
            000|429|5[0-9][0-9]) ;;
            *) return 0 ;;
        esac
        attempt=$((attempt + 1))
        [ "$attempt" -lt 6 ] || return 0
        sleep "$((attempt * ${CD_PAUSE:-2}))"
    done
}

#: s3_url KEY: of an object of the bucket.
s3_url() { echo "${AWS_ENDPOINT_URL_S3:-${AWS_ENDPOINT_URL:-https://s3.$AWS_REGION.$CD_DNS_SUFFIX}}/$CD_BUCKET/$1"; }
#: sum FILE: its SHA-256, in hex.
sum() { sha256sum "$1" | cut -d ' ' -f 1; }
nothing=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
# The payload's digest is a header of S3's own, which curl does not make by itself in every version.
#: s3_get KEY: $status 200 and the object in $work/reply; 404 when there is none.
s3_get() { call s3 "$(s3_url "$1")" -H "x-amz-content-sha256: $nothing"; }
#: s3_delete KEY: it is no error when there is none.
# shellcheck disable=SC2329 # by finish()
s3_delete() { call s3 "$(s3_url "$1")" -X DELETE -H "x-amz-content-sha256: $nothing"; }
#: Writes the file as the object; $status says whether. A header can make that depend on what is there.
s3_put() { # KEY FILE [HEADER]
    call s3 "$(s3_url "$1")" -T "$2" -H "x-amz-content-sha256: $(sum "$2")" -H "Content-Type: application/octet-stream" ${3:+-H "$3"}
}
#: store KEY FILE: written, or a warning: a note that is missing does not end a run.
store() {
    s3_put "$1" "$2"
    [ "$status" = 200 ] || say "cd: s3://$CD_BUCKET/$1 could not be written: HTTP $status"
}

#: Who holds the stack while this runs: the ARN of this task; outside of ECS the host name.
me() {
    [ -n "${ECS_CONTAINER_METADATA_URI_V4:-}" ] || { hostname; return; }
    curl -sS --max-time 10 --retry 3 "$ECS_CONTAINER_METADATA_URI_V4/task" -o "$work/task" && field TaskARN "$work/task"
}

# One task holds the stack: S3 makes the object only if it is not there.
hold() {
    printf '%s' "$task" >"$work/owner"
    s3_put "$place/owner" "$work/owner" 'If-None-Match: *'
    if [ "$status" = 412 ] || [ "$status" = 409 ]; then
        s3_get "$place/owner"
        [ "$(cat "$work/reply")" = "$task" ] || { say "cd: task $(cat "$work/reply") holds $PROJECT/$STACK"; exit 75; }
        status=200
    fi
    [ "$status" = 200 ] || die "s3://$CD_BUCKET/$place/owner could not be written: HTTP $status"
    owned=1
}

#: Says in run.json how far the run is, for who looks after it.
record() { # STATE EXIT
    printf '{"task":"%s","deployment":"%s","verb":"%s","state":"%s","exit":%s}' "$task" "$DEFANG_ETAG" "$CD_VERB" "$1" "$2" >"$work/run"
    store "$place/run.json" "$work/run"
}

#: On every way out: keeps the log, says how it ended, gives the stack back. What destroy has emptied leaves nothing.
# shellcheck disable=SC2329 # by the trap below
finish() {
    code=$?
    trap '' TERM INT HUP EXIT
    # shellcheck disable=SC1010 # "done" is a word here, no end of a loop
    if [ -n "$owned" ]; then
        [ ! -s "$work/log" ] || store "$place/logs/$DEFANG_ETAG-$CD_VERB.log" "$work/log"
        if [ "$code" = 0 ] && [ "$CD_VERB" = destroy ]; then
            for name in deployed.json outputs.json salt run.json; do s3_delete "$place/$name"; done
        else
            record "$([ "$code" = 0 ] && echo done || echo failed)" "$code"
        fi
        s3_delete "$place/owner"
    fi
    rm -rf "$work"
    exit "$code"
}
trap finish EXIT
# ECS says TERM and kills 120 s later: Pulumi is interrupted once, and waits for what is under way.
trap 'say "cd: canceling"; canceled=1; [ -z "$child" ] || kill -INT "$child" 2>/dev/null || true' TERM INT HUP
canceled=

#: Leaves us in the folder of the program, and ends the run when it is not the one that was stored.
bundle() {
    s3_get "$CD_BUNDLE"
    [ "$status" = 200 ] || die "s3://$CD_BUCKET/$CD_BUNDLE could not be read: HTTP $status"
    [ "$(sum "$work/reply")" = "$CD_BUNDLE_SHA256" ] || die "s3://$CD_BUCKET/$CD_BUNDLE is not the program that was stored"
    mkdir "$work/program"
    tar -xzf "$work/reply" -C "$work/program"
    cd "$work/program"
}

#: Exports the passphrase of the state to Pulumi, or ends the run.
passphrase() {
    call ssm "${AWS_ENDPOINT_URL_SSM:-${AWS_ENDPOINT_URL:-https://ssm.$AWS_REGION.$CD_DNS_SUFFIX}}/" -H "Content-Type: application/x-amz-json-1.1" \
        -H "X-Amz-Target: AmazonSSM.GetParameter" --data-binary "{\"Name\":\"$CD_PASSPHRASE\",\"WithDecryption\":true}"
    PULUMI_CONFIG_PASSPHRASE=$(field Value "$work/reply")
    rm -f "$work/reply"
    [ -n "$PULUMI_CONFIG_PASSPHRASE" ] || die "the passphrase of the stack, SSM parameter $CD_PASSPHRASE, could not be read: HTTP $status"
    export PULUMI_CONFIG_PASSPHRASE
}

# From our bucket when it is there (same region, no rate limit); else Pulumi's own download, which is then kept there.
plugin() { # NAME VERSION
    home=${PULUMI_HOME:-$HOME/.pulumi}/plugins/resource-$1-v$2
    [ ! -d "$home" ] || return 0
    mirror=plugins/pulumi-resource-$1-v$2-linux-$(uname -m).tar.gz
    s3_get "$mirror"
    if [ "$status" = 200 ] && pulumi plugin install resource "$1" "v$2" --file "$work/reply" >&2; then
        say "cd: plugin $1 $2 from the bucket"
        return 0
    fi
    say "cd: plugin $1 $2: downloading"
    pulumi plugin install resource "$1" "v$2" >&2 || die "plugin $1 $2 could not be downloaded; a copy at s3://$CD_BUCKET/$mirror would be used instead"
    if [ -d "$home" ]; then
        tar -czf "$work/plugin" -C "$home" . && store "$mirror" "$work/plugin"
        rm -f "$work/plugin"
    fi
}

# The secrets of the state belong to passphrase and salt: the salt is kept beside the state.
salt() {
    s3_get "$place/salt"
    if [ "$status" = 200 ] && ! grep -q '^encryptionsalt:' "Pulumi.$STACK.yaml"; then
        cat "$work/reply" >>"Pulumi.$STACK.yaml"
    fi
}
#: Stores the salt when Pulumi has made one.
salt_keep() {
    grep '^encryptionsalt:' "Pulumi.$STACK.yaml" >"$work/salt" || return 0
    store "$place/salt" "$work/salt"
}

# Pulumi's events are long (each carries its resource twice): those about resources are cut to what the daemon needs, what is said goes through whole.
compact() {
    sed -u -n -e '/^[^{]/{p;d;}' \
        -e 's/.*"\(resourcePreEvent\|resOutputsEvent\|resOpFailedEvent\)":{"metadata":{"op":"\([^"]*\)","urn":"\([^"]*\)","type":"\([^"]*\)".*/@defang {"event":"\1","op":"\2","urn":"\3","type":"\4"}/p' \
        -e t -e '/"diagnosticEvent":\|"summaryEvent":\|"errorEvent":/s/^/@defang /p'
}

# pulumi ARGUMENT...: its events compact on our output, all of it in the log; its exit status.
run() {
    [ -z "$canceled" ] || return 130
    mkfifo "$work/events"
    tee -a "$work/log" <"$work/events" | compact &
    filter=$!
    pulumi "$@" --stack "$STACK" --non-interactive --color never >"$work/events" 2>&1 &
    child=$!
    code=0
    wait "$child" || code=$?
    while kill -0 "$child" 2>/dev/null; do # a signal ends wait, not Pulumi
        code=0
        wait "$child" || code=$?
    done
    child=
    wait "$filter" || true
    rm -f "$work/events"
    return "$code"
}

export PULUMI_BACKEND_URL="s3://$CD_BUCKET?region=$AWS_REGION&awssdk=v2" PULUMI_SKIP_UPDATE_CHECK=true PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS=true \
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true
task=$(me)
case "$CD_VERB" in up|refresh|destroy|cancel) hold ;; esac
bundle
passphrase
for spec in $CD_PLUGINS; do plugin "${spec%%=*}" "${spec#*=}"; done
salt
pulumi stack select "$STACK" --create --secrets-provider passphrase --non-interactive --color never >&2
salt_keep
[ -z "$owned" ] || record running null
if [ -n "${CD_UNCLEAN:-}" ] && [ "$CD_VERB" != cancel ]; then
    say "cd: the run before did not end by itself: its lock is taken away, and what it left is looked at"
    pulumi cancel --yes --stack "$STACK" --non-interactive --color never >&2
    run refresh --yes --skip-preview --clear-pending-creates --json --suppress-permalink || die "the refresh after an unclean end failed"
fi
code=0
case "$CD_VERB" in
    up) run up --yes --skip-preview --json --suppress-permalink --refresh=false --parallel 16 || code=$? ;;
    preview) run preview --diff --suppress-permalink || code=$? ;;
    refresh) run refresh --yes --skip-preview --json --suppress-permalink || code=$? ;;
    cancel) run cancel --yes || code=$? ;;
    destroy)
        [ -z "${CD_UNPROTECT:-}" ] || pulumi state unprotect --all --yes --stack "$STACK" --non-interactive --color never >&2
        run destroy --yes --skip-preview --json --suppress-permalink --parallel 16 || code=$?
        [ "$code" != 0 ] || pulumi stack rm "$STACK" --yes --non-interactive --color never >&2 || code=$?
        ;;
    outputs) ;;
    *) die "unknown verb $CD_VERB" ;;
esac
if [ "$code" = 0 ]; then
    case "$CD_VERB" in
        up|refresh|outputs)
            pulumi stack output --json --stack "$STACK" --non-interactive --color never >"$work/outputs"
            [ "$CD_VERB" = outputs ] || store "$place/outputs.json" "$work/outputs"
            [ "$CD_VERB" != outputs ] || cat "$work/outputs"
            ;;
    esac
    [ "$CD_VERB" != up ] || store "$place/deployed.json" graph.json
fi
exit "$code"
