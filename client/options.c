/* What the command line says, by one table: a row has an option's name, what it takes, its help,
 * and which member of struct options it fills. Parsing, help and the hint for a misspelled one all
 * read it.
 *
 * Options may stand before or after the words of a command, as people type them; `--` ends them.
 * Which option a command knows stands in the command's own row (main.c): one that it does not know
 * is refused there, since an option that is ignored in silence is worse than none.
 *
 * Strings are borrowed from argv. `down -v`, `logs -f` and `logs --tail` mean what Docker taught
 * everybody, behind the command's word. */
#include "client/options.h"

#include "base/mem.h"
#include "base/str.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum kind { SWITCH, TEXT, NUMBER, LIST };

struct target {
    struct option_row row;
    enum kind kind;
    size_t offset;
};

#define AT(member) offsetof(struct options, member)

static const struct target targets[] = {
    {{"--project-name", "-p", "NAME", "the project (else name: in the file, else the folder)"},
     TEXT,
     AT(project_name)},
    {{"--file", "-f", "FILE", "a Compose file; repeat to merge several; - reads standard input"},
     LIST,
     AT(files)},
    {{"--stack", "-s", "NAME", "one of several copies of the project (beta)"}, TEXT, AT(stack)},
    {{"--cwd", "-C", "DIR", "work as if started in DIR"}, TEXT, AT(cwd)},
    {{"--profile", NULL, "NAME", "AWS profile, as with the AWS CLI"}, TEXT, AT(profile)},
    {{"--region", NULL, "REGION", "AWS region, as with the AWS CLI"}, TEXT, AT(region)},
    {{"--provider", "-P", "NAME", "cloud provider: aws (DEFANG_PROVIDER)"}, TEXT, AT(provider)},
    {{"--env-file", NULL, "FILE", "variables for the Compose files; repeat for several"},
     LIST,
     AT(env_files)},
    {{"--compose-profile",
      NULL,
      "NAME",
      "activate a profile of the Compose files; repeat for several"},
     LIST,
     AT(profiles)},
    {{"--json", NULL, NULL, "print JSON lines on standard output"}, SWITCH, AT(json)},
    {{"--color", NULL, "WHEN", "never, always or auto (NO_COLOR)"}, TEXT, AT(color)},
    {{"--no-spawn", NULL, NULL, "do not start the daemon"}, SWITCH, AT(no_spawn)},
    {{"--help", "-h", NULL, "print help and exit"}, SWITCH, AT(help)},
    {{"--version", NULL, NULL, "print the version and exit"}, SWITCH, AT(version)},
    {{"--verbose", "-v", NULL, "say more"}, SWITCH, AT(verbose)},
    {{"--as-me", NULL, NULL, "also when another principal of the account began it"},
     SWITCH,
     AT(as_me)},
    {{"--detach", "-d", NULL, "return at once; the deployment goes on"}, SWITCH, AT(detach)},
    {{"--wait-timeout", NULL, "SECONDS", "stop waiting after so long; the deployment goes on"},
     NUMBER,
     AT(wait_timeout_s)},
    {{"--mode", "-m", "MODE", "affordable, balanced or high_availability"}, TEXT, AT(mode)},
    {{"--engine", NULL, "ENGINE", "cloudformation or pulumi"}, TEXT, AT(engine)},
    {{"--force", NULL, NULL, "do it although a check advises against it"}, SWITCH, AT(force)},
    {{"--no-cache", NULL, NULL, "build images anew, without layers of earlier builds"},
     SWITCH,
     AT(no_cache)},
    {{"--build-arg",
      NULL,
      "NAME=VALUE",
      "an argument of every build; NAME alone: this shell's; repeat for several"},
     LIST,
     AT(build_args)},
    {{"--watch", "-w", NULL, "go on: deploy services anew when their files change (develop.watch)"},
     SWITCH,
     AT(watch)},
    {{"--no-deps", NULL, NULL, "without what the named services depend on"}, SWITCH, AT(no_deps)},
    {{"--pull", NULL, NULL, "bases come from their registries, as they always do"},
     SWITCH,
     AT(pull)},
    {{"--plan", NULL, NULL, "show what it would change, and change nothing"}, SWITCH, AT(plan)},
    {{"--push", NULL, NULL, "images are pushed, as they always are"}, SWITCH, AT(push)},
    {{"--yes", "-y", NULL, "answer questions with yes; covers no loss of data"}, SWITCH, AT(yes)},
    {{"--allow-loss",
      NULL,
      "NAME",
      "what is lost or moved on purpose: a service, a volume, a resource; repeat for several"},
     LIST,
     AT(allow_loss)},
    {{"--yes-lose-data", NULL, NULL, "allow every loss of data and every moved address"},
     SWITCH,
     AT(yes_lose_data)},
    {{"--exit-code", NULL, NULL, "end with 5 when `up` would refuse"}, SWITCH, AT(exit_code)},
    {{"--build", NULL, NULL, "build images again although they are there"}, SWITCH, AT(build)},
    {{"--no-rollback", NULL, NULL, "leave what fails as it is, to look at it"},
     SWITCH,
     AT(no_rollback)},
    {{"--from", NULL, "N", "start with event number N"}, NUMBER, AT(from)},
    {{"--follow", NULL, NULL, "go on as new lines come"}, SWITCH, AT(follow)},
    {{"--since", NULL, "TIME", "from then on: 10m, 2h, 7d12h, 15:04:05, RFC 3339 or Unix seconds"},
     TEXT,
     AT(since)},
    {{"--until", NULL, "TIME", "up to then"}, TEXT, AT(until)},
    {{"--filter", NULL, "PATTERN", "only lines that match (a CloudWatch Logs pattern)"},
     TEXT,
     AT(filter)},
    {{"--type", NULL, "TYPE", "RUN, BUILD, ECS or ALL; repeat for several"}, LIST, AT(types)},
    {{"--deployment", NULL, "ID", "of this deployment; latest for the newest"},
     TEXT,
     AT(deployment)},
    {{"--limit", "-n", "N", "at most N"}, NUMBER, AT(limit)},
    {{"--all", "-a", NULL, "without a limit"}, SWITCH, AT(all)},
    {{"--adopt",
      NULL,
      NULL,
      "although it was deployed from another repository, folder or Compose file"},
     SWITCH,
     AT(adopt)},
    {{"--any", NULL, NULL, "of whatever project: the newest of all"}, SWITCH, AT(any)},
    {{"--all-regions", NULL, NULL, "in every region that the account has enabled"},
     SWITCH,
     AT(all_regions)},
    {{"--out", "-o", "FILE", "write the template to FILE; - is standard output"}, TEXT, AT(out)},
    {{"--format", NULL, "FORMAT", "yaml or json; for compose lint text, json or sarif"},
     TEXT,
     AT(format)},
    {{"--no-snapshot", NULL, NULL, "stores that are deleted or replaced leave no last snapshot"},
     SWITCH,
     AT(no_snapshot)},
    {{"--refresh", NULL, NULL, "look for what was deleted from outside, and make it anew"},
     SWITCH,
     AT(refresh)},
    {{"--no-interpolate", NULL, NULL, "leave variables as they are written"},
     SWITCH,
     AT(no_interpolate)},
    {{"--resolve-image-digests", NULL, NULL, "ask the registries for the digests of the images"},
     SWITCH,
     AT(resolve_image_digests)},
    {{"--services", NULL, NULL, "print the names of the services"}, SWITCH, AT(services)},
    {{"--images", NULL, NULL, "print the images"}, SWITCH, AT(images)},
    {{"--volumes",
      NULL,
      NULL,
      "print the names of the volumes; for down: remove the named volumes and log groups too"},
     SWITCH,
     AT(volumes)},
    {{"--username", "-u", "USER", "who logs in to the registry"}, TEXT, AT(username)},
    {{"--password-stdin", NULL, NULL, "read the password from standard input"},
     SWITCH,
     AT(password_stdin)},
    {{"--networks", NULL, NULL, "print the names of the networks"}, SWITCH, AT(networks)},
    {{"--profiles", NULL, NULL, "print the profiles of the Compose files"},
     SWITCH,
     AT(show_profiles)},
    {{"--environment", NULL, NULL, "print the variables that the Compose files are filled from"},
     SWITCH,
     AT(environment)},
    {{"--hash", NULL, "SERVICE", "print the hash of a service; \"*\" for all"}, TEXT, AT(hash)},
    {{"--cd-name", NULL, "NAME", "name of the account's CD stack (defang-cd; DEFANG_CD_NAME)"},
     TEXT,
     AT(cd_name)},
    {{"--prefix", NULL, "NAME", "first part of the names in AWS (Defang; DEFANG_PREFIX)"},
     TEXT,
     AT(prefix)},
    {{"--if-not-set", NULL, NULL, "keep a value that is there"}, SWITCH, AT(if_not_set)},
    {{"--random", NULL, NULL, "make up a strong value"}, SWITCH, AT(random)},
    {{"--from-env", "-e", NULL, "take the value from the environment variable of that name"},
     SWITCH,
     AT(from_env)},
};

