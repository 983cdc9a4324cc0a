/* The command line: every form of an option, and what a wrong one is answered. */
#include "client/options.h"
#include "unit/lib/suite.h"

#include "base/mem.h"
#include "base/str.h"
#include <stdio.h>
#include <string.h>

static struct options o;
static struct error err;

static int parse(const char *line)
{
    static char copy[256];
    char *argv[32] = {(char *)"defangctl"};
    int argc = 1;

    snprintf(copy, sizeof copy, "%s", line);
    for (char *save = NULL, *word = strtok_r(copy, " ", &save); word;
         word = strtok_r(NULL, " ", &save))
        argv[argc++] = strcmp(word, "''") == 0 ? (char *)"" : word;

    return options_parse(argc, argv, &o, &err);
}

static void finish(void)
{
    options_done(&o);
    error_done(&err);
}

START_TEST(every_form_of_a_value)
{
    static const char *const forms[] = {
        "up --project-name shop",
        "up --project-name=shop",
        "up -p shop",
        "up -pshop",
        "-p shop up",
        "--project-name=shop up"};
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        ck_assert_msg(parse(forms[i]) == 0, "%s: %s", forms[i], err.message);
        ck_assert_str_eq(o.project_name, "shop");
        ck_assert_uint_eq(o.words.len, 1);
        ck_assert_str_eq(o.words.items[0], "up");
        ck_assert_uint_eq(o.given.len, 1);
        ck_assert_str_eq(o.given.items[0]->name, "--project-name");
        finish();
    }
}
END_TEST

START_TEST(lists_numbers_switches_and_words)
{
    ck_assert_int_eq(
        parse(
            "-f a.yaml --file=b.yaml -f - logs web api --limit 5 --follow --env-file= "
            "--wait-timeout=0 -- --not-an-option"),
        0);
    ck_assert_uint_eq(o.files.len, 3);
    ck_assert_str_eq(o.files.items[1], "b.yaml");
    ck_assert_str_eq(o.files.items[2], "-");
    ck_assert_uint_eq(o.env_files.len, 1);
    ck_assert_str_eq(o.env_files.items[0], "");
    ck_assert_int_eq(o.limit, 5);
    ck_assert_int_eq(o.wait_timeout_s, 0);
    ck_assert_int_eq(o.from, -1);
    ck_assert(o.follow && !o.json);
    ck_assert_uint_eq(o.words.len, 4);
    ck_assert_str_eq(o.words.items[3], "--not-an-option");
    finish();
}
END_TEST

/* terminal 6: as people type it to Docker, behind the command's word. */
START_TEST(letters_as_docker_has_them)
{
    ck_assert_int_eq(parse("-f a.yaml logs -f --tail 50 web"), 0);
    ck_assert(o.follow && o.limit == 50 && o.files.len == 1 && o.words.len == 2);
    finish();
    ck_assert_int_eq(parse("compose logs -fv"), 0);
    ck_assert(o.follow && o.verbose && o.files.len == 0);
    finish();
    ck_assert_int_eq(parse("compose down -vy"), 0);
    ck_assert(o.volumes && o.yes);
    finish();
    ck_assert_int_eq(parse("up -dy -f b.yaml"), 0);
    ck_assert(o.detach && o.yes && o.files.len == 1);
    finish();
}
END_TEST

START_TEST(a_lone_dash_is_a_word_and_a_value)
{
    ck_assert_int_eq(parse("config set - -o -"), 0);
    ck_assert_str_eq(o.words.items[2], "-");
    ck_assert_str_eq(o.out, "-");
    finish();
}
END_TEST

START_TEST(the_last_one_wins)
{
    ck_assert_int_eq(parse("up -s beta --stack prod"), 0);
    ck_assert_str_eq(o.stack, "prod");
    finish();
}
END_TEST

START_TEST(wrong_ones_are_refused)
{
    static const struct {
        const char *line, *message, *hint;
    } rows[] = {
        {"up --projct-name x", "unknown option --projct-name", "--project-name"},
        {"up --folow", "unknown option --folow", "--follow"},
        {"up --qqqqqqqqqqqq", "unknown option --qqqqqqqqqqqq", "--help"},
        {"up --qqqqqqqqqqqq=1", "unknown option --qqqqqqqqqqqq", "--help"},
        {"up -z", "unknown option -z", NULL},
        {"up -dx", "unknown option -x", NULL},
        {"up -dp", "-dp: --project-name needs a value", NULL},
        {"logs -ft", "unknown option -t", NULL},
        {"up --detach=yes", "--detach takes no value", NULL},
        {"up --limit", "--limit needs a value", NULL},
        {"up --limit x", "--limit takes a number", NULL},
        {"up --limit -1", "--limit takes a number", NULL},
        {"up --limit=", "--limit takes a number", NULL},
        {"up -n 99999999999", "--limit takes a number", NULL},
        {"up -p", "--project-name needs a value", NULL},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        ck_assert_msg(parse(rows[i].line) < 0, "%s", rows[i].line);
        ck_assert_int_eq(err.kind, ERR_USAGE);
        ck_assert_msg(
            strstr(err.message, rows[i].message) != NULL, "%s: %s", rows[i].line, err.message);
        if (rows[i].hint)
            ck_assert_msg(
                err.hint && strstr(err.hint, rows[i].hint), "%s: %s", rows[i].line, err.hint);

        finish();
    }
}
END_TEST

SUITE(
    "client/options",
    every_form_of_a_value,
    lists_numbers_switches_and_words,
    letters_as_docker_has_them,
    a_lone_dash_is_a_word_and_a_value,
    the_last_one_wins,
    wrong_ones_are_refused)
