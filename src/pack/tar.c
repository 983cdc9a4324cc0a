/* tar headers in POSIX pax: ustar where everything fits, with a pax record before it for names and
 * links that are long or not ASCII, and for large sizes.
 *
 * Owner and time are fixed, so that the same tree gives the same bytes on every machine. Modes are
 * part of the tree: a COPY keeps them. The records stand in one order for the same reason. */
#include "pack/internal.h"

#include "base/mem.h"
#include "base/str.h"
#include <stdio.h>
#include <string.h>

#define BLOCK_BYTES   512
#define NAME_BYTES    100
#define USTAR_MAX     077777777777ULL /* what eleven octal digits hold */
#define MTIME_SECONDS 315532800u      /* 1980-01-01: the first day that zip can say too */

struct header {
    char name[NAME_BYTES], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type,
        link[NAME_BYTES], magic[8], owner[32], group[32], major[8], minor[8], prefix[155], pad[12];
};

_Static_assert(sizeof(struct header) == BLOCK_BYTES, "a ustar header is one block");

/* n-1 octal digits and a NUL. */
static void octal(char *field, size_t n, uint64_t value)
{
    field[--n] = '\0';
    while (n--) {
        field[n] = (char)('0' + (value & 7));
        value >>= 3;
    }
}

static int put_header(
    struct gzip *g, const char *name, char type, unsigned mode, uint64_t size, const char *link)
{
    struct header h;

    memset(&h, 0, sizeof h);
    memcpy(h.name, name, strnlen(name, sizeof h.name));
    memcpy(h.link, link, strnlen(link, sizeof h.link));
    octal(h.mode, sizeof h.mode, mode);
    octal(h.uid, sizeof h.uid, 0);
    octal(h.gid, sizeof h.gid, 0);
    octal(h.size, sizeof h.size, size);
    octal(h.mtime, sizeof h.mtime, MTIME_SECONDS);
    h.type = type;
    memcpy(h.magic, "ustar\00000", sizeof h.magic);
    octal(h.major, sizeof h.major, 0);
    octal(h.minor, sizeof h.minor, 0);
    memset(h.checksum, ' ', sizeof h.checksum);
    unsigned sum = 0;
    for (size_t i = 0; i < sizeof h; i++)
        sum += ((const unsigned char *)&h)[i];
    octal(h.checksum, 7, sum); /* six digits, a NUL and the space that stands there */

    return gzip_write(g, &h, sizeof h);
}

/* "<length> key=value\n", where the length counts its own digits. */
static void pax_record(struct str *out, const char *key, const char *value)
{
    size_t rest = strlen(key) + strlen(value) + 3, total = rest, digits = 0;
    while (digits != (size_t)snprintf(NULL, 0, "%zu", total)) {
        digits = (size_t)snprintf(NULL, 0, "%zu", total);
        total = rest + digits;
    }
    str_appendf(out, "%zu %s=%s\n", total, key, value);
}

static bool plain(const char *text)
{
    for (const char *p = text; *p; p++)
        if (*p & 0x80)
            return false;
    return strlen(text) <= NAME_BYTES;
}

static void pax_text(struct str *out, const char *key, const char *text)
{
    if (!plain(text))
        pax_record(out, key, text);
}

int tar_pad(struct gzip *g, uint64_t size)
{
    static const char zero[BLOCK_BYTES];
    size_t over = (size_t)(size % BLOCK_BYTES);
    return over ? gzip_write(g, zero, BLOCK_BYTES - over) : 0;
}

static int put_pax(struct gzip *g, const struct str *records)
{
    int rc = put_header(g, "PaxHeaders.0", 'x', 0644, records->len, "");
    if (rc == 0)
        rc = gzip_write(g, records->data, records->len);
    return rc ? rc : tar_pad(g, records->len);
}

int tar_header(struct gzip *g, const struct pack_entry *e, uint64_t size)
{
    cleanup_str struct str records = STR_INIT;
    cleanup_free char *name = e->kind == PACK_DIR ? xasprintf("%s/", e->path) : xstrdup(e->path);
    const char *link = e->kind == PACK_LINK ? e->target : "";

    if (!text_utf8_valid(name, strlen(name)) || !text_utf8_valid(link, strlen(link)))
        /* The names that follow are bytes, not UTF-8. */
        pax_record(&records, "hdrcharset", "BINARY");
    pax_text(&records, "path", name);
    pax_text(&records, "linkpath", link);
    if (size > USTAR_MAX) {
        char text[24];
        snprintf(text, sizeof text, "%llu", (unsigned long long)size);
        pax_record(&records, "size", text);
    }

    int rc = records.len ? put_pax(g, &records) : 0;
    if (rc)
        return rc;

    char type = e->kind == PACK_DIR ? '5' : e->kind == PACK_LINK ? '2' : '0';
    unsigned mode = e->kind == PACK_LINK ? 0777 : e->mode & 07777;
    return put_header(g, name, type, mode, size > USTAR_MAX ? 0 : size, link);
}

int tar_end(struct gzip *g)
{
    static const char zero[2 * BLOCK_BYTES];
    return gzip_write(g, zero, sizeof zero);
}