/* A handful of rows: nobody waits for a search. */
static const struct target *find(const char *text)
{
    for (size_t i = 0; i < ARRAY_LEN(targets); i++)
        if (text_eq(targets[i].row.name, text) ||
            (targets[i].row.letter && text_eq(targets[i].row.letter, text)))
            return &targets[i];

    return NULL;
}

/* For help and for the tests. */
const struct option_row *option_find(const char *text)
{
    const struct target *t = find(text);
    return t ? &t->row : NULL;
}

/* By the kind of the row, into the member that it names. */
static int set(struct options *o, const struct target *t, const char *value, struct error *err)
{
    char *at = (char *)o + t->offset;
    VEC(const char *) * list;

    switch (t->kind) {
    case SWITCH:
        *(bool *)at = true;
        return 0;
    case TEXT:
        *(const char **)at = value;
        return 0;
    case NUMBER:
        if (text_parse_int(value, 0, 1000000000, (long long *)at) < 0)
            return error_raise(err, ERR_USAGE, "%s takes a number, not \"%s\"", t->row.name, value);
        return 0;
    case LIST:
        list = (void *)at;
        vec_push(list, value);
        return 0;
    }

    return 0;
}

/* Somebody who mistypes an option wants to know which one it is like, not a page of all. */
static int unknown(const char *text, struct error *err)
{
    const char *names[ARRAY_LEN(targets) + 1];

    for (size_t i = 0; i < ARRAY_LEN(targets); i++)
        names[i] = targets[i].row.name;
    names[ARRAY_LEN(targets)] = NULL;

    const char *near = text_nearest(text, names);
    error_raise(err, ERR_USAGE, "unknown option %s", text);

    if (near)
        error_hint(err, "did you mean %s? `defangctl --help` lists all", near);
    else
        error_hint(err, "`defangctl --help` lists all options");

    return -EINVAL;
}

