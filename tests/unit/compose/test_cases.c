/* cases/valid: a project a folder, with what it must come to (the same as the reference loader's
 * answer, in our canonical print). cases/invalid: a file each; its `#! line:column words | hint`
 * lines are all the mistakes it has, no more and no fewer. */
#include "unit/compose/kit.h"

static const char *cases_dir(void)
{
    const char *dir = getenv("COMPOSE_CASES");
    ck_assert_msg(dir != NULL, "COMPOSE_CASES is not set: run by meson test");
    return dir;
}

static char *replace_all(const char *text, const char *what, const char *with)
{
    struct str out = STR_INIT;
    for (const char *at; (at = strstr(text, what)); text = at + strlen(what)) {
        str_append_bytes(&out, text, (size_t)(at - text));
        str_append(&out, with);
    }
    str_append(&out, text);
    return str_take(&out);
}

static void check_valid(const char *path, const char *name)
{
    cleanup_kit struct kit k;
    cleanup_str struct str printed = STR_INIT, expected = STR_INIT;
    cleanup_free char *file = path_join(path, "expected.yaml");
    kit_init(&k, path);
    kit_load(&k);
    ck_assert_msg(k.rc == 0, "%s: %s:%u: %s", name, k.err.file, k.err.line, k.err.message);
    ck_assert_int_eq(file_read(file, MIB(1), &expected, NULL), 0);
    compose_print_yaml(k.project, &printed);
    cleanup_free char *shown = replace_all(str_get(&printed), path, "/project");
    ck_assert_msg(strcmp(shown, str_get(&expected)) == 0, "%s: got\n%s", name, shown);
    kit_check_round_trip(k.project, name);
}

START_TEST(valid)
{
    cleanup_free char *dir = path_join(cases_dir(), "valid");
    ck_assert_uint_ge(kit_each(dir, check_valid), 14);
}
END_TEST

/* Each expectation takes one diagnostic away. */
static void expect(struct kit *k, const char *name, char *line)
{
    unsigned at_line, at_column;
    int used = 0;
    ck_assert_msg(
        sscanf(line, "#! %u:%u %n", &at_line, &at_column, &used) == 2, "%s: %s", name, line);
    char *words = line + used, *hint = strstr(words, " | ");
    if (hint) {
        *hint = '\0';
        hint += 3;
    }
    for (size_t i = 0; i < k->diags.len; i++) {
        struct compose_diagnostic *d = &k->diags.items[i];
        if (d->severity != COMPOSE_ERROR || d->pos.line != at_line || d->pos.column != at_column ||
            !strstr(d->message, words))
            continue;
        ck_assert_msg(!hint || (d->hint && strstr(d->hint, hint)), "%s: hint of %s", name, line);
        ck_assert_msg(
            d->pos.file && strcmp(d->pos.file, name) == 0, "%s: file is %s", name, d->pos.file);
        d->severity = COMPOSE_NOTE;
        return;
    }
    ck_abort_msg("%s: not said: %u:%u %s", name, at_line, at_column, words);
}

static void check_invalid(const char *path, const char *name)
{
    cleanup_kit struct kit k;
    cleanup_str struct str text = STR_INIT;
    cleanup_free char *dir = path_dirname(path);
    const char *files[] = {path, NULL};
    size_t expected = 0;
    kit_init(&k, dir);
    k.options.files = files;
    kit_load(&k);
    ck_assert_msg(k.rc < 0 && error_is_set(&k.err), "%s is accepted", name);
    ck_assert_int_eq(k.err.kind, ERR_USAGE);
    ck_assert_int_eq(file_read(path, MIB(1), &text, NULL), 0);
    for (char *line, *rest = text.data; (line = strsep(&rest, "\n"));)
        if (strncmp(line, "#! ", 3) == 0) {
            expect(&k, name, line);
            expected++;
        }
    ck_assert_msg(expected > 0, "%s expects nothing", name);
    for (size_t i = 0; i < k.diags.len; i++)
        ck_assert_msg(
            k.diags.items[i].severity != COMPOSE_ERROR,
            "%s: also said: %u:%u %s",
            name,
            k.diags.items[i].pos.line,
            k.diags.items[i].pos.column,
            k.diags.items[i].message);
}

START_TEST(invalid)
{
    cleanup_free char *dir = path_join(cases_dir(), "invalid");
    ck_assert_uint_ge(kit_each(dir, check_invalid), 17);
}
END_TEST

static size_t corpus_files;

static void check_corpus(const char *path, const char *name)
{
    cleanup_kit struct kit k;
    kit_init(&k, path);
    kit_load(&k);
    ck_assert_msg(k.rc == 0, "%s: %s:%u: %s", name, k.err.file, k.err.line, k.err.message);
    ck_assert_uint_ge(k.project->service_count, 1);
    kit_check_round_trip(k.project, name);
    corpus_files++;
}

START_TEST(corpus)
{
    const char *shared = getenv("DEFANG_SHARED");
    cleanup_free char *dir = path_join(shared ? shared : "../shared", "corpus/awesome-compose");
    if (!file_is_dir(dir)) {
        fprintf(stderr, "SKIPPED: 0 files of the corpus were read: %s is absent\n", dir);
        return;
    }
    kit_each(dir, check_corpus);
    fprintf(stderr, "corpus: %zu files loaded and came back the same\n", corpus_files);
    ck_assert_uint_ge(corpus_files, 30);
}
END_TEST

SUITE("compose/cases", valid, invalid, corpus)
