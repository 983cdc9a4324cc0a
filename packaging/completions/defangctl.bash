# Written by tests/tools/completions.py from client/main.c and client/options.c, do not edit.
# shellcheck shell=bash

# What compgen finds for the word at the cursor: -f files, -d folders, -W words
_defangctl_offer() {
    [ "$1" = -W ] || compopt -o filenames
    mapfile -t COMPREPLY < <(compgen "$@" -- "$current")
}

_defangctl() {
    local current previous word skip='' command='' words='' options=''
    current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD - 1]}"
    # readline makes words of its own at '='
    if [ "$current" = = ]; then current=''; fi
    if [ "$previous" = = ]; then previous="${COMP_WORDS[COMP_CWORD - 2]}"; fi

    case "$previous" in
        --mode|-m) _defangctl_offer -W 'affordable balanced high_availability'; return ;;
        --engine) _defangctl_offer -W 'cloudformation pulumi'; return ;;
        --color) _defangctl_offer -W 'never always auto'; return ;;
        --format) _defangctl_offer -W 'yaml json text sarif'; return ;;
        --type) _defangctl_offer -W 'RUN BUILD ECS ALL'; return ;;
        --file|-f|--env-file|--out|-o) _defangctl_offer -f; return ;;
        --cwd|-C) _defangctl_offer -d; return ;;
        --project-name|-p|--stack|-s|--profile|--region|--provider|-P|--compose-profile|--wait-timeout|--build-arg|--allow-loss|--from|--since|--until|--filter|--deployment|--limit|-n|--username|-u|--hash|--cd-name|--prefix) return ;;
    esac

    # what the command is: the words that are no option and no option's value
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        [ "$word" != = ] || continue
        if [ -n "$skip" ]; then skip=''; continue; fi
        case "$word" in
            --project-name|-p|--file|-f|--stack|-s|--cwd|-C|--profile|--region|--provider|-P|--env-file|--compose-profile|--color|--wait-timeout|--mode|-m|--engine|--build-arg|--allow-loss|--from|--since|--until|--filter|--type|--deployment|--limit|-n|--out|-o|--format|--username|-u|--hash|--cd-name|--prefix) skip=1 ;;
            -*) ;;
            *) command="${command:+$command }$word" ;;
        esac
    done

    options='--project-name --file --stack --cwd --profile --region --provider --env-file --compose-profile --json --color --no-spawn --help --version --verbose --cd-name --prefix'
    case "$command" in
        '') words='up build init down ps ls history rollback watch logs cancel resume push plan explain eject config registry compose cd whoami login daemon version' ;;
        history) words='show diff' ;;
        config) words='set ls rm' ;;
        registry) words='login ls logout' ;;
        compose) words='config convert lint' ;;
        cd) words='bootstrap template policy ls outputs preview refresh cancel destroy teardown' ;;
        daemon) words='status stop forget path' ;;
        'up'|'up '*) options="$options --detach --wait-timeout --mode --build --no-cache --build-arg --pull --no-deps --watch --engine --no-rollback --allow-loss --yes --yes-lose-data --adopt --no-snapshot --refresh" ;;
        'build'|'build '*) options="$options --no-cache --build-arg --pull --push --build --detach --wait-timeout --mode --engine" ;;
        'init'|'init '*) options="$options --yes" ;;
        'down'|'down '*) options="$options --detach --force --volumes --wait-timeout --allow-loss --yes --yes-lose-data --adopt --no-snapshot" ;;
        'ps'|'ps '*) ;;
        'ls'|'ls '*) options="$options --all --limit" ;;
        'history'|'history '*) options="$options --all --limit" ;;
        'history show'|'history show '*) ;;
        'history diff'|'history diff '*) ;;
        'rollback'|'rollback '*) options="$options --plan --allow-loss --yes --yes-lose-data --adopt --no-rollback --no-snapshot --detach --wait-timeout" ;;
        'watch'|'watch '*) options="$options --any --from --wait-timeout" ;;
        'logs'|'logs '*) options="$options --since --until --follow --deployment --type --filter --limit" ;;
        'cancel'|'cancel '*) options="$options --any --detach --wait-timeout" ;;
        'resume'|'resume '*) options="$options --as-me --detach --wait-timeout" ;;
        'push'|'push '*) options="$options --no-cache --build-arg --pull --build --detach --wait-timeout --mode --engine" ;;
        'plan'|'plan '*) options="$options --out --build-arg --no-deps --mode --engine --exit-code --allow-loss --yes-lose-data --adopt --no-snapshot" ;;
        'explain'|'explain '*) options="$options --mode" ;;
        'eject'|'eject '*) options="$options --mode --engine"; [[ $current == -* ]] || { _defangctl_offer -d; return; } ;;
        'config set'|'config set '*) options="$options --if-not-set --random --from-env" ;;
        'config ls'|'config ls '*) ;;
        'config rm'|'config rm '*) ;;
        'registry login'|'registry login '*) options="$options --username --password-stdin" ;;
        'registry ls'|'registry ls '*) ;;
        'registry logout'|'registry logout '*) ;;
        'compose config'|'compose config '*) options="$options --format --services --images --volumes --networks --profiles --environment --hash --no-interpolate --resolve-image-digests" ;;
        'compose convert'|'compose convert '*) options="$options --format --services --images --volumes --networks --profiles --environment --hash --no-interpolate --resolve-image-digests" ;;
        'compose lint'|'compose lint '*) options="$options --format --mode" ;;
        'cd bootstrap'|'cd bootstrap '*) options="$options --force --detach --wait-timeout" ;;
        'cd template'|'cd template '*) ;;
        'cd policy'|'cd policy '*) options="$options --mode" ;;
        'cd ls'|'cd ls '*) options="$options --all-regions" ;;
        'cd outputs'|'cd outputs '*) ;;
        'cd preview'|'cd preview '*) options="$options --mode --engine --detach --wait-timeout" ;;
        'cd refresh'|'cd refresh '*) options="$options --detach --wait-timeout" ;;
        'cd cancel'|'cd cancel '*) options="$options --force --detach --wait-timeout" ;;
        'cd destroy'|'cd destroy '*) options="$options --detach --force --volumes --wait-timeout --allow-loss --yes --yes-lose-data --adopt --no-snapshot" ;;
        'cd teardown'|'cd teardown '*) options="$options --force --detach --wait-timeout" ;;
        'whoami'|'whoami '*) options="$options --verbose" ;;
        'login'|'login '*) ;;
        'daemon status'|'daemon status '*) ;;
        'daemon stop'|'daemon stop '*) ;;
        'daemon forget'|'daemon forget '*) ;;
        'daemon path'|'daemon path '*) ;;
        'version'|'version '*) ;;
    esac
    case "$current" in -*) words="$options" ;; esac
    _defangctl_offer -W "$words"
}
complete -F _defangctl defangctl
