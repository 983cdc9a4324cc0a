/* Names of images by the distribution reference grammar, as Docker reads them: a first part with a
 * dot, a port, or `localhost` is a registry, else the name is Docker Hub's, below library/ when it
 * has one part.
 *
 * compose_map_images() is for who pins or mirrors images: it visits each place that names one and
 * puts what it is told in the typed model and in the tree, since the tree is what a job freezes. */
#include "compose/bind/image.h"

#include "base/mem.h"
#include "base/str.h"
#include "data/yaml.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#define HUB            "docker.io"
#define NAME_MAX_BYTES 255 /* of registry and path together */
#define TAG_MAX_BYTES  128
#define DIGITS         "0123456789"

static int fail(const char *text, const char *why, struct error *err)
{
    error_raise(err, ERR_USAGE, "\"%s\" is no name of an image: %s", text, why);
    return -EINVAL;
}

/* Lower-case letters and digits, with single '.', one or two '_', or dashes between them; parts
 * divided by '/'. */
static bool path_valid(const char *path)
{
    bool letter = false;

    for (const char *p = path; *p; p++) {
        letter = (*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9');
        if (letter)
            continue;
        if (p == path || !strchr("._-/", *p))
            return false;
        bool after_letter = isalnum((unsigned char)p[-1]);
        bool second_underscore =
            *p == '_' && p[-1] == '_' && p - path >= 2 && isalnum((unsigned char)p[-2]);
        if (!after_letter && !second_underscore && !(*p == '-' && p[-1] == '-'))
            return false;
    }

    return letter;
}

static bool tag_valid(const char *tag)
{
    size_t n = 0;
    for (; tag[n]; n++)
        if (!isalnum((unsigned char)tag[n]) && tag[n] != '_' && (n == 0 || !strchr(".-", tag[n])))
            return false;
    return n > 0 && n <= TAG_MAX_BYTES;
}

static bool hex_only(const char *text, size_t length)
{
    return strlen(text) == length && strspn(text, "0123456789abcdef") == length;
}

static bool digest_valid(const char *digest)
{
    static const struct {
        const char *algorithm;
        size_t digits;
    } known[] = {{"sha256:", 64}, {"sha384:", 96}, {"sha512:", 128}};

    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (text_starts(digest, known[i].algorithm))
            return hex_only(digest + strlen(known[i].algorithm), known[i].digits);
    return false;
}

/* A first part with a dot or a port, or localhost, is a registry. */
static bool is_registry(const char *first)
{
    return strpbrk(first, ".:") || strcmp(first, "localhost") == 0;
}

/* Parts of letters, digits and dashes, none of which begins or ends with a dash, and dots between
 * them. */
static bool host_valid(const char *host, size_t length)
{
    bool letter = false;

    for (size_t i = 0; i < length; i++) {
        bool was_letter = letter;
        letter = isalnum((unsigned char)host[i]);
        if (letter)
            continue;
        if (host[i] == '.' ? !was_letter : host[i] != '-' || i == 0 || host[i - 1] == '.')
            return false;
    }

    return letter;
}

/* A host, or an address of version 6 in brackets, and a port if there is a colon. */
static bool registry_valid(const char *registry)
{
    size_t length = strcspn(registry, ":");

    if (*registry == '[') {
        size_t inside = strspn(registry + 1, "0123456789abcdefABCDEF:");
        if (inside == 0 || registry[1 + inside] != ']')
            return false;
        length = inside + 2;
    } else if (!host_valid(registry, length)) {
        return false;
    }

    const char *port = registry + length;
    return !*port || (*port == ':' && port[1] && !port[1 + strspn(port + 1, DIGITS)]);
}

/* What people write for a name that is none, each with what is wrong with it. */
static const char *mistake_of(const char *text)
{
    if (!*text)
        return "it is empty";
    if (strstr(text, "://"))
        return "it has no scheme: leave out what stands before the host";
    if (text[strcspn(text, " \t\r\n")])
        return "it has a blank in it";
    if (hex_only(text, 64))
        return "64 hexadecimal digits alone are the id of an image, which no registry knows";
    return NULL;
}

int image_name_parse(
    struct arena *arena, const char *text, struct image_name *out, struct error *err)
{
    char *rest = arena_strdup(arena, text);
    *out = (struct image_name){.registry = HUB};
    char *digest = strchr(rest, '@');

    const char *mistake = mistake_of(text);
    if (mistake)
        return fail(text, mistake, err);

    if (digest) {
        *digest++ = '\0';
        if (!digest_valid(digest))
            return fail(
                text, "behind the @ stands sha256: and 64 hexadecimal digits, small ones", err);
        out->digest = digest;
    }

    char *slash = strchr(rest, '/');
    if (slash) {
        *slash = '\0';
        if (is_registry(rest)) {
            out->registry = strcmp(rest, "index.docker.io") == 0 ? HUB : rest;
            rest = slash + 1;
        } else {
            *slash = '/';
        }
    }

    char *tag = strrchr(rest, ':');
    if (tag) {
        *tag++ = '\0';
        if (!tag_valid(tag))
            return fail(text, "a tag is letters, digits, '_', '.' and '-', at most 128", err);
    }

    const char *tag_or_latest = tag ? tag : "latest";
    out->tag = out->digest ? NULL : tag_or_latest;
    if (!registry_valid(out->registry))
        return fail(text, "what stands before the first / is no host with a port", err);
    if (!path_valid(rest))
        return fail(
            text, "a name is small letters and digits with '.', '_', '-' and '/' between", err);
    out->path = strcmp(out->registry, HUB) == 0 && !strchr(rest, '/')
                    ? arena_printf(arena, "library/%s", rest)
                    : rest;

    return strlen(out->registry) + strlen(out->path) < NAME_MAX_BYTES
               ? 0
               : fail(text, "it is longer than 255 characters", err);
}

const char *image_name_text(struct arena *arena, const struct image_name *n, const char *digest)
{
    return arena_printf(
        arena,
        "%s/%s%s%s%s%s",
        n->registry,
        n->path,
        n->tag ? ":" : "",
        n->tag ? n->tag : "",
        digest ? "@" : "",
        digest ? digest : "");
}

static int map_value(
    struct compose_project *p,
    struct yaml_node *holder,
    const char *key,
    image_map_fn *fn,
    void *arg,
    struct error *err)
{
    struct yaml_node *image = holder ? yaml_get(holder, key) : NULL;

    if (!image || image->kind != YAML_KIND_SCALAR || !*image->value)
        return 0;

    const char *mapped = fn(arg, image->value, image->pos, err);
    if (!mapped)
        return -EINVAL;

    struct yaml_node *value = yaml_new_scalar(p->arena, image->pos, mapped, false);
    yaml_map_set(p->arena, holder, yaml_new_scalar(p->arena, image->pos, key, true), value);
    return 0;
}

static int map_list(
    struct compose_project *p,
    struct yaml_node *list,
    bool mounts,
    image_map_fn *fn,
    void *arg,
    struct error *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && list && list->kind == YAML_KIND_SEQUENCE && i < list->len; i++) {
        const struct yaml_node *type = mounts ? yaml_get(list->items[i], "type") : NULL;
        if (!mounts || (type && text_eq(type->value, "image")))
            rc = map_value(p, list->items[i], mounts ? "source" : "image", fn, arg, err);
    }

    return rc;
}

int compose_map_images(struct compose_project *p, image_map_fn *fn, void *arg, struct error *err)
{
    int rc = 0;
    struct yaml_node *services = yaml_get(p->root, "services");

    for (size_t i = 0; rc == 0 && services && i < services->len; i++) {
        struct yaml_node *one = services->pairs[i].value;
        rc = map_value(p, one, "image", fn, arg, err);
        if (rc == 0)
            rc = map_list(p, yaml_get(one, "pre_start"), false, fn, arg, err);
        if (rc == 0)
            rc = map_list(p, yaml_get(one, "volumes"), true, fn, arg, err);
        struct compose_service *s = compose_service_get(p, services->pairs[i].key->value);
        const struct yaml_node *image = yaml_get(one, "image");
        if (rc == 0 && s && s->image && image)
            s->image = image->value;
    }

    return rc;
}
