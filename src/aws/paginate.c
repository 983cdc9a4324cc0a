/* All pages of a listing, by the paginator of its table.
 *
 * A token of the output becomes the input's for the next page until there is none. Two bounds keep
 * a service (or a look-alike) that repeats itself from holding a job for ever: a page whose token
 * changes nothing is an error, and so are more pages or items than base/limits.h allows. */
#include "aws/aws.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include <errno.h>

/* Copies the output's tokens into the next input; false when there is no next page. */
static bool next_page(const struct aws_paginator *p, const json_t *reply, json_t *input)
{
    bool any = false;

    if (p->more_results && !json_bool_or(reply, p->more_results, false))
        return false;

    for (size_t i = 0; p->input_tokens[i] && p->output_tokens[i]; i++) {
        const json_t *token = json_at(reply, p->output_tokens[i]);

        if (json_is_string(token) && json_string_length(token)) {
            json_object_set_new(input, p->input_tokens[i], json_deep_copy(token));
            any = true;
        } else if (json_is_integer(token)) {
            json_object_set_new(input, p->input_tokens[i], json_deep_copy(token));
            any = true;
        } else {
            json_object_del(input, p->input_tokens[i]);
        }
    }

    return any;
}

static int
append_items(const struct aws_operation *op, const json_t *reply, json_t *all, struct error *err)
{
    json_t *page = json_at(reply, op->paginator->result_key);

    if (json_is_array(page))
        json_array_extend(all, page);
    if (json_array_size(all) > LIMIT_AWS_ITEMS)
        return error_raise_errno(
            err,
            ERR_REFUSED,
            E2BIG,
            "%s:%s lists more than %d items",
            op->service->id,
            op->name,
            LIMIT_AWS_ITEMS);

    return 0;
}

int aws_call_all(
    struct aws_session *s,
    const struct aws_operation *op,
    json_t *in,
    json_t **items,
    struct error *err)
{
    cleanup_json json_t *input = in ? in : json_object();
    json_t *all = json_array();

    *items = NULL;
    if (!op->paginator) {
        json_decref(all);
        return error_raise(err, ERR_FAILED, "%s:%s has no pages", op->service->id, op->name);
    }

    for (unsigned page = 0;; page++) {
        cleanup_json json_t *reply = NULL, *before = json_deep_copy(input);
        int rc = aws_call(s, op, json_deep_copy(input), &reply, err);

        if (rc == 0)
            rc = append_items(op, reply, all, err);
        if (rc < 0) {
            json_decref(all);
            return rc;
        }
        if (!next_page(op->paginator, reply, input))
            break;
        if (json_equal(before, input) || page >= LIMIT_AWS_PAGES) {
            json_decref(all);
            return error_raise(
                err,
                ERR_CLOUD,
                "%s:%s: the listing does not end (page %u repeats its token)",
                op->service->id,
                op->name,
                page + 1);
        }
    }

    *items = all;
    return 0;
}