/* Letters that mean something else behind a command, as people type it to Docker: `down -v`,
 * `logs -f`. Before the command they are what they are everywhere. */
static const char *dockers(const struct options *o, const char *name)
{
    const char *command = o->words.len ? o->words.items[0] : NULL;
    if (text_eq(command, "compose") && o->words.len > 1)
        command = o->words.items[1];

    if (text_eq(command, "down") && text_eq(name, "-v"))
        return "--volumes";
    if (text_eq(command, "logs") && text_eq(name, "-f"))
        return "--follow";
    if (text_eq(command, "logs") && text_eq(name, "--tail"))
        return "--limit";
    return name;
}

/* "-dv": switches by their letters, one after the other. */
static int bundle(const char *text, struct options *o, struct error *err)
{
    for (const char *p = text + 1; *p; p++) {
        char letter[3] = {'-', *p, '\0'};
        const struct target *t = find(dockers(o, letter));

        if (!t)
            return unknown(letter, err);
        if (t->kind != SWITCH)
            return error_raise(
                err, ERR_USAGE, "%s: %s needs a value and stands alone", text, t->row.name);
        vec_push(&o->given, &t->row);

        int rc = set(o, t, NULL, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* "--name=value", "--name value", "-n value" and, for letters with an argument, "-nvalue". */
static int one(int argc, char **argv, int *i, struct options *o, struct error *err)
{
    const char *text = argv[*i], *value = NULL;
    const char *equals = text_starts(text, "--") ? strchr(text, '=') : NULL;
    cleanup_free char *name = equals ? xstrndup(text, (size_t)(equals - text)) : xstrdup(text);

    const struct target *t = find(dockers(o, name));

    if (equals)
        value = equals + 1;

    if (!t && text[0] == '-' && text[1] != '-' && text[1] && text[2]) {
        char letter[3] = {'-', text[1], '\0'};

        t = find(dockers(o, letter));
        if (t && t->kind == SWITCH)
            return bundle(text, o, err);
        value = text + 2;
    }

    if (!t)
        return unknown(name, err);

    vec_push(&o->given, &t->row);
    if (t->kind == SWITCH)
        return value ? error_raise(err, ERR_USAGE, "%s takes no value", t->row.name)
                     : set(o, t, NULL, err);

    if (!value && *i + 1 >= argc)
        return error_raise(err, ERR_USAGE, "%s needs a value: %s", t->row.name, t->row.argument);

    return set(o, t, value ? value : argv[++*i], err);
}

/* The first mistake ends it: what follows may be its consequence. */
int options_parse(int argc, char **argv, struct options *o, struct error *err)
{
    *o = (struct options){.from = -1, .limit = -1, .wait_timeout_s = -1};

    bool only_words = false;
    for (int i = 1; i < argc; i++) {
        if (!only_words && text_eq(argv[i], "--")) {
            only_words = true;
        } else if (only_words || argv[i][0] != '-' || argv[i][1] == '\0') {
            vec_push(&o->words, argv[i]);
        } else {
            int rc = one(argc, argv, &i, o, err);
            if (rc < 0)
                return rc;
        }
    }

    return 0;
}

/* Only the lists are ours; texts are borrowed of argv. */
void options_done(struct options *o)
{
    vec_free(&o->files);
    vec_free(&o->env_files);
    vec_free(&o->profiles);
    vec_free(&o->types);
    vec_free(&o->allow_loss);
    vec_free(&o->build_args);
    vec_free(&o->words);
    vec_free(&o->given);
}
