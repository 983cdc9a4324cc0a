/* Files that hold passwords or keys, by their names, and where the name leaves it open by a word in
 * them: they go along with `COPY . .` before anybody notices. Only names are kept. */
#include "pack/internal.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"
#include "pack/pack.h"

#include <fnmatch.h>
#include <string.h>

#define NAMED 8 /* of the first */

static const struct kind {
    const char *name;     /* a pattern, of the file's own name */
    const char *folder;   /* the one that it is in; NULL: any */
    const char *words[3]; /* one of them is in it; none: the name is enough */
} KINDS[] = {
    {".env", NULL, {0}},
    {".env.*", NULL, {0}},
    {"id_*", NULL, {"PRIVATE KEY"}},
    {"*.pem", NULL, {"PRIVATE KEY"}},
    {"*.key", NULL, {"PRIVATE KEY"}},
    {"*.p12", NULL, {0}},
    {"*.pfx", NULL, {0}},
    {"credentials", ".aws", {"aws_secret_access_key", "aws_session_token"}},
    {"config.json", ".docker", {"\"auth\""}},
    {".npmrc", NULL, {"_authToken", "_password", "_auth="}},
    {".yarnrc.yml", NULL, {"npmAuthToken", "npmAuthIdent"}},
    {".pypirc", NULL, {"password"}},
    {".netrc", NULL, {"password"}},
    {".git-credentials", NULL, {0}},
    {".pgpass", NULL, {0}},
    {"*.tfstate", NULL, {0}},
};

static bool is_example(const char *name)
{
    static const char *const words[] = {"example", "sample", "template", "dist", "defaults"};

    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strstr(name, words[i]))
            return true;
    return false;
}

static bool has_word(const struct pack_entry *e, const char *const words[3])
{
    cleanup_free char *full = path_join(e->folder, e->path + e->rel);
    struct str text = STR_INIT;
    bool found = false;

    if (e->size > LIMIT_PACK_SECRET_BYTES ||
        file_read(full, LIMIT_PACK_SECRET_BYTES, &text, NULL) < 0)
        return false;
    for (size_t i = 0; i < 3 && words[i]; i++)
        found = found || strstr(str_get(&text), words[i]);
    str_wipe(&text);
    return found;
}

static bool is_secret(const struct pack_entry *e)
{
    const char *name = path_basename(e->path);

    if (e->kind != PACK_FILE || is_example(name))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(KINDS); i++) {
        const struct kind *k = &KINDS[i];

        if (fnmatch(k->name, name, 0) != 0)
            continue;
        if (k->folder) {
            cleanup_free char *folder = path_dirname(e->path);
            if (strcmp(path_basename(folder), k->folder) != 0)
                continue;
        }
        if (!k->words[0] || has_word(e, k->words))
            return true;
    }
    return false;
}

char **pack_secret_files(const struct pack_list *list, size_t *count)
{
    char **names = xcalloc(NAMED, sizeof *names);

    *count = 0;
    for (size_t i = 0; i < list->len && *count < NAMED; i++)
        if (is_secret(&list->entries[i]))
            names[(*count)++] = xstrdup(list->entries[i].path + list->entries[i].rel);
    return names;
}
