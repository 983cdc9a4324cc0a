/* What looks like a secret in clear, for the linter.
 *
 * One value is judged by what is surest first: a private key, the known prefixes of tokens, a JSON
 * web token, a URL or a text with a password; then, when it has a name, by the name; and only for
 * other names by its looks (long, one word, with digits, and of high entropy). What a secret never
 * is (a switch, a path, an ARN, a variable) is let through whatever its name.
 *
 * Over a project the texts of the tree are walked: a warning names the place and the config to
 * use, never the value. */
#include "compose/bind/secrets.h"

#include "base/mem.h"
#include "base/str.h"
#include "compose/diag.h"
#include "compose/template.h"

#include <ctype.h>
#include <math.h>
#include <string.h>
#include <strings.h>

enum { PRIVATE_KEY, URL_PASSWORD, TEXT_PASSWORD, NAMED, ENTROPY, JWT, FIRST_TOKEN };

static const struct secret_rule RULES[] = {
    [PRIVATE_KEY] = {"secret/private-key", "a private key", COMPOSE_ERROR},
    [URL_PASSWORD] = {"secret/url-password", "a URL with a password", COMPOSE_WARNING},
    [TEXT_PASSWORD] = {"secret/text-password", "a text with a password", COMPOSE_WARNING},
    [NAMED] = {"secret/named", "a secret by its name", COMPOSE_WARNING},
    [ENTROPY] = {"secret/high-entropy", "a long random text", COMPOSE_NOTE},
    [JWT] = {"secret/json-web-token", "a JSON web token", COMPOSE_WARNING},
    [FIRST_TOKEN] = {"secret/aws-access-key", "an AWS access key", COMPOSE_ERROR},
    {"secret/github-token", "a GitHub token", COMPOSE_ERROR},
    {"secret/gitlab-token", "a GitLab token", COMPOSE_ERROR},
    {"secret/slack-token", "a Slack token", COMPOSE_ERROR},
    {"secret/stripe-key", "a Stripe key", COMPOSE_ERROR},
    {"secret/api-key", "an API key (sk-…)", COMPOSE_ERROR},
    {"secret/google-api-key", "a Google API key", COMPOSE_ERROR},
    {"secret/npm-token", "an npm token", COMPOSE_ERROR},
    {"secret/sendgrid-key", "a SendGrid key", COMPOSE_ERROR},
    {"secret/pypi-token", "a PyPI token", COMPOSE_ERROR},
    {"secret/digitalocean-token", "a DigitalOcean token", COMPOSE_ERROR},
};

/* A token is its prefix and at least `rest` characters of letters, digits and `more`. */
struct token {
    const char *rule, *prefix, *more;
    size_t rest;
};

static const struct token TOKENS[] = {
    {"secret/aws-access-key", "AKIA", "", 16},
    {"secret/aws-access-key", "ASIA", "", 16},
    {"secret/github-token", "ghp_", "", 20},
    {"secret/github-token", "gho_", "", 20},
    {"secret/github-token", "ghu_", "", 20},
    {"secret/github-token", "ghs_", "", 20},
    {"secret/github-token", "ghr_", "", 20},
    {"secret/github-token", "github_pat_", "_", 20},
    {"secret/gitlab-token", "glpat-", "-_.", 16},
    {"secret/slack-token", "xoxb-", "-", 16},
    {"secret/slack-token", "xoxp-", "-", 16},
    {"secret/slack-token", "xoxa-", "-", 16},
    {"secret/slack-token", "xapp-", "-", 16},
    {"secret/stripe-key", "sk_live_", "", 12},
    {"secret/stripe-key", "sk_test_", "", 12},
    {"secret/stripe-key", "rk_live_", "", 12},
    {"secret/stripe-key", "whsec_", "", 12},
    {"secret/api-key", "sk-", "-_", 16},
    {"secret/google-api-key", "AIza", "-_", 30},
    {"secret/npm-token", "npm_", "", 30},
    {"secret/sendgrid-key", "SG.", "-_.", 40},
    {"secret/pypi-token", "pypi-", "-_", 40},
    {"secret/digitalocean-token", "dop_v1_", "", 40},
};

static const struct secret_rule *rule_by_id(const char *id)
{
    size_t i = 0;
    while (strcmp(RULES[i].id, id) != 0)
        i++;
    return &RULES[i];
}

