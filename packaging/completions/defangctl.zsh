#compdef defangctl
# Written by tests/tools/completions.py from client/main.c and client/options.c, do not edit.

_defangctl() {
    local word skip='' command=''
    local -a common own names
    common=(
        '*'{-p,--project-name=}'[the project (else name\: in the file, else the folder)]:NAME: '
        '*'{-f,--file=}'[a Compose file; repeat to merge several; - reads standard input]:FILE:_files'
        '*'{-s,--stack=}'[one of several copies of the project (beta)]:NAME: '
        '*'{-C,--cwd=}'[work as if started in DIR]:DIR:_directories'
        '*--profile=[AWS profile, as with the AWS CLI]:NAME: '
        '*--region=[AWS region, as with the AWS CLI]:REGION: '
        '*'{-P,--provider=}'[cloud provider\: aws (DEFANG_PROVIDER)]:NAME: '
        '*--env-file=[variables for the Compose files; repeat for several]:FILE:_files'
        '*--compose-profile=[activate a profile of the Compose files; repeat for several]:NAME: '
        '*--json[print JSON lines on standard output]'
        '*--color=[never, always or auto (NO_COLOR)]:WHEN:(never always auto)'
        '*--no-spawn[do not start the daemon]'
        '*'{-h,--help}'[print help and exit]'
        '*--version[print the version and exit]'
        '*'{-v,--verbose}'[say more]'
        '*--cd-name=[name of the account’s CD stack (defang-cd; DEFANG_CD_NAME)]:NAME: '
        '*--prefix=[first part of the names in AWS (Defang; DEFANG_PREFIX)]:NAME: '
    )
    # what the command is: the words that are no option and no option's value
    for word in "${(@)words[2,CURRENT-1]}"; do
        if [[ -n $skip ]]; then skip=''; continue; fi
        case $word in
            --project-name|-p|--file|-f|--stack|-s|--cwd|-C|--profile|--region|--provider|-P|--env-file|--compose-profile|--color|--wait-timeout|--mode|-m|--engine|--build-arg|--allow-loss|--from|--since|--until|--filter|--type|--deployment|--limit|-n|--out|-o|--format|--username|-u|--hash|--cd-name|--prefix) skip=1 ;;
            -*) ;;
            *) command="${command:+$command }$word" ;;
        esac
    done
    case $command in
        '') names=(
            'up:deploy the project in this folder (these services alone) and show how it goes'
            'build:build and push the images of these services (all); nothing is deployed'
            'init:a Dockerfile to start from, for services whose folder has none'
            'down:take the project down; named volumes, config and the bucket are kept'
            'ps:what runs\: services, their state and where to reach them'
            'ls:deployments that this daemon knows, newest first'
            'history:releases of the project in this account\: what was deployed, when, by whom'
            'rollback:deploy a release again\: its files, images and settings (the last good one before what runs)'
            'watch:show a deployment from its first event'
            'logs:log lines of the services'
            'cancel:stop a deployment that runs and take back what it began'
            'resume:give this shell’s credentials to a deployment that waits for some'
            'push:the same as `build`\: what is built is pushed'
            'plan:what `up` would change and what a month costs; nothing is touched'
            'explain:what each key of the Compose files becomes on AWS, or why it is left out'
            'eject:write the project as a CloudFormation template or a Pulumi program that needs no defangd'
            'config:set, ls, rm'
            'registry:login, ls, logout'
            'compose:config, convert, lint'
            'cd:bootstrap, template, policy, ls, outputs, preview, refresh, cancel, destroy, teardown'
            'whoami:which AWS identity and region this shell means, and why'
            'login:log in to IAM Identity Center (SSO) for the profile, as `aws sso login` does'
            'daemon:status, stop, forget, path'
            'version:print the versions of client and daemon'
        ) ;;
        config) names=(
            'set:store sensitive config (without a value\: asked for, or read from standard input)'
            'ls:names of the config that is set'
            'rm:remove config'
        ) ;;
        registry) names=(
            'login:keep the credentials of a private registry, for tasks and for builds of this project'
            'ls:registries whose credentials are kept'
            'logout:remove the credentials of a registry'
        ) ;;
        compose) names=(
            'config:print the project as it is understood'
            'convert:the same as compose config'
            'lint:what AWS cannot honour, what is assumed, what looks like a secret in clear'
        ) ;;
        cd) names=(
            'bootstrap:make or update the account’s CD stack'
            'template:print the CloudFormation template of the CD stack'
            'policy:print the least IAM policy that deploying this project needs'
            'ls:projects that are deployed with the CD stack, by either engine'
            'outputs:outputs of the deployed project as JSON'
            'preview:what the engine itself says that `up` would change'
            'refresh:compare what is really there with what was deployed'
            'cancel:free a stack from an operation that nobody follows any more'
            'destroy:the same as down; -p names a project whose files are not here'
            'teardown:remove the CD stack; its bucket is kept'
        ) ;;
        daemon) names=(
            'status:how the daemon is'
            'stop:stop the daemon; jobs go on when it is started again'
            'forget:wipe the credentials that the daemon keeps for its jobs'
            'path:print where the socket and the state are'
        ) ;;
        'up'|'up '*) own=(
            '*'{-d,--detach}'[return at once; the deployment goes on]'
            '*--wait-timeout=[stop waiting after so long; the deployment goes on]:SECONDS: '
            '*'{-m,--mode=}'[affordable, balanced or high_availability]:MODE:(affordable balanced high_availability)'
            '*--build[build images again although they are there]'
            '*--no-cache[build images anew, without layers of earlier builds]'
            '*--build-arg=[an argument of every build; NAME alone\: this shell’s; repeat for several]:NAME=VALUE: '
            '*--pull[bases come from their registries, as they always do]'
            '*--no-deps[without what the named services depend on]'
            '*'{-w,--watch}'[go on\: deploy services anew when their files change (develop.watch)]'
            '*--engine=[cloudformation or pulumi]:ENGINE:(cloudformation pulumi)'
            '*--no-rollback[leave what fails as it is, to look at it]'
            '*--allow-loss=[what is lost or moved on purpose\: a service, a volume, a resource; repeat for several]:NAME: '
            '*'{-y,--yes}'[answer questions with yes; covers no loss of data]'
            '*--yes-lose-data[allow every loss of data and every moved address]'
            '*--adopt[although it was deployed from another repository, folder or Compose file]'
            '*--no-snapshot[stores that are deleted or replaced leave no last snapshot]'
            '*--refresh[look for what was deleted from outside, and make it anew]'
            '*:up: '
        ) ;;
        'build'|'build '*) own=(
            '*--no-cache[build images anew, without layers of earlier builds]'
            '*--build-arg=[an argument of every build; NAME alone\: this shell’s; repeat for several]:NAME=VALUE: '
            '*--pull[bases come from their registries, as they always do]'
            '*--push[images are pushed, as they always are]'
            '*--build[build images again although they are there]'
            '*'{-d,--detach}'[return at once; the deployment goes on]'
            '*--wait-timeout=[stop waiting after so long; the deployment goes on]:SECONDS: '
            '*'{-m,--mode=}'[affordable, balanced or high_availability]:MODE:(affordable balanced high_availability)'
            '*--engine=[cloudformation or pulumi]:ENGINE:(cloudformation pulumi)'
            '*:build: '
        ) ;;
        'init'|'init '*) own=(
            '*'{-y,--yes}'[answer questions with yes; covers no loss of data]'
            '*:init: '
        ) ;;
        'down'|'down '*) own=(
            '*'{-d,--detach}'[return at once; the deployment goes on]'
            '*--force[do it although a check advises against it]'
            '*--volumes[print the names of the volumes; for down\: remove the named volumes and log groups too]'
            '*--wait-timeout=[stop waiting after so long; the deployment goes on]:SECONDS: '
            '*--allow-loss=[what is lost or moved on purpose\: a service, a volume, a resource; repeat for several]:NAME: '
            '*'{-y,--yes}'[answer questions with yes; covers no loss of data]'
            '*--yes-lose-data[allow every loss of data and every moved address]'
            '*--adopt[although it was deployed from another repository, folder or Compose file]'
            '*--no-snapshot[stores that are deleted or replaced leave no last snapshot]'
            '*:down: '
        ) ;;
        'ps'|'ps '*) own=(
            '*:ps: '
        ) ;;
        'ls'|'ls '*) own=(
            '*'{-a,--all}'[without a limit]'
            '*'{-n,--limit=}'[at most N]:N: '
            '*:ls: '
        ) ;;
        'history'|'history '*) own=(
            '*'{-a,--all}'[without a limit]'
            '*'{-n,--limit=}'[at most N]:N: '
            '*:history: '
        ) ;;
        'history show'|'history show '*) own=(
            '*:show: '
        ) ;;
        'history diff'|'history diff '*) own=(
            '*:diff: '
        ) ;;
        'rollback'|'rollback '*) own=(
            '*--plan[show what it would change, and change nothing]'
            '*--allow-loss=[what is lost or moved on purpose\: a service, a volume, a resource; repeat for several]:NAME: '
            '*'{-y,--yes}'[answer questions with yes; covers no loss of data]'
            '*--yes-lose-data[allow every loss of data and every moved address]'
            '*--adopt[although it was deployed from another repository, folder or Compose file]'
            '*--no-rollback[leave what fails as it is, to look at it]'
            '*--no-snapshot[stores that are deleted or replaced leave no last snapshot]'
            '*'{-d,--detach}'[return at once; the deployment goes on]'
            '*--wait-timeout=[stop waiting after so long; the deployment goes on]:SECONDS: '
            '*:rollback: '
        ) ;;
        'watch'|'watch '*) own=(
            '*--any[of whatever project\: the newest of all]'
            '*--from=[start with event number N]:N: '
            '*--wait-timeout=[stop waiting after so long; the deployment goes on]:SECONDS: '
            '*:watch: '
        ) ;;
        'logs'|'logs '*) own=(
            '*--since=[from then on\: 10m, 2h, 7d12h, 15\:04\:05, RFC 3339 or Unix seconds]:TIME: '
            '*--until=[up to then]:TIME: '
            '*--follow[go on as new lines come]'
            '*--deployment=[of this deployment; latest for the newest]:ID: '
            '*--type=[RUN, BUILD, ECS or ALL; repeat for several]:TYPE:(RUN BUILD ECS ALL)'
            '*--filter=[only lines that match (a CloudWatch Logs pattern)]:PATTERN: '
            '*'{-n,--limit=}'[at most N]:N: '
            '*:logs: '
        ) ;;
        'cancel'|'cancel '*) own=(
            '*--any[of whatever project\: the newest of all]'
            '*'{-d,--detach}'[return at once; the deployment goes on]'
            '*--wait-timeout=[stop waiting after so long; the deployment goes on]:SECONDS: '
            '*:cancel: '
        ) ;;
        'resume'|'resume '*) own=(
            '*--as-me[also when another principal of the account began it]'
            '*'{-d,--detach}'[return at once; the deployment goes on]'
            '*--wait-timeout=[stop waiting after so long; the deployment goes on]:SECONDS: '
            '*:resume: '
        ) ;;
        'push'|'push '*) own=(
            '*--no-cache[build images anew, without layers of earlier builds]'
            '*--build-arg=[an argument of every build; NAME alone\: this shell’s; repeat for several]:NAME=VALUE: '
            '*--pull[bases come from their registries, as they always do]'
            '*--build[build images again although they are there]'
            '*'{-d,--detach}'[return at once; the deployment goes on]'
            '*--wait-timeout=[stop waiting after so long; the deployment goes on]:SECONDS: '
            '*'{-m,--mode=}'[affordable, balanced or high_availability]:MODE:(affordable balanced high_availability)'
            '*--engine=[cloudformation or pulumi]:ENGINE:(cloudformation pulumi)'
            '*:push: '
        ) ;;
        'plan'|'plan '*) own=(
            '*'{-o,--out=}'[write the template to FILE; - is standard output]:FILE:_files'
            '*--build-arg=[an argument of every build; NAME alone\: this shell’s; repeat for several]:NAME=VALUE: '
            '*--no-deps[without what the named services depend on]'
            '*'{-m,--mode=}'[affordable, balanced or high_availability]:MODE:(affordable balanced high_availability)'
            '*--engine=[cloudformation or pulumi]:ENGINE:(cloudformation pulumi)'
            '*--exit-code[end with 5 when `up` would refuse]'
            '*--allow-loss=[what is lost or moved on purpose\: a service, a volume, a resource; repeat for several]:NAME: '
            '*--yes-lose-data[allow every loss of data and every moved address]'
            '*--adopt[although it was deployed from another repository, folder or Compose file]'
            '*--no-snapshot[stores that are deleted or replaced leave no last snapshot]'
            '*:plan: '
        ) ;;
        'explain'|'explain '*) own=(
            '*'{-m,--mode=}'[affordable, balanced or high_availability]:MODE:(affordable balanced high_availability)'
            '*:explain: '
        ) ;;
        'eject'|'eject '*) own=(
            '*'{-m,--mode=}'[affordable, balanced or high_availability]:MODE:(affordable balanced high_availability)'
            '*--engine=[cloudformation or pulumi]:ENGINE:(cloudformation pulumi)'
            '*:DIR:_directories'
        ) ;;
        'config set'|'config set '*) own=(
            '*--if-not-set[keep a value that is there]'
            '*--random[make up a strong value]'
            '*'{-e,--from-env}'[take the value from the environment variable of that name]'
            '*:set: '
        ) ;;
        'config ls'|'config ls '*) own=(
            '*:ls: '
        ) ;;
        'config rm'|'config rm '*) own=(
            '*:rm: '
        ) ;;
        'registry login'|'registry login '*) own=(
            '*'{-u,--username=}'[who logs in to the registry]:USER: '
            '*--password-stdin[read the password from standard input]'
            '*:login: '
        ) ;;
        'registry ls'|'registry ls '*) own=(
            '*:ls: '
        ) ;;
        'registry logout'|'registry logout '*) own=(
            '*:logout: '
        ) ;;
        'compose config'|'compose config '*) own=(
            '*--format=[yaml or json; for compose lint text, json or sarif]:FORMAT:(yaml json text sarif)'
            '*--services[print the names of the services]'
            '*--images[print the images]'
            '*--volumes[print the names of the volumes; for down\: remove the named volumes and log groups too]'
            '*--networks[print the names of the networks]'
            '*--profiles[print the profiles of the Compose files]'
            '*--environment[print the variables that the Compose files are filled from]'
            '*--hash=[print the hash of a service; "*" for all]:SERVICE: '
            '*--no-interpolate[leave variables as they are written]'
            '*--resolve-image-digests[ask the registries for the digests of the images]'
            '*:config: '
        ) ;;
        'compose convert'|'compose convert '*) own=(
            '*--format=[yaml or json; for compose lint text, json or sarif]:FORMAT:(yaml json text sarif)'
            '*--services[print the names of the services]'
            '*--images[print the images]'
            '*--volumes[print the names of the volumes; for down\: remove the named volumes and log groups too]'
            '*--networks[print the names of the networks]'
            '*--profiles[print the profiles of the Compose files]'
            '*--environment[print the variables that the Compose files are filled from]'
            '*--hash=[print the hash of a service; "*" for all]:SERVICE: '
            '*--no-interpolate[leave variables as they are written]'
            '*--resolve-image-digests[ask the registries for the digests of the images]'
            '*:convert: '
        ) ;;
        'compose lint'|'compose lint '*) own=(
            '*--format=[yaml or json; for compose lint text, json or sarif]:FORMAT:(yaml json text sarif)'
            '*'{-m,--mode=}'[affordable, balanced or high_availability]:MODE:(affordable balanced high_availability)'
            '*:lint: '
        ) ;;
        'cd bootstrap'|'cd bootstrap '*) own=(
            '*--force[do it although a check advises against it]'
            '*'{-d,--detach}'[return at once; the deployment goes on]'
            '*--wait-timeout=[stop waiting after so long; the deployment goes on]:SECONDS: '
            '*:bootstrap: '
        ) ;;
        'cd template'|'cd template '*) own=(
            '*:template: '
        ) ;;
        'cd policy'|'cd policy '*) own=(
            '*'{-m,--mode=}'[affordable, balanced or high_availability]:MODE:(affordable balanced high_availability)'
            '*:policy: '
        ) ;;
        'cd ls'|'cd ls '*) own=(
            '*--all-regions[in every region that the account has enabled]'
            '*:ls: '
        ) ;;
        'cd outputs'|'cd outputs '*) own=(
            '*:outputs: '
        ) ;;
        'cd preview'|'cd preview '*) own=(
            '*'{-m,--mode=}'[affordable, balanced or high_availability]:MODE:(affordable balanced high_availability)'
            '*--engine=[cloudformation or pulumi]:ENGINE:(cloudformation pulumi)'
            '*'{-d,--detach}'[return at once; the deployment goes on]'
            '*--wait-timeout=[stop waiting after so long; the deployment goes on]:SECONDS: '
            '*:preview: '
        ) ;;
        'cd refresh'|'cd refresh '*) own=(
            '*'{-d,--detach}'[return at once; the deployment goes on]'
            '*--wait-timeout=[stop waiting after so long; the deployment goes on]:SECONDS: '
            '*:refresh: '
        ) ;;
        'cd cancel'|'cd cancel '*) own=(
            '*--force[do it although a check advises against it]'
            '*'{-d,--detach}'[return at once; the deployment goes on]'
            '*--wait-timeout=[stop waiting after so long; the deployment goes on]:SECONDS: '
            '*:cancel: '
        ) ;;
        'cd destroy'|'cd destroy '*) own=(
            '*'{-d,--detach}'[return at once; the deployment goes on]'
            '*--force[do it although a check advises against it]'
            '*--volumes[print the names of the volumes; for down\: remove the named volumes and log groups too]'
            '*--wait-timeout=[stop waiting after so long; the deployment goes on]:SECONDS: '
            '*--allow-loss=[what is lost or moved on purpose\: a service, a volume, a resource; repeat for several]:NAME: '
            '*'{-y,--yes}'[answer questions with yes; covers no loss of data]'
            '*--yes-lose-data[allow every loss of data and every moved address]'
            '*--adopt[although it was deployed from another repository, folder or Compose file]'
            '*--no-snapshot[stores that are deleted or replaced leave no last snapshot]'
            '*:destroy: '
        ) ;;
        'cd teardown'|'cd teardown '*) own=(
            '*--force[do it although a check advises against it]'
            '*'{-d,--detach}'[return at once; the deployment goes on]'
            '*--wait-timeout=[stop waiting after so long; the deployment goes on]:SECONDS: '
            '*:teardown: '
        ) ;;
        'whoami'|'whoami '*) own=(
            '*'{-v,--verbose}'[say more]'
            '*:whoami: '
        ) ;;
        'login'|'login '*) own=(
            '*:login: '
        ) ;;
        'daemon status'|'daemon status '*) own=(
            '*:status: '
        ) ;;
        'daemon stop'|'daemon stop '*) own=(
            '*:stop: '
        ) ;;
        'daemon forget'|'daemon forget '*) own=(
            '*:forget: '
        ) ;;
        'daemon path'|'daemon path '*) own=(
            '*:path: '
        ) ;;
        'version'|'version '*) own=(
            '*:version: '
        ) ;;
    esac
    if (( $#names )) && [[ $PREFIX != -* && -z $skip ]]; then
        _describe 'command' names
    else
        _arguments -S $common $own
    fi
}

_defangctl "$@"
