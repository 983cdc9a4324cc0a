/* Help, written from the tables: the commands of main.c, which are handed in, and the options of
 * options.c. A command or an option that is added there is in the help without anybody writing it
 * twice, and a test holds that docs/ knows it too. Help that was asked for is data: standard
 * output. */
#include "client/view/say.h"

#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>

static const char *const common[] = {
    "--project-name",
    "--file",
    "--stack",
    "--cwd",
    "--env-file",
    "--compose-profile",
    "--profile",
    "--region",
    "--provider",
    "--cd-name",
    "--prefix",
    "--json",
    "--color",
    "--no-spawn",
    "--verbose",
    "--help"};

/* Two columns; a left part that is too wide pushes its help to the right instead of being cut. */
static void print_columns(const char *left, const char *right)
{
    size_t width = say_width(left);
    printf("  %s%*s %s\n", left, width < 30 ? (int)(30 - width) : 0, "", right);
}

/* Blanks stand where a letter would, so that long names are below each other. */
static void print_option(const char *name)
{
    const struct option_row *row = option_find(name);
    if (!row)
        return;

    cleanup_free char *left = xasprintf(
        "%s%s%s%s%s",
        row->letter ? row->letter : "",
        row->letter ? ", " : "    ",
        row->name,
        row->argument ? " " : "",
        row->argument ? row->argument : "");

    print_columns(left, row->help);
}

/* The names are the command's, their help is the option's: it is written in one place. */
static void print_own_options(const struct command *cmd)
{
    cleanup_free char *copy = xstrdup(cmd->options);
    for (char *name = copy; *name;) {
        char *end = strchr(name, ' ');

        if (end)
            *end = '\0';
        print_option(name);
        name = end ? end + 1 : name + strlen(name);
    }
}

/* In the order of the list above. */
static void print_common(void)
{
    printf("\nOptions of every command:\n");
    for (size_t i = 0; i < ARRAY_LEN(common); i++)
        print_option(common[i]);
}

/* What is its own first; what every command takes comes last. */
void help_print_one(const struct command *cmd)
{
    printf(
        "usage: defangctl %s%s%s [OPTIONS]\n\n%s.\n",
        cmd->words,
        *cmd->arguments ? " " : "",
        cmd->arguments,
        cmd->help);
    if (*cmd->options)
        printf("\nOptions:\n");
    print_own_options(cmd);
    print_common();
}

/* Every row of the table, in its order. */
void help_print_all(const struct command *table, size_t count)
{
    printf(
        "usage: defangctl COMMAND [OPTIONS]\n\nDeploys Compose projects to your own AWS "
        "account.\n\nCommands:\n");

    for (size_t i = 0; i < count; i++) {
        cleanup_free char *left =
            xasprintf("%s%s%s", table[i].words, *table[i].arguments ? " " : "", table[i].arguments);
        print_columns(left, table[i].help);
    }

    print_common();
    printf(
        "\n`defangctl compose up|down|ps|logs|config` spell the same commands. `defangctl COMMAND "
        "--help` says more.\n"
        "Exit codes: 0 ok, 1 failed, 2 usage or bad Compose file, 3 credentials, 4 a cloud "
        "resource failed, 5 refused by a check, 6 not found,\n"
        "8 canceled, 9 timed out, 10 rolled back, 11 daemon unreachable, 130 interrupted.\n");
}