static size_t run_of(const char *s, const char *more)
{
    size_t n = 0;
    while (s[n] && (isalnum((unsigned char)s[n]) || strchr(more, s[n])))
        n++;
    return n;
}

static bool begins_word(const char *text, const char *at)
{
    return at == text || (!isalnum((unsigned char)at[-1]) && at[-1] != '_');
}

static const struct secret_rule *match_token(const char *text)
{
    for (size_t i = 0; i < ARRAY_LEN(TOKENS); i++)
        for (const char *at = text; (at = strstr(at, TOKENS[i].prefix)); at++) {
            const char *rest = at + strlen(TOKENS[i].prefix);
            if (begins_word(text, at) && run_of(rest, TOKENS[i].more) >= TOKENS[i].rest)
                return rule_by_id(TOKENS[i].rule);
        }
    return NULL;
}

/* header.payload.signature, each in base64url; the header is a JSON object. Its length with what is
 * there of the signature; 0 when none begins at `at`. */
static size_t jwt_at(const char *at)
{
    size_t header = text_starts(at, "eyJ") ? run_of(at, "-_") : 0;
    if (header < 12 || at[header] != '.')
        return 0;

    size_t payload = run_of(at + header + 1, "-_");
    if (payload < 12 || at[header + 1 + payload] != '.')
        return 0;

    size_t before = header + payload + 2;
    return before + run_of(at + before, "-_");
}

static bool has_jwt(const char *text)
{
    for (const char *at = text; (at = strstr(at, "eyJ")); at++)
        if (begins_word(text, at) && jwt_at(at))
            return true;
    return false;
}

/* ---- what is masked in a text that is kept ---- */

static void mask(struct str *out, const char *rule)
{
    str_appendf(out, "*** (%s)", rule_by_id(rule)->what);
}

/* How long the token is that begins at `at`; 0 when none does. */
static size_t token_at(const char *text, const char *at, const char **rule)
{
    for (size_t i = 0; i < ARRAY_LEN(TOKENS); i++) {
        const struct token *t = &TOKENS[i];
        size_t prefix = strlen(t->prefix);

        if (!text_starts(at, t->prefix) || !begins_word(text, at))
            continue;
        size_t rest = run_of(at + prefix, t->more);
        *rule = t->rule;
        if (rest >= t->rest)
            return prefix + rest;
    }

    return 0;
}

/* The password of scheme://user:password@ when `at` is its "://", as an offset and a length. */
static size_t password_after(const char *at, size_t *begin)
{
    const char *user = at + strlen("://");
    const char *last = memrchr(user, '@', strcspn(user, "/?# \t\n\"'"));
    const char *colon = last ? memchr(user, ':', (size_t)(last - user)) : NULL;

    if (!colon || colon + 1 >= last)
        return 0;
    *begin = (size_t)(colon + 1 - at);
    return (size_t)(last - colon - 1);
}

char *secrets_masked(const char *text)
{
    struct str out = STR_INIT;
    bool found = false;

    for (const char *p = text; *p;) {
        const char *rule = NULL;
        size_t begin = 0, n = token_at(text, p, &rule);

        if (n == 0 && begins_word(text, p)) {
            n = jwt_at(p);
            rule = "secret/json-web-token";
        }

        if (n == 0 && text_starts(p, "://")) {
            n = password_after(p, &begin);
            rule = "secret/url-password";
        }

        if (n == 0) {
            str_append_char(&out, *p++);
            continue;
        }
        str_append_bytes(&out, p, begin);
        mask(&out, rule);
        p += begin + n;
        found = true;
    }

    if (found)
        return str_take(&out);
    str_done(&out);
    return NULL;
}

static bool has_private_key(const char *text)
{
    const char *begin = strstr(text, "-----BEGIN "),
               *end = begin ? strstr(begin, "PRIVATE KEY") : NULL;
    return end && end - begin < 40;
}

/* scheme://user:password@host; a password that a shell fills in is none. */
static bool has_url_password(const char *text)
{
    for (const char *at = text; (at = strstr(at, "://")); at += 3) {
        const char *user = at + 3;
        size_t n = strcspn(user, "/?# \t\n\"'");
        const char *last = memrchr(user, '@', n),
                   *colon = last ? memchr(user, ':', (size_t)(last - user)) : NULL;
        if (colon && colon + 1 < last && colon[1] != '$' && colon[1] != '<' && at > text &&
            isalpha((unsigned char)at[-1]))
            return true;
    }

    return false;
}

