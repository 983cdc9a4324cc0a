/* defangctl: a thin client. It finds the daemon (or starts it), says what the user wants and shows
 * what comes back.
 *
 * The table of commands is here, at the top: everything below takes from it what it needs (help,
 * the nearest name for a misspelled one, which options a command knows). A function may serve a
 * family of rows; `command` tells it which one was meant. A command returns its exit code, or a
 * negative value with an error, which is printed here and nowhere else.
 *
 * Requests carry keys of the user's shell: no core dump, and nobody of this user reads our
 * memory. */
#include "client/command.h"
#include "client/view/say.h"

#include "base/mem.h"
#include "base/str.h"

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

extern char **environ;

static const struct command commands[] = {
    {"up",
     "[SERVICE…]",
     "deploy the project in this folder (these services alone) and show how it goes",
     "--detach --wait-timeout --mode --build --no-cache --build-arg --pull --no-deps --watch "
     "--engine --no-rollback --allow-loss --yes --yes-lose-data --adopt --no-snapshot --refresh",
     cmd_up},
    {"build",
     "[SERVICE…]",
     "build and push the images of these services (all); nothing is deployed",
     "--no-cache --build-arg --pull --push --build --detach --wait-timeout --mode --engine",
     cmd_build},
    {"init",
     "[SERVICE…]",
     "a Dockerfile to start from, for services whose folder has none",
     "--yes",
     cmd_init},
    {"down",
     "",
     "take the project down; named volumes, config and the bucket are kept",
     "--detach --force --volumes --wait-timeout --allow-loss --yes --yes-lose-data --adopt "
     "--no-snapshot",
     cmd_down},
    {"ps", "", "what runs: services, their state and where to reach them", "", cmd_ps},
    {"ls", "", "deployments that this daemon knows, newest first", "--all --limit", cmd_ls},
    {"history",
     "",
     "releases of the project in this account: what was deployed, when, by whom",
     "--all --limit",
     cmd_history},
    {"history show",
     "RELEASE",
     "the record of a release, by number or id, as JSON",
     "",
     cmd_history_show},
    {"history diff",
     "RELEASE RELEASE",
     "what the second release changes of the first",
     "",
     cmd_history_diff},
    {"rollback",
     "[RELEASE]",
     "deploy a release again: its files, images and settings (the last good one before what runs)",
     "--plan --allow-loss --yes --yes-lose-data --adopt --no-rollback --no-snapshot --detach "
     "--wait-timeout",
     cmd_rollback},
    {"watch",
     "[ID|latest]",
     "show a deployment from its first event",
     "--any --from --wait-timeout",
     cmd_watch},
    {"logs",
     "[SERVICE…]",
     "log lines of the services",
     "--since --until --follow --deployment --type --filter --limit",
     cmd_logs},
    {"cancel",
     "[ID|latest]",
     "stop a deployment that runs and take back what it began",
     "--any --detach --wait-timeout",
     cmd_cancel},
    {"resume",
     "[ID|latest]",
     "give this shell's credentials to a deployment that waits for some",
     "--as-me --detach --wait-timeout",
     cmd_resume},
    {"push",
     "[SERVICE…]",
     "the same as `build`: what is built is pushed",
     "--no-cache --build-arg --pull --build --detach --wait-timeout --mode --engine",
     cmd_build},
    {"plan",
     "[SERVICE…]",
     "what `up` would change and what a month costs; nothing is touched",
     "--out --build-arg --no-deps --mode --engine --exit-code --allow-loss --yes-lose-data --adopt "
     "--no-snapshot",
     cmd_plan},
    {"explain",
     "[SERVICE]",
     "what each key of the Compose files becomes on AWS, or why it is left out",
     "--mode",
     cmd_explain},
    {"eject",
     "DIR",
     "write the project as a CloudFormation template or a Pulumi program that needs no defangd",
     "--mode --engine",
     cmd_eject},
    {"config set",
     "NAME[=VALUE]…",
     "store sensitive config (without a value: asked for, or read from standard input)",
     "--if-not-set --random --from-env",
     cmd_config_set},
    {"config ls", "", "names of the config that is set", "", cmd_config_ls},
    {"config rm", "NAME…", "remove config", "", cmd_config_rm},
    {"registry login",
     "HOST",
     "keep the credentials of a private registry, for tasks and for builds of this project",
     "--username --password-stdin",
     cmd_registry_login},
    {"registry ls", "", "registries whose credentials are kept", "", cmd_registry_ls},
    {"registry logout", "HOST…", "remove the credentials of a registry", "", cmd_registry_logout},
    {"compose config",
     "",
     "print the project as it is understood",
     "--format --services --images --volumes --networks --profiles --environment --hash "
     "--no-interpolate --resolve-image-digests",
     cmd_compose_config},
    {"compose convert",
     "",
     "the same as compose config",
     "--format --services --images --volumes --networks --profiles --environment --hash "
     "--no-interpolate --resolve-image-digests",
     cmd_compose_config},
    {"compose lint",
     "",
     "what AWS cannot honour, what is assumed, what looks like a secret in clear",
     "--format --mode",
     cmd_compose_lint},
    {"cd bootstrap",
     "",
     "make or update the account's CD stack",
     "--force --detach --wait-timeout",
     cmd_cd},
    {"cd template", "", "print the CloudFormation template of the CD stack", "", cmd_cd},
    {"cd policy",
     "",
     "print the least IAM policy that deploying this project needs",
     "--mode",
     cmd_policy},
    {"cd ls",
     "",
     "projects that are deployed with the CD stack, by either engine",
     "--all-regions",
     cmd_cd_ls},
    {"cd outputs", "", "outputs of the deployed project as JSON", "", cmd_cd},
    {"cd preview",
     "",
     "what the engine itself says that `up` would change",
     "--mode --engine --detach --wait-timeout",
     cmd_cd},
    {"cd refresh",
     "",
     "compare what is really there with what was deployed",
     "--detach --wait-timeout",
     cmd_cd},
    {"cd cancel",
     "",
     "free a stack from an operation that nobody follows any more",
     "--force --detach --wait-timeout",
     cmd_cd},
    {"cd destroy",
     "",
     "the same as down; -p names a project whose files are not here",
     "--detach --force --volumes --wait-timeout --allow-loss --yes --yes-lose-data --adopt "
     "--no-snapshot",
     cmd_down},
    {"cd teardown",
     "",
     "remove the CD stack; its bucket is kept",
     "--force --detach --wait-timeout",
     cmd_cd},
    {"whoami",
     "",
     "which AWS identity and region this shell means, and why",
     "--verbose",
     cmd_whoami},
    {"login",
     "",
     "log in to IAM Identity Center (SSO) for the profile, as `aws sso login` does",
     "",
     cmd_login},
    {"daemon status", "", "how the daemon is", "", cmd_daemon},
    {"daemon stop", "", "stop the daemon; jobs go on when it is started again", "", cmd_daemon},
    {"daemon forget",
     "",
     "wipe the credentials that the daemon keeps for its jobs",
     "",
     cmd_daemon},
    {"daemon path", "", "print where the socket and the state are", "", cmd_daemon},
    {"version", "", "print the versions of client and daemon", "", cmd_version},
};

