#!/bin/sh
# Builds one image with Kaniko on ECS, unless the registry has it, and prints its digest. Run by `pulumi up` (command:local:Command), needs sh and curl.
#
# IMAGE_SERVICE IMAGE_REPOSITORY IMAGE_TAG     what to build; the tag is made of everything that goes into it
# IMAGE_CLUSTER IMAGE_TASK_DEFINITION IMAGE_CONTAINER IMAGE_SUBNETS (a,b) IMAGE_SECURITY_GROUP    where
# IMAGE_COMMAND                                Kaniko's arguments, a JSON list; @DEPLOYMENT@ in it is DEFANG_ETAG
# IMAGE_LOG_GROUP                              where its output is, in streams IMAGE_LOG_PREFIX/<task>
# IMAGE_STORAGE IMAGE_MORE_MEMORY              GiB of disk, or nothing; size of the second try of a build that had too little memory, as JSON members
# IMAGE_DNS_SUFFIX AWS_REGION DEFANG_ETAG      and the credentials of an ECS task or AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
set -eu
umask 077

work=$(mktemp -d)
task=
#: Tells people; standard output is for the digest.
say() { echo "image of $IMAGE_SERVICE: $*" >&2; }
#: Ends with a failure.
die() { say "$*"; exit 1; }
#: field NAME FILE: the text of that member, escapes and all, or nothing. One member a line.
field() { sed -n "s/.*\"$1\"[[:space:]]*:[[:space:]]*\"\(\([^\"\\\\]\|\\\\.\)*\)\".*/\1/p" "$2" | head -n 1; }
#: number NAME FILE: that of the member, or nothing.
number() { sed -n "s/.*\"$1\"[[:space:]]*:[[:space:]]*\(-\{0,1\}[0-9][0-9]*\).*/\1/p" "$2" | head -n 1; }

# One member a line, so that sed sees each.
lines() { tr -d '\n' <"$1" | sed 's/,[[:space:]]*"/,\
"/g' >"$1.lines"; }

#: Sets key, secret and token: of the environment, else of the ECS task; asked again before each call, because they change.
credentials() {
    key=${AWS_ACCESS_KEY_ID:-} secret=${AWS_SECRET_ACCESS_KEY:-} token=${AWS_SESSION_TOKEN:-}
    [ -z "$key" ] || return 0
    if [ -n "${AWS_CONTAINER_CREDENTIALS_RELATIVE_URI:-}" ]; then
        from=http://169.254.170.2$AWS_CONTAINER_CREDENTIALS_RELATIVE_URI
    else
        from=${AWS_CONTAINER_CREDENTIALS_FULL_URI:?no credentials: neither AWS_ACCESS_KEY_ID nor those of an ECS task}
    fi
    auth=${AWS_CONTAINER_AUTHORIZATION_TOKEN:-}
    [ -z "${AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE:-}" ] || auth=$(cat "$AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
    printf 'header = "Authorization: %s"\n' "$auth" |
        curl -sS --fail --max-time 20 --retry 3 -K - -o "$work/credentials" "$from" || die "no credentials from $from"
    lines "$work/credentials"
    key=$(field AccessKeyId "$work/credentials.lines") secret=$(field SecretAccessKey "$work/credentials.lines") token=$(field Token "$work/credentials.lines")
    rm -f "$work/credentials" "$work/credentials.lines"
}

# aws SERVICE HOST TARGET BODY: the reply is in $work/reply, the HTTP status in $status. Secrets go to curl by its standard input.
# shellcheck disable=SC2154 # url is set by eval
aws() {
    credentials
    eval "url=\${AWS_ENDPOINT_URL_$(echo "$1" | tr '[:lower:]' '[:upper:]'):-\${AWS_ENDPOINT_URL:-https://$2}}"
    printf '%s' "$4" >"$work/body"
    attempt=0
    while :; do
        status=$({
            printf 'user = "%s:%s"\n' "$key" "$secret"
            [ -z "$token" ] || printf 'header = "X-Amz-Security-Token: %s"\n' "$token"
        } | curl -sS --max-time 60 -K - --aws-sigv4 "aws:amz:$AWS_REGION:$1" -H "Content-Type: application/x-amz-json-1.1" -H "X-Amz-Target: $3" \
            --data-binary "@$work/body" -o "$work/reply" -w '%{http_code}' "$url/") || status=000
        lines "$work/reply" 2>/dev/null || : >"$work/reply.lines"
        case "$status" in
            000|429|5[0-9][0-9]) ;;
            400) grep -q 'Throttl\|TooManyRequests\|unable to assume the role' "$work/reply" || return 0 ;;
            *) return 0 ;;
        esac
        attempt=$((attempt + 1))
        [ "$attempt" -lt 8 ] || return 0
        sleep "${IMAGE_PAUSE:-$((attempt * 3))}"
    done
}

