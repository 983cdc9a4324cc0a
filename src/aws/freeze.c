/* See freeze.h. The buffers that JSON is printed into and read from are ours alone for a moment and
 * wiped by their owners; jansson's own copies live as long as the object, which is short. */
#include "aws/freeze.h"

#include "base/mem.h"
#include "data/json.h"
#include "data/object.h"
#include <errno.h>
#include <string.h>

char *aws_credentials_freeze(const struct aws_credentials *c)
{
    cleanup_json json_t *j = object(
        key("key", c->access_key_id),
        key("secret", secret_get(&c->secret_access_key)),
        key("token", secret_is_set(&c->session_token) ? secret_get(&c->session_token) : NULL),
        key("expires_ms", json_integer(c->expires_wall_ms)),
        key("account", c->account_id),
        key("source", c->source),
        key("origin", json_integer(c->origin)),
        key("profile", c->profile),
        key("environment", c->from_environment));

    return json_print(j, false, true);
}

int aws_credentials_thaw(const char *text, struct aws_credentials *out)
{
    cleanup_json json_t *j = NULL;
    *out = (struct aws_credentials){0};

    if (json_parse(text, strlen(text), &j, NULL) < 0 || !json_str(j, "key") ||
        !json_str(j, "secret"))
        return -EBADMSG;

    *out = (struct aws_credentials){
        .access_key_id = xstrdup(json_str(j, "key")),
        .expires_wall_ms = json_int_or(j, "expires_ms", 0),
        .account_id = xstrdup_null(json_str(j, "account")),
        .source = xstrdup_null(json_str(j, "source")),
        .origin = (enum aws_origin)json_int_or(j, "origin", 0),
        .profile = xstrdup_null(json_str(j, "profile")),
        .from_environment = json_bool_or(j, "environment", false)};
    secret_set(&out->secret_access_key, json_str(j, "secret"));
    if (json_str(j, "token"))
        secret_set(&out->session_token, json_str(j, "token"));
    return 0;
}