static const size_t command_count = ARRAY_LEN(commands);

/* A command has one word or two. */
static size_t word_count(const char *words)
{
    return strchr(words, ' ') ? 2 : 1;
}

/* Whether the words from `from` on are those of the command. */
static bool matches(const struct command *cmd, const struct options *o, size_t from)
{
    size_t n = word_count(cmd->words);
    if (o->words.len < from + n)
        return false;

    cleanup_free char *typed =
        n == 2 ? xasprintf("%s %s", o->words.items[from], o->words.items[from + 1])
               : xstrdup(o->words.items[from]);
    return text_eq(cmd->words, typed);
}

/* `compose up` and friends are the same commands; so are some spellings that people are used to. */
static const struct command *find_command(const struct options *o, size_t *used)
{
    static const char *const through_compose[] = {
        "up", "build", "push", "down", "ps", "logs", "ls", NULL};

    for (size_t words = 2; words > 0; words--) /* "history show" is not "history" */
        for (size_t i = 0; i < command_count; i++)
            if (word_count(commands[i].words) == words && matches(&commands[i], o, 0)) {
                *used = words;
                return &commands[i];
            }

    if (o->words.len < 2 || !text_eq(o->words.items[0], "compose"))
        return NULL;

    for (size_t k = 0; through_compose[k]; k++)
        for (size_t i = 0; i < command_count; i++) {
            bool meant = text_eq(through_compose[k], commands[i].words);
            if (meant && matches(&commands[i], o, 1)) {
                *used = 2;
                return &commands[i];
            }
        }

    return NULL;
}

/* Two words may be one command, so both are compared first, and then the first alone. */
static int no_command(const struct options *o, struct error *err)
{
    const char *names[ARRAY_LEN(commands) + 1];

    for (size_t i = 0; i < command_count; i++)
        names[i] = commands[i].words;
    names[command_count] = NULL;

    cleanup_free char *typed = o->words.len > 1
                                   ? xasprintf("%s %s", o->words.items[0], o->words.items[1])
                                   : xstrdup(o->words.items[0]);
    const char *near = text_nearest(typed, names);

    if (!near)
        near = text_nearest(o->words.items[0], names);
    error_raise(err, ERR_USAGE, "there is no command \"%s\"", typed);
    error_hint(
        err, near ? "did you mean `defangctl %s`?" : "`defangctl --help` lists the commands", near);

    return -1;
}