#: What AWS said about the last call.
fault() { echo "HTTP $status $(field __type "$work/reply.lines") $(field message "$work/reply.lines")$(field Message "$work/reply.lines")"; }

# The digest of the tag, or nothing.
digest() {
    aws ecr "api.ecr.$AWS_REGION.$IMAGE_DNS_SUFFIX" AmazonEC2ContainerRegistry_V20150921.DescribeImages \
        "{\"repositoryName\":\"$IMAGE_REPOSITORY\",\"imageIds\":[{\"imageTag\":\"$IMAGE_TAG\"}]}"
    if [ "$status" = 200 ]; then
        field imageDigest "$work/reply.lines"
    else
        grep -q 'ImageNotFoundException' "$work/reply" || die "looking for $IMAGE_REPOSITORY:$IMAGE_TAG: $(fault)"
    fi
}

#: ecs ACTION BODY: as aws().
ecs() { aws ecs "ecs.$AWS_REGION.$IMAGE_DNS_SUFFIX" "AmazonEC2ContainerServiceV20141113.$1" "$2"; }

#: On a signal: the build is stopped, nobody waits for it any more.
# shellcheck disable=SC2329 # by the trap below
stop() {
    trap '' TERM INT HUP
    [ -z "$task" ] || ecs StopTask "{\"cluster\":\"$IMAGE_CLUSTER\",\"task\":\"$task\",\"reason\":\"canceled\"}"
    rm -rf "$work"
    exit 143
}
trap stop TERM INT HUP
trap 'rm -rf "$work"' EXIT

# start NUMBER: runs the task. ECS has no room at times, and then has.
start() {
    subnets=$(echo "$IMAGE_SUBNETS" | sed 's/,/","/g')
    command=$(printf '%s' "$IMAGE_COMMAND" | sed "s/@DEPLOYMENT@/${DEFANG_ETAG:-none}/g")
    waited=0
    while :; do
        ecs RunTask "{\"cluster\":\"$IMAGE_CLUSTER\",\"taskDefinition\":\"$IMAGE_TASK_DEFINITION\",\"count\":1,\"startedBy\":\"${DEFANG_ETAG:-pulumi}\",\
\"clientToken\":\"${DEFANG_ETAG:-none}-$IMAGE_TAG-$1-$waited\",\"capacityProviderStrategy\":[{\"capacityProvider\":\"FARGATE\",\"weight\":1}],\
\"networkConfiguration\":{\"awsvpcConfiguration\":{\"subnets\":[\"$subnets\"],\"securityGroups\":[\"$IMAGE_SECURITY_GROUP\"],\"assignPublicIp\":\"ENABLED\"}},\
\"overrides\":{${more:+$more,}${disk:+\"ephemeralStorage\":{\"sizeInGiB\":$disk\},}\"containerOverrides\":[{\"name\":\"$IMAGE_CONTAINER\",\"command\":$command}]},\
\"tags\":[{\"key\":\"defang:service\",\"value\":\"$IMAGE_SERVICE\"},{\"key\":\"defang:etag\",\"value\":\"${DEFANG_ETAG:-none}\"}]}"
        task=$(field taskArn "$work/reply.lines")
        [ -z "$task" ] || return 0
        grep -q 'reached the limit on the number of\|Capacity is unavailable\|RESOURCE:' "$work/reply" || die "ECS did not start the build: $(fault) $(field reason "$work/reply.lines")"
        [ "$waited" -lt 120 ] || die "ECS had no room for the build for 20 minutes: $(field reason "$work/reply.lines")"
        [ "$waited" -ne 0 ] || say "waiting for ECS: $(field reason "$work/reply.lines")"
        waited=$((waited + 1))
        sleep "${IMAGE_PAUSE:-10}"
    done
}