/* "Server=db;Password=x", "jdbc:…?user=a&password=x", "host=db password=x": a password between
 * other settings. One that is drawn from somewhere ($NAME, <name>, %s) is none, nor is a file. */
static bool has_text_password(const char *text)
{
    static const char *const keys[] = {"password", "passwd", "pwd", "accountkey", NULL};

    for (const char *const *key = keys; *key; key++)
        for (const char *at = text; (at = strcasestr(at, *key)); at++) {
            bool begins = at == text || strchr(" ;&?,\t\n\"'", at[-1]) ||
                          (at > text + 1 && at[-1] == '-' && at[-2] == '-');
            const char *value = at + strlen(*key);

            value += strspn(value, " ");
            if (!begins || *value++ != '=')
                continue;
            value += strspn(value, " \"'");
            if (strcspn(value, " ;&,\"'\n") > 0 && !strchr("$<{%/", *value))
                return true;
        }
    return false;
}

static double entropy(const char *s)
{
    size_t count[256] = {0}, n = strlen(s);
    double bits = 0;

    for (const unsigned char *p = (const unsigned char *)s; *p; p++)
        count[*p]++;
    for (size_t i = 0; i < 256; i++)
        if (count[i])
            bits -= (double)count[i] / (double)n * log2((double)count[i] / (double)n);
    return bits;
}

static bool is_one_of(const char *text, const char *const *list)
{
    for (; *list; list++)
        if (strcasecmp(*list, text) == 0)
            return true;
    return false;
}

/* The next word of DB_PASSWORD, api-key, clientSecret; false at the end. */
static bool next_word(const char **at, char *word, size_t size)
{
    const char *p = *at;
    size_t n = 0;

    while (*p && !isalnum((unsigned char)*p))
        p++;
    for (const char *begin = p; isalnum((unsigned char)*p); p++) {
        if (p > begin && isupper((unsigned char)*p) && islower((unsigned char)p[-1]))
            break;
        if (n + 1 < size)
            word[n++] = *p;
    }

    word[n] = '\0';
    *at = p;
    return n > 0;
}

static bool ends_with_one_of(const char *word, const char *const *list)
{
    size_t n = strlen(word);
    for (; *list; list++)
        if (n >= strlen(*list) && strcasecmp(word + n - strlen(*list), *list) == 0)
            return true;
    return false;
}

/* DB_PASSWORD, PGPASSWORD, SECRET_KEY_BASE, AUTH_TOKEN, ENCRYPTION_KEY; not SECRET_FILE,
 * MAX_TOKENS, PUBLIC_KEY. */
bool secret_named(const char *name)
{
    static const char *const anywhere[] = {
        "password", "passwd", "passphrase", "secret", "apikey", "credential", "credentials", NULL};
    static const char *const last_ends[] = {"token", NULL};
    static const char *const last_whole[] = {"pass", "pwd", "pw", NULL};
    static const char *const open_keys[] = {
        "public",
        "primary",
        "foreign",
        "sort",
        "partition",
        "cache",
        "host",
        "publishable",
        "site",
        "translation",
        NULL};
    static const char *const places[] = {
        "file",     "path",    "dir",        "url",    "uri",      "host",      "name",
        "id",       "arn",     "ttl",        "age",    "type",     "user",      "length",
        "size",     "count",   "limit",      "policy", "header",   "issuer",    "enabled",
        "required", "timeout", "expiration", "expiry", "lifetime", "algorithm", "region",
        "version",  "prefix",  "rotation",   NULL};
    char word[64], last[64] = "", before[64] = "";
    bool said = false;

    for (const char *p = name; next_word(&p, word, sizeof word);) {
        memcpy(before, last, sizeof before);
        memcpy(last, word, sizeof last);
        said = said || ends_with_one_of(word, anywhere);
    }

    if (is_one_of(last, places))
        return false;
    if (said || ends_with_one_of(last, last_ends))
        return true;
    if (!*before)
        return false;
    return is_one_of(last, last_whole) ||
           (text_eq_nocase(last, "key") && !is_one_of(before, open_keys));
}