/* Taken by every command, whether it looks at them or not. */
static bool is_common(const char *name)
{
    static const char *const common[] = {
        "--project-name",
        "--file",
        "--stack",
        "--cwd",
        "--profile",
        "--region",
        "--provider",
        "--env-file",
        "--compose-profile",
        "--json",
        "--color",
        "--no-spawn",
        "--help",
        "--version",
        "--verbose",
        "--cd-name",
        "--prefix",
        NULL};

    for (size_t i = 0; common[i]; i++)
        if (text_eq(common[i], name))
            return true;

    return false;
}

/* An option that the command does not know would be ignored in silence: say it. */
static int check_options(const struct options *o, const struct command *cmd, struct error *err)
{
    vec_each(row, &o->given) {
        cleanup_free char *wanted = xasprintf(" %s ", (*row)->name),
                          *list = xasprintf(" %s ", cmd->options);
        if (is_common((*row)->name) || strstr(list, wanted))
            continue;

        error_raise(err, ERR_USAGE, "`defangctl %s` has no option %s", cmd->words, (*row)->name);
        error_hint(err, "`defangctl %s --help` lists its options", cmd->words);
        return -1;
    }

    return 0;
}

/* Flags that the daemon reads as variables go into the environment of the request; DEFANG_JSON
 * is a flag that a shell has set for good. */
static void apply_flags(struct client *c, struct env *env)
{
    if (c->options.cd_name)
        env_set(env, "DEFANG_CD_NAME", c->options.cd_name);
    if (c->options.prefix)
        env_set(env, "DEFANG_PREFIX", c->options.prefix);

    const char *json = env_get_nonempty(env, "DEFANG_JSON");
    if (text_eq(json, "1") || text_eq(json, "true"))
        c->options.json = true;
    c->env = env;
}

/* Of a command, of a family ("config"), or of all; a word that is none of them is an error. */
static int help(const struct options *o, const struct command *cmd, struct error *err)
{
    if (cmd)
        help_print_one(cmd);
    else if (!o->words.len)
        help_print_all(commands, command_count);
    else if (!help_print_family(commands, command_count, o->words.items[0]))
        return no_command(o, err);

    return 0;
}

/* Help and version are asked for in many ways, and never need a command to be right. */
static int run(struct client *c, struct error *err)
{
    struct options *o = &c->options;
    size_t used = 0;
    bool asks_help = o->help || (o->words.len && text_eq(o->words.items[0], "help"));

    if (asks_help && o->words.len && text_eq(o->words.items[0], "help")) /* `help up` */
        memmove(o->words.items, o->words.items + 1, --o->words.len * sizeof *o->words.items);

    const struct command *cmd = o->words.len ? find_command(o, &used) : NULL;

    if (o->version && !o->words.len)
        return cmd_version(c, err);

    if (asks_help)
        return help(o, cmd, err);

    if (!o->words.len) {
        help_print_all(commands, command_count);
        return error_kind_exit(ERR_USAGE);
    }

    if (!cmd && o->words.len == 1 && help_print_family(commands, command_count, o->words.items[0]))
        return error_kind_exit(ERR_USAGE);
    if (!cmd)
        return no_command(o, err);
    if (check_options(o, cmd, err) < 0)
        return -1;

    vec_push(&o->words, NULL);
    c->arguments = (char **)o->words.items + used;
    c->argument_count = o->words.len - 1 - used;
    if (text_empty(cmd->arguments) && c->argument_count > 0)
        return error_raise(
            err, ERR_USAGE, "`defangctl %s` takes no argument \"%s\"", cmd->words, c->arguments[0]);

    /* Families share a function: tell it which of its commands was meant. */
    c->command = cmd->words;

    return cmd->run(c, err);
}

/* A pipe that is closed ends the program by SIGPIPE, as people know it of others. What could not be
 * written to standard output for another reason (a full disk) is a failure too. */
int main(int argc, char **argv)
{
    setlocale(LC_TIME, "");
    prctl(PR_SET_DUMPABLE, 0);
    setrlimit(RLIMIT_CORE, &(struct rlimit){0});
    signal(SIGPIPE, SIG_DFL); /* `| head` ends this program too, whatever it inherited */

    cleanup_error struct error err = ERROR_INIT;
    cleanup_env struct env *env = env_from_process(environ);
    struct client c = {.program = argv[0], .typed = argv + MIN(argc, 1)};
    int rc = options_parse(argc, argv, &c.options, &err);

    apply_flags(&c, env);
    say_init(&c);
    if (rc == 0)
        rc = run(&c, &err);

    if (rc < 0) {
        say_error(&c, &err);
        rc = error_kind_exit(err.kind ? err.kind : ERR_FAILED);
    }

    if (fflush(stdout) != 0 && rc == 0)
        rc = error_kind_exit(ERR_FAILED);
    options_done(&c.options);
    str_done(&c.agreed);
    free(c.losses_json);

    return rc;
}
