/* The grammar of ~/.aws/config and ~/.aws/credentials as the AWS CLI v2 reads it (Python
 * RawConfigParser, strict): shared/reference/aws-access.md section 2. Sections and keys with their
 * lines, so that every error can name file:line. Fatal (ERR_AUTH with file:line): duplicate
 * section, duplicate key, a line without delimiter, text before the first section, a UTF-8 BOM,
 * invalid UTF-8. The keys of a section [DEFAULT] appear in every section that has none of that
 * name, and it is not a section itself (configparser's rule). */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include <stddef.h>

struct ini_entry {
    const char *key;   /* lower-cased */
    const char *value; /* continuation lines joined with '\n' */
    unsigned line;
    /* The line of the file that each line of value came from; NULL in nested entries. */
    const unsigned *value_lines;
    struct ini_entry *nested; /* for the owner of the file, who may keep ini_nested()'s list here */
    struct ini_entry *next;
};

struct ini_section {
    const char *name; /* literally what stood between the brackets */
    unsigned line;
    struct ini_entry *entries;
    struct ini_section *next;
};

struct ini_file {
    const char *path;
    struct ini_section *sections; /* in file order */
};

int ini_parse(
    struct arena *arena,
    const char *path,
    const char *text,
    size_t n,
    struct ini_file *out,
    struct error *err);
struct ini_entry *ini_get(const struct ini_section *s, const char *key);
/* A value that starts with a newline holds nested `key = value` lines (s3, services entries): *out
 * is their list, keys as written, a later one replacing an earlier; NULL when the value is a plain
 * one. */
int ini_nested(
    struct arena *arena,
    const struct ini_file *f,
    const struct ini_entry *e,
    struct ini_entry **out,
    struct error *err);