# Until Kaniko has ended; $code is Kaniko's exit code, or nothing when it had none.
await() {
    polls=0 last=
    while [ "$polls" -lt 1200 ]; do
        ecs DescribeTasks "{\"cluster\":\"$IMAGE_CLUSTER\",\"tasks\":[\"$task\"]}"
        [ "$status" = 200 ] || die "looking at task ${task##*/}: $(fault)"
        state=$(field lastStatus "$work/reply.lines")
        grep -q '"exitCode"\|"stoppedAt"' "$work/reply" && break
        [ "$state" = "$last" ] || say "task ${task##*/}: $state"
        last=$state
        polls=$((polls + 1))
        sleep "${IMAGE_PAUSE:-3}"
    done
    [ "$polls" -lt 1200 ] || { ecs StopTask "{\"cluster\":\"$IMAGE_CLUSTER\",\"task\":\"$task\",\"reason\":\"took longer than an hour\"}"; die "the build took longer than an hour"; }
    code=$(number exitCode "$work/reply.lines")
    reason=$(field stoppedReason "$work/reply.lines")
    why=$(grep -o 'OutOfMemory' "$work/reply" | head -n 1) ended=${task##*/}
    task=
}

#: Sets again to what the next try gets, or nothing where it would fail again. The same questions as in src/engine/build/fault.c.
judge() {
    again=
    [ -n "$code" ] || { again=same; return 0; }
    aws logs "logs.$AWS_REGION.$IMAGE_DNS_SUFFIX" Logs_20140328.GetLogEvents \
        "{\"logGroupName\":\"$IMAGE_LOG_GROUP\",\"logStreamName\":\"$IMAGE_LOG_PREFIX/$ended\",\"limit\":40,\"startFromHead\":false}"
    sed -n 's/.*"message"[[:space:]]*:[[:space:]]*"\(.*\)".*/\1/p' "$work/reply.lines" >"$work/tail"
    tail -n 15 "$work/tail" >&2
    error=$(grep '^error building \|^error pushing \|^error resolving \|^Error: ' "$work/tail" | tail -n 1)
    case "$code$why $error" in
        137*|*OutOfMemory*|*'signal: killed'*|*'exit status 137'*) again=memory; return 0 ;;
    esac
    ! grep -qi 'no space left on device' "$work/tail" || { again=storage; return 0; }
    case "$error" in
        *'waiting for process to exit'*) ;;
        *'429 Too Many'*|*'500 Internal'*|*'502 Bad'*|*'503 Service'*|*'504 Gateway'*|*'status code 5'*|*'status code 429'*|*oomanyrequests*|*TOOMANYREQUESTS*) again=same ;;
        *'connection re'*|*'i/o timeout'*|*'TLS handshake timeout'*|*'unexpected EOF'*|*'no such host'*|*'deadline exceeded'*|*'broken pipe'*|*Throttling*|*SlowDown*|*'name resolution'*) again=same ;;
    esac
}

found=$(digest)
more='' disk=${IMAGE_STORAGE:-}
for number in 1 2; do
    [ -z "$found" ] || break
    say "building $IMAGE_REPOSITORY:$IMAGE_TAG$([ "$number" = 1 ] || echo ', once more')"
    start "$number"
    await
    [ "${code:-x}" = 0 ] || say "the build failed: ${reason:-no reason given}${code:+ (exit code $code)}"
    if [ "${code:-x}" != 0 ]; then
        judge
        case "$number$again" in
            1same) continue ;;
            1memory) more=${IMAGE_MORE_MEMORY:-}; [ -z "$more" ] || continue ;;
            1storage) disk=$((${disk:-30} * 2)); [ "$disk" -le 200 ] || disk=200; continue ;;
        esac
        case "$again" in
            memory) die "it needs more memory: set build-memory (DEFANG_BUILD_MEMORY)" ;;
            storage) die "its disk is full: set build-storage (DEFANG_BUILD_STORAGE)" ;;
            same) die "the build failed twice; its output is in the log group builds" ;;
        esac
        die "the build failed: $error; its output is in the log group builds"
    fi
    found=$(digest)
    [ -n "$found" ] || die "the build ended well, but $IMAGE_REPOSITORY:$IMAGE_TAG is not in the registry"
done
say "$found"
printf '%s' "$found"
