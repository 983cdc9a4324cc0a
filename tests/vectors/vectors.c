/* What the vector tests share: vectors.h says what. Differences are printed with both sides, one
 * case a line, so that a run can be read without a debugger; what does not apply is printed too,
 * with its reason, so that nobody takes it for passed. */
#include "vectors/vectors.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/vec.h"
#include <dirent.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define EXIT_SKIPPED 77

char *vectors_path(const char *relative)
{
    const char *shared = getenv("DEFANG_SHARED");
    char *root = xasprintf("%s/vectors", shared ? shared : "../shared");

    if (!file_is_dir(root)) {
        printf(
            "SKIPPED: %s is not there; every case of these vectors is left out (set "
            "DEFANG_SHARED)\n",
            root);
        exit(EXIT_SKIPPED);
    }
    char *path = xasprintf("%s/%s", root, relative);
    free(root);
    return path;
}

char *vectors_text(const char *path, size_t *n)
{
    struct str text = STR_INIT;

    if (!file_exists(path) || file_read(path, LIMIT_FILE_BYTES, &text, NULL) < 0)
        return NULL;
    if (n)
        *n = text.len;
    return str_take(&text);
}

json_t *vectors_json(const char *relative)
{
    cleanup_free char *path = vectors_path(relative);
    json_error_t why;
    json_t *j = json_load_file(path, JSON_ALLOW_NUL, &why);

    if (!j) {
        printf("cannot read %s: %s (line %d)\n", path, why.text, why.line);
        exit(EXIT_FAILURE);
    }
    return j;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char **vectors_list(const char *relative)
{
    cleanup_free char *path = vectors_path(relative);
    VEC(char *) names = {0};
    DIR *d = opendir(path);

    if (!d) {
        printf("cannot list %s\n", path);
        exit(EXIT_FAILURE);
    }
    for (struct dirent *e; (e = readdir(d));)
        if (e->d_name[0] != '.')
            vec_push(&names, xstrdup(e->d_name));
    closedir(d);
    if (names.len)
        qsort(names.items, names.len, sizeof *names.items, compare_names);
    vec_push(&names, NULL);
    return names.items;
}

void vectors_list_free(char **names)
{
    for (char **n = names; *n; n++)
        free(*n);
    free(names);
}

void vectors_pass(struct vectors *v)
{
    v->passed++;
}

void vectors_fail(struct vectors *v, const char *id, const char *fmt, ...)
{
    va_list ap;

    v->failed++;
    printf("FAILED %s %s: ", v->name, id);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    printf("\n");
}

void vectors_not_applicable(struct vectors *v, const char *id, const char *reason)
{
    v->not_applicable++;
    printf("not applicable: %s %s (%s)\n", v->name, id, reason);
}

bool vectors_equal(
    struct vectors *v, const char *id, const char *what, const char *expected, const char *actual)
{
    if (expected && actual && strcmp(expected, actual) == 0)
        return true;
    vectors_fail(
        v,
        id,
        "%s\n  expected: %s\n  actual:   %s",
        what,
        expected ? expected : "(none)",
        actual ? actual : "(none)");
    return false;
}

static bool numbers_equal(const json_t *a, const json_t *b)
{
    double x = json_number_value(a), y = json_number_value(b);

    return fabs(x - y) <= 1e-9 * fmax(1.0, fabs(x));
}

bool vectors_json_equal(const json_t *a, const json_t *b)
{
    const char *key;
    json_t *v;
    size_t i;

    if (!a || !b)
        return a == b;
    if (json_is_number(a) && json_is_number(b))
        return numbers_equal(a, b);
    if (json_typeof(a) != json_typeof(b))
        return false;
    if (json_is_object(a)) {
        if (json_object_size(a) != json_object_size(b))
            return false;
        json_object_foreach((json_t *)a, key, v)
            if (!vectors_json_equal(v, json_object_get(b, key)))
                return false;
        return true;
    }
    if (json_is_array(a)) {
        if (json_array_size(a) != json_array_size(b))
            return false;
        json_array_foreach(a, i, v)
            if (!vectors_json_equal(v, json_array_get(b, i)))
                return false;
        return true;
    }
    return json_equal(a, b);
}

int vectors_end(const struct vectors *v)
{
    printf(
        "vectors %s: %u passed, %u failed, %u not applicable\n",
        v->name,
        v->passed,
        v->failed,
        v->not_applicable);
    if (v->passed + v->failed == 0) {
        printf("no case ran\n");
        return EXIT_FAILURE;
    }
    return v->failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
