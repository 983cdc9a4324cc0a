/* Findings of `compose lint` as SARIF 2.1.0 (OASIS), which code review tools read.
 *
 * One run with one tool. Its rules are the ones that were found, each once, and a result names its
 * rule by id and by index, as section 3.27 of the standard asks. Paths are URI references; columns
 * are told to count code points, because ours do. */
#include "client/view/sarif.h"

#include "base/mem.h"
#include "base/str.h"
#include "base/vec.h"
#include "base/version.h"
#include "client/command.h"
#include "client/view/json_out.h"

#include <ctype.h>
#include <string.h>

/* The three words of the standard that we need. */
const char *sarif_level(uint32_t severity)
{
    return severity == 0 ? "error" : severity == 1 ? "warning" : "note";
}

/* A path as a URI reference: what is not unreserved, nor a slash, is escaped. */
static void print_uri(FILE *f, const char *path)
{
    fputs(path[0] == '/' ? "\"file://" : "\"", f);

    for (const unsigned char *p = (const unsigned char *)path; *p; p++) {
        if (isalnum(*p) || strchr("-._~/", *p))
            fputc(*p, f);
        else
            fprintf(f, "%%%02X", *p);
    }

    fputc('"', f);
}

/* A finding without a file has no location; one without a line is about the whole file. */
static void print_result(FILE *f, const Defang__Diagnostic *d, size_t rule)
{
    cleanup_free char *text =
        text_empty(d->hint) ? xstrdup(d->message) : xasprintf("%s\n%s", d->message, d->hint);

    fputs("{\"ruleId\":", f);
    json_out_text(f, d->rule);
    fprintf(
        f,
        ",\"ruleIndex\":%zu,\"level\":\"%s\",\"message\":{\"text\":",
        rule,
        sarif_level(d->severity));
    json_out_text(f, text);
    fputc('}', f);

    if (!text_empty(d->file)) {
        fputs(",\"locations\":[{\"physicalLocation\":{\"artifactLocation\":{\"uri\":", f);
        print_uri(f, d->file);
        fputc('}', f);

        if (d->line)
            fprintf(
                f,
                ",\"region\":{\"startLine\":%u,\"startColumn\":%u}",
                d->line,
                d->column ? d->column : 1);

        fputs("}}]", f);
    }

    fputc('}', f);
}

struct rules {
    VEC(const Defang__Diagnostic *) list;
};

/* The rule's place in the run's list; added when it is new. */
static size_t rule_index(struct rules *all, const Defang__Diagnostic *d)
{
    for (size_t i = 0; i < all->list.len; i++)
        if (text_eq(all->list.items[i]->rule, d->rule))
            return i;

    vec_push(&all->list, d);
    return all->list.len - 1;
}

/* Rules are collected first: they stand before the results in the document. */
void sarif_print(FILE *f, Defang__Diagnostic *const *list, size_t n)
{
    struct rules all = {0};

    for (size_t i = 0; i < n; i++)
        (void)rule_index(&all, list[i]);
    fputs(
        "{\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{\"name\":\"defangctl\","
        "\"version\":",
        f);
    json_out_text(f, version_text);
    fputs(",\"rules\":[", f);

    for (size_t i = 0; i < all.list.len; i++) {
        fputs(i ? ",{\"id\":" : "{\"id\":", f);
        json_out_text(f, all.list.items[i]->rule);
        fprintf(
            f,
            ",\"defaultConfiguration\":{\"level\":\"%s\"}}",
            sarif_level(all.list.items[i]->severity));
    }

    fputs("]}},\"columnKind\":\"unicodeCodePoints\",\"results\":[", f);

    for (size_t i = 0; i < n; i++) {
        if (i)
            fputc(',', f);
        print_result(f, list[i], rule_index(&all, list[i]));
    }

    fputs("]}]}\n", f);
    vec_free(&all.list);
}
