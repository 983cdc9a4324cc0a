/* Help, written from the tables: the commands of main.c, which are handed in, and the options of
 * options.c. A command or an option that is added there is in the help without anybody writing it
 * twice, and a test holds that docs/ knows it too. Help that was asked for is data: standard
 * output. */
#include "client/view/say.h"

#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

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

/* The order in which people need them; a family ("config") is named by its first word. */
static const struct group {
    const char *title, *words;
} groups[] = {
    {"Deploy", " up build plan rollback down cancel resume init eject "},
    {"Look", " ps ls watch logs history explain compose "},
    {"Config", " config registry "},
    {"Account", " whoami login cd "},
    {"Daemon", " daemon version "},
};

#define LEFT_COLUMNS 32
#define WIDTH_MIN    60
#define WIDTH_FILE   100 /* where the output is no terminal */

static size_t width(void)
{
    struct winsize size = {0};

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
        return WIDTH_FILE;
    return MAX((size_t)size.ws_col, (size_t)WIDTH_MIN);
}

/* Words of `text` in lines of what is left of the width, the first behind `column` columns. */
static void print_wrapped(const char *text, size_t column, size_t indent)
{
    size_t wide = width();

    for (const char *p = text; *p;) {
        size_t n = strcspn(p, " ");
        cleanup_free char *word = xstrndup(p, n);
        size_t columns = say_width(word);

        if (column > indent && column + 1 + columns > wide) {
            printf("\n%*s", (int)indent, "");
            column = indent;
        } else if (p != text) {
            printf(" ");
            column++;
        }
        printf("%s", word);
        column += columns;
        p += n + strspn(p + n, " ");
    }
    printf("\n");
}

/* Two columns; a left part that is too wide has its help on the next line. */
static void print_columns(const char *left, const char *right)
{
    size_t columns = say_width(left) + 2;

    printf("  %s", left);
    if (columns + 1 > LEFT_COLUMNS)
        printf("\n%*s", LEFT_COLUMNS, "");
    else
        printf("%*s", (int)(LEFT_COLUMNS - columns), "");
    print_wrapped(right, LEFT_COLUMNS, LEFT_COLUMNS);
}

static void print_command(const struct command *cmd)
{
    cleanup_free char *left =
        xasprintf("%s%s%s", cmd->words, *cmd->arguments ? " " : "", cmd->arguments);

    print_columns(left, cmd->help);
}

static bool is_of(const struct group *g, const char *words)
{
    cleanup_free char *first = xasprintf(" %.*s ", (int)strcspn(words, " "), words);

    return strstr(g->words, first) != NULL;
}

/* The rest comes last: one that nobody has put under a heading is not lost. */
static void print_rest(const struct command *table, size_t count)
{
    bool any = false;

    for (size_t i = 0; i < count; i++) {
        bool grouped = false;

        for (size_t g = 0; g < ARRAY_LEN(groups); g++)
            grouped = grouped || is_of(&groups[g], table[i].words);
        if (grouped)
            continue;
        if (!any)
            printf("\nMore:\n");
        any = true;
        print_command(&table[i]);
    }
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
        "usage: defangctl %s%s%s [OPTIONS]\n\n",
        cmd->words,
        *cmd->arguments ? " " : "",
        cmd->arguments);
    cleanup_free char *sentence = xasprintf("%s.", cmd->help);
    print_wrapped(sentence, 0, 0);
    if (*cmd->options)
        printf("\nOptions:\n");
    print_own_options(cmd);
    print_common();
}

bool help_print_family(const struct command *table, size_t count, const char *word)
{
    cleanup_free char *prefix = xasprintf("%s ", word);
    bool any = false;

    for (size_t i = 0; i < count; i++) {
        if (!text_starts(table[i].words, prefix))
            continue;
        if (!any)
            printf("usage: defangctl %s COMMAND [OPTIONS]\n\nCommands:\n", word);
        any = true;
        print_command(&table[i]);
    }
    if (any)
        printf("\n`defangctl %s COMMAND --help` says more.\n", word);
    return any;
}

/* By groups, each in the table's order. */
void help_print_all(const struct command *table, size_t count)
{
    printf(
        "usage: defangctl COMMAND [OPTIONS]\n\nDeploys Compose projects to your own AWS "
        "account.\n");

    for (size_t g = 0; g < ARRAY_LEN(groups); g++) {
        printf("\n%s:\n", groups[g].title);
        for (size_t i = 0; i < count; i++)
            if (is_of(&groups[g], table[i].words))
                print_command(&table[i]);
    }

    print_rest(table, count);
    print_common();
    printf("\n");
    print_wrapped(
        "`defangctl compose up|down|ps|logs|config` spell the same commands. `defangctl COMMAND "
        "--help` or `defangctl help COMMAND` says more.",
        0,
        0);
    print_wrapped(
        "Exit codes: 0 ok, 1 failed, 2 usage or bad Compose file, 3 credentials, 4 a cloud "
        "resource failed, 5 refused by a check, 6 not found, 8 canceled, 9 timed out, 10 rolled "
        "back, 11 daemon unreachable, 130 interrupted.",
        0,
        0);
}
