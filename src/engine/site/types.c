/* What a browser is told of a file: its type by the extension (IANA media types), and how long it
 * may be kept. A page is asked for each time; a name that carries a digest never changes, because
 * another content has another name. */
#include "engine/site/types.h"

#include "base/mem.h"
#include "base/str.h"

#include <ctype.h>
#include <string.h>

static const struct {
    const char *extension, *type;
} types[] = {
    {"html", "text/html; charset=utf-8"},
    {"htm", "text/html; charset=utf-8"},
    {"css", "text/css; charset=utf-8"},
    {"js", "text/javascript; charset=utf-8"},
    {"mjs", "text/javascript; charset=utf-8"},
    {"json", "application/json"},
    {"map", "application/json"},
    {"webmanifest", "application/manifest+json"},
    {"xml", "application/xml"},
    {"txt", "text/plain; charset=utf-8"},
    {"md", "text/markdown; charset=utf-8"},
    {"csv", "text/csv; charset=utf-8"},
    {"svg", "image/svg+xml"},
    {"png", "image/png"},
    {"jpg", "image/jpeg"},
    {"jpeg", "image/jpeg"},
    {"gif", "image/gif"},
    {"webp", "image/webp"},
    {"avif", "image/avif"},
    {"ico", "image/vnd.microsoft.icon"},
    {"woff", "font/woff"},
    {"woff2", "font/woff2"},
    {"ttf", "font/ttf"},
    {"otf", "font/otf"},
    {"mp4", "video/mp4"},
    {"webm", "video/webm"},
    {"mp3", "audio/mpeg"},
    {"ogg", "audio/ogg"},
    {"wav", "audio/wav"},
    {"pdf", "application/pdf"},
    {"wasm", "application/wasm"},
    {"zip", "application/zip"},
    {"gz", "application/gzip"},
    {"rss", "application/rss+xml"},
    {"atom", "application/atom+xml"},
};

static const char *base_name(const char *key)
{
    const char *slash = strrchr(key, '/');
    return slash ? slash + 1 : key;
}

static const char *extension_of(const char *key)
{
    const char *dot = strrchr(base_name(key), '.');
    return dot ? dot + 1 : "";
}

const char *static_content_type(const char *key)
{
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (text_eq_nocase(types[i].extension, extension_of(key)))
            return types[i].type;
    return "application/octet-stream";
}

/* Eight hex digits or more, or as many of base 36 with a digit among them, between "." or "-" and
 * the extension. */
static bool carries_digest(const char *key)
{
    const char *name = base_name(key), *dot = strrchr(name, '.');
    const char *from = dot;
    bool digit = false;

    while (from && from > name && isalnum((unsigned char)from[-1])) {
        from--;
        digit = digit || isdigit((unsigned char)*from);
    }

    return from && from > name && strchr(".-_", from[-1]) && dot - from >= 8 && digit;
}

const char *static_cache_control(const char *key)
{
    if (text_starts(static_content_type(key), "text/html"))
        return "no-cache";
    return carries_digest(key) ? "public, max-age=31536000, immutable" : "public, max-age=3600";
}
