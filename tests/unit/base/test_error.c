/* base/error.h: raised once, wrapped outwards, formatted whole; kinds, exit codes, AWS codes. */
#include "base/error.h"
#include "base/mem.h"
#include "unit/lib/suite.h"
#include <errno.h>

START_TEST(raised_once_wrapped_and_printed)
{
    cleanup_error struct error err = ERROR_INIT;
    ck_assert_int_eq(error_raise(&err, ERR_CLOUD, "%s failed", "CreateStack"), -EREMOTEIO);
    error_aws(&err, "ValidationError", "req-1", 400);
    error_at(&err, "compose.yaml", 3, 7);
    ck_assert_int_eq(error_wrap(&err, "deploying %s", "shop"), -EREMOTEIO);
    error_hint(&err, "look at %s\nor there", "this");
    ck_assert_int_eq(
        error_raise(&err, ERR_AUTH, "a later one"), -EACCES); /* does not cover the first */
    cleanup_free char *text = error_format(&err);
    ck_assert_str_eq(
        text,
        "compose.yaml:3:7: deploying shop: CreateStack failed (ValidationError, request req-1)\n"
        "  look at this\n  or there");
    ck_assert_int_eq(err.kind, ERR_CLOUD);
    ck_assert(error_has_code(&err, "ValidationError"));
    ck_assert(!error_has_code(&err, "Validation"));
}
END_TEST

START_TEST(format_parts)
{
    static const struct {
        const char *file;
        unsigned line, column;
        const char *code, *request, *expected;
    } rows[] = {
        {NULL, 0, 0, NULL, NULL, "m"},
        {"f", 0, 5, NULL, NULL, "f: m"},
        {"f", 2, 0, NULL, NULL, "f:2: m"},
        {NULL, 0, 0, "C", NULL, "m (C)"},
        {NULL, 0, 0, NULL, "r", "m (request r)"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cleanup_error struct error err = ERROR_INIT;
        error_raise(&err, ERR_FAILED, "m");
        error_at(&err, rows[i].file, rows[i].line, rows[i].column);
        error_aws(&err, rows[i].code, rows[i].request, 0);
        cleanup_free char *text = error_format(&err);
        ck_assert_str_eq(text, rows[i].expected);
    }
}
END_TEST

START_TEST(without_an_object)
{
    ck_assert_int_eq(error_raise(NULL, ERR_NOT_FOUND, "x"), -ENOENT);
    ck_assert_int_eq(error_raise_errno(NULL, ERR_FAILED, EBUSY, "x"), -EBUSY);
    ck_assert_int_eq(error_raise_errno(NULL, ERR_FAILED, -EBUSY, "x"), -EBUSY);
    ck_assert_int_eq(error_raise_errno(NULL, ERR_FAILED, 0, "x"), -EIO);
    ck_assert_int_eq(error_wrap(NULL, "x"), -EIO);
    error_hint(NULL, "x");
    error_at(NULL, "f", 1, 1);
    error_aws(NULL, "c", "r", 1);
    error_done(NULL);
    ck_assert(!error_is_set(NULL));
    cleanup_free char *text = error_format(NULL);
    ck_assert_str_eq(text, "");
    struct error empty = ERROR_INIT;
    error_hint(&empty, "x");
    ck_assert_int_eq(error_wrap(&empty, "x"), -EIO);
    ck_assert(!error_is_set(&empty) && !empty.hint && !empty.message);
    error_raise(&empty, ERR_NONE, "never success");
    ck_assert_int_eq(empty.kind, ERR_FAILED);
    error_done(&empty);
}
END_TEST

START_TEST(move_and_copy)
{
    struct error a = ERROR_INIT, b = ERROR_INIT;
    error_raise_errno(&a, ERR_TIMEOUT, ETIME, "late");
    error_hint(&a, "wait");
    error_raise(&b, ERR_FAILED, "dropped");
    error_copy(&b, &a);
    ck_assert_ptr_ne(a.message, b.message);
    ck_assert_str_eq(b.hint, "wait");
    error_move(&b, &a);
    ck_assert(!error_is_set(&a));
    ck_assert_int_eq(b.code, -ETIME);
    error_move(NULL, &b);
    ck_assert(!error_is_set(&b));
}
END_TEST

START_TEST(kinds)
{
    static const struct {
        enum error_kind kind;
        int exit;
        const char *name;
    } rows[] = {
        {ERR_NONE, 0, "ok"},
        {ERR_FAILED, 1, "failed"},
        {ERR_USAGE, 2, "usage"},
        {ERR_AUTH, 3, "credentials"},
        {ERR_CLOUD, 4, "cloud"},
        {ERR_REFUSED, 5, "refused"},
        {ERR_NOT_FOUND, 6, "not_found"},
        {ERR_CANCELED, 8, "canceled"},
        {ERR_TIMEOUT, 9, "timeout"},
        {ERR_ROLLED_BACK, 10, "rolled_back"},
        {ERR_UNREACHABLE, 11, "unreachable"},
        {ERR_INTERRUPTED, 130, "interrupted"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        ck_assert_int_eq(error_kind_exit(rows[i].kind), rows[i].exit);
        ck_assert_str_eq(error_kind_name(rows[i].kind), rows[i].name);
        ck_assert_int_eq(error_kind_errno(rows[i].kind) < 0, rows[i].kind != ERR_NONE);
    }
    ck_assert_int_eq(error_kind_exit((enum error_kind)77), 1);
}
END_TEST

SUITE(
    "base/error",
    raised_once_wrapped_and_printed,
    format_parts,
    without_an_object,
    move_and_copy,
    kinds)