/* Values that a secret does not have, whatever its name: switches, places, references. */
static bool is_harmless(const char *value)
{
    static const char *const switches[] = {
        "true", "false", "yes", "no", "on", "off", "1", "0", "none", "null", NULL};
    static const char *const starts[] = {"/", "./", "arn:aws", "file:", "$", NULL};

    for (const char *const *s = starts; *s; s++)
        if (text_starts(value, *s))
            return true;
    return is_one_of(value, switches);
}

static bool is_random(const char *value)
{
    return strlen(value) >= 24 && !strpbrk(value, " /:,.@\n$") && strpbrk(value, "0123456789") &&
           entropy(value) >= 3.7;
}

const struct secret_rule *secret_match(const char *name, const char *value)
{
    if (text_empty(value))
        return NULL;
    if (has_private_key(value))
        return &RULES[PRIVATE_KEY];

    const struct secret_rule *token = match_token(value);
    if (token)
        return token;
    if (has_jwt(value))
        return &RULES[JWT];
    if (has_url_password(value))
        return &RULES[URL_PASSWORD];
    if (has_text_password(value))
        return &RULES[TEXT_PASSWORD];
    if (!name)
        return NULL;
    if (secret_named(name))
        return is_harmless(value) ? NULL : &RULES[NAMED];
    return is_random(value) ? &RULES[ENTROPY] : NULL;
}

/* ---- over a project ---- */

struct search {
    struct arena *arena;
    struct compose_diagnostics *diags;
};

static const char *mend_of(struct search *s, const struct spot *spot, const char *name)
{
    const char *section = spot->up && spot->up->key ? spot->up->key : "";

    if (text_eq(section, "environment"))
        return arena_printf(
            s->arena, "Write %s with no value, and run: defangctl config set %s", name, name);
    if (text_eq(section, "args"))
        return "Give it to the build as a secret (build.secrets), not as an argument: arguments "
               "stay in the image.";
    return "Take it out of the file: name it ${NAME} in environment:, and run: defangctl config "
           "set NAME";
}

static void look(
    struct search *s,
    const struct yaml_node *n,
    const struct spot *spot,
    const char *name,
    const char *value)
{
    bool parts = template_has_parts(value);

    if (parts)
        value = template_drop_parts(s->arena, value);
    const struct secret_rule *rule = secret_match(parts ? NULL : name, value);
    if (!rule)
        return;

    const char *mend = mend_of(s, spot, name ? name : "NAME");
    compose_diagnose(
        s->diags,
        rule->severity,
        n->pos,
        mend,
        n->filled ? "%s: %s, given by a variable, would stand in clear on AWS"
                  : "%s: %s stands here in clear",
        spot_text(s->arena, spot),
        rule->what);
    s->diags->items[s->diags->len - 1].rule = rule->id;
}

/* "--password=x" and "PASSWORD=x" in a command name what they hold. */
static void look_at_word(struct search *s, const struct yaml_node *n, const struct spot *spot)
{
    const char *eq = strchr(n->value, '=');
    size_t length = eq ? (size_t)(eq - n->value) : 0;

    if (!length || strcspn(n->value, " \n/:?&") < length) {
        look(s, n, spot, NULL, n->value);
        return;
    }

    const char *name = n->value + strspn(n->value, "-");
    look(s, n, spot, arena_strndup(s->arena, name, (size_t)(eq - name)), eq + 1);
}

static bool holds_names(const char *key)
{
    static const char *const sections[] = {
        "environment", "args", "labels", "annotations", "sysctls", "driver_opts", "options", NULL};
    return text_starts(key, "x-") || is_one_of(key, sections);
}

static void walk(struct search *s, const struct yaml_node *n, const struct spot *spot, bool named)
{
    if (n->kind == YAML_KIND_SCALAR) {
        if (named && spot->key)
            look(s, n, spot, spot->key, n->value);
        else
            look_at_word(s, n, spot);
        return;
    }

    for (size_t i = 0; i < n->len; i++) {
        bool seq = n->kind == YAML_KIND_SEQUENCE;
        struct spot here = {.up = spot, .key = seq ? NULL : n->pairs[i].key->value, .index = i};
        walk(
            s,
            seq ? n->items[i] : n->pairs[i].value,
            &here,
            named || (!seq && holds_names(here.key)));
    }
}

void secrets_find(const struct compose_project *p, struct compose_diagnostics *d)
{
    cleanup_arena struct arena *arena = arena_new();
    struct search s = {.arena = arena, .diags = d};
    if (p->root)
        walk(&s, p->root, NULL, false);
}
