/* The commands: one table, one row each; a file per family. `compose X` spells the same rows. */
#pragma once

#include "base/env.h"
#include "base/error.h"
#include "base/str.h"
#include "client/options.h"

struct client {
    struct options options;
    const struct env *env;
    const char *program; /* argv[0], to find defangd beside it */
    char **typed;        /* all words behind it as they were typed, NULL-terminated */
    char **arguments;    /* the command's own words, NULL-terminated */
    size_t argument_count;
    const char *command; /* its words: "cd bootstrap" */
    struct str agreed;   /* names of losses that somebody at the terminal agreed to */
    char *losses_json;   /* of the refusal that ends this program, for --json; or NULL */
    bool asked;          /* a person was asked something, on the terminal, since it was reset */
    bool ends_at_logout; /* the daemon that answered last is a service, and its user does not linger
                          */
};

struct command {
    const char *words;     /* "config set" */
    const char *arguments; /* "NAME[=VALUE]…" */
    const char *help;      /* one line */
    const char *options;   /* names of the options beside the common ones, blank-separated */
    int (*run)(struct client *c, struct error *err); /* exit code >= 0, or negative with err */
};

/* Each returns its exit code, or a negative value with err filled, which main() prints. */
int cmd_up(struct client *c, struct error *err);
int cmd_build(struct client *c, struct error *err);
int cmd_down(struct client *c, struct error *err);
int cmd_watch(struct client *c, struct error *err);
int cmd_cancel(struct client *c, struct error *err);
int cmd_resume(struct client *c, struct error *err);
int cmd_ls(struct client *c, struct error *err);
int cmd_ps(struct client *c, struct error *err);
int cmd_logs(struct client *c, struct error *err);
int cmd_plan(struct client *c, struct error *err);
int cmd_eject(struct client *c, struct error *err);
int cmd_explain(struct client *c, struct error *err);
int cmd_history(struct client *c, struct error *err);
int cmd_history_show(struct client *c, struct error *err);
int cmd_history_diff(struct client *c, struct error *err);
int cmd_rollback(struct client *c, struct error *err);
int cmd_init(struct client *c, struct error *err);
int cmd_policy(struct client *c, struct error *err);
int cmd_config_set(struct client *c, struct error *err);
int cmd_config_ls(struct client *c, struct error *err);
int cmd_config_rm(struct client *c, struct error *err);
int cmd_registry_login(struct client *c, struct error *err);
int cmd_registry_ls(struct client *c, struct error *err);
int cmd_registry_logout(struct client *c, struct error *err);
int cmd_compose_config(struct client *c, struct error *err);
int cmd_compose_lint(struct client *c, struct error *err);
int cmd_cd(struct client *c, struct error *err);
int cmd_cd_ls(struct client *c, struct error *err);
int cmd_login(struct client *c, struct error *err);
int cmd_whoami(struct client *c, struct error *err);
int cmd_daemon(struct client *c, struct error *err);
int cmd_version(struct client *c, struct error *err);

/* The overview of a table of `count` commands, or all of one. */
void help_print_all(const struct command *table, size_t count);
void help_print_one(const struct command *cmd);
/* Of those whose first word it is ("config"), or "compose"; false when there is none. */
bool help_print_family(const struct command *table, size_t count, const char *word);
