/* Replies of AWS as a small tree over expat, in the caller's arena.
 *
 * A DTD ends the parse, and with it every trick with entities; depth, nodes and bytes are bounded.
 * Prefixes of namespaces are cut off, as no reply tells two names apart by them. Positions are
 * expat's, and an error names them; the text itself is not quoted, since it may hold a token. */
#include "data/xml.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/str.h"
#include <errno.h>
#include <expat.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

struct level {
    struct xml_node *node, *last_child;
    struct str text;
};

struct parse {
    struct arena *arena;
    XML_Parser parser;
    struct xml_node *root;
    size_t depth, nodes;
    const char *refused; /* why we stopped, when it was us */
    struct level levels[LIMIT_XML_DEPTH];
};

static const char *local_name(const char *name)
{
    const char *colon = strchr(name, ':');
    return colon ? colon + 1 : name;
}

static void refuse(struct parse *p, const char *why)
{
    if (!p->refused)
        p->refused = why;
    XML_StopParser(p->parser, XML_FALSE);
}

static struct xml_attr *copy_attrs(struct parse *p, const XML_Char **attrs)
{
    struct xml_attr *first = NULL, **end = &first;

    for (; *attrs; attrs += 2) {
        if (!strcmp(attrs[0], "xmlns") || !strncmp(attrs[0], "xmlns:", 6))
            continue;
        if (++p->nodes > LIMIT_XML_NODES) {
            refuse(p, "too many nodes");
            break;
        }
        struct xml_attr *a = arena_make(p->arena, struct xml_attr);
        a->name = arena_strdup(p->arena, local_name(attrs[0]));
        a->value = arena_strdup(p->arena, attrs[1]);
        *end = a;
        end = &a->next;
    }

    return first;
}

static void XMLCALL on_start(void *arg, const XML_Char *name, const XML_Char **attrs)
{
    struct parse *p = arg;

    if (p->refused)
        return;
    if (p->depth == LIMIT_XML_DEPTH) {
        refuse(p, "nested too deep");
        return;
    }

    if (++p->nodes > LIMIT_XML_NODES) {
        refuse(p, "too many nodes");
        return;
    }

    struct xml_node *node = arena_make(p->arena, struct xml_node);
    node->name = arena_strdup(p->arena, local_name(name));
    node->text = "";
    node->attrs = copy_attrs(p, attrs);
    if (p->depth) {
        struct level *above = &p->levels[p->depth - 1];
        node->parent = above->node;
        if (above->last_child)
            above->last_child->next = node;
        else
            above->node->first = node;
        above->last_child = node;
    } else {
        p->root = node;
    }

    struct level *own = &p->levels[p->depth++];
    own->node = node;
    own->last_child = NULL;
    str_clear(&own->text);
}

static void XMLCALL on_end(void *arg, const XML_Char *name)
{
    struct parse *p = arg;
    if (p->refused)
        return;
    struct level *own = &p->levels[--p->depth];
    if (own->text.len)
        own->node->text = arena_strndup(p->arena, own->text.data, own->text.len);
}

static void XMLCALL on_text(void *arg, const XML_Char *text, int n)
{
    struct parse *p = arg;
    if (!p->refused && p->depth)
        str_append_bytes(&p->levels[p->depth - 1].text, text, (size_t)n);
}

static void XMLCALL on_doctype(
    void *arg,
    const XML_Char *name,
    const XML_Char *system_id,
    const XML_Char *public_id,
    int internal)
{
    refuse(arg, "a document type declaration is not allowed");
}

/* Expat 2.9 counts in 64 bits and deprecates the calls that older ones have. */
static uint64_t line_of(XML_Parser parser)
{
#ifdef HAVE_EXPAT_64BIT_LOCATION
    return XML_GetCurrentLineNumber64(parser);
#else
    return XML_GetCurrentLineNumber(parser);
#endif
}

static uint64_t column_of(XML_Parser parser)
{
#ifdef HAVE_EXPAT_64BIT_LOCATION
    return XML_GetCurrentColumnNumber64(parser);
#else
    return XML_GetCurrentColumnNumber(parser);
#endif
}

int xml_parse(
    struct arena *arena, const char *text, size_t n, struct xml_node **root, struct error *err)
{
    if (n > LIMIT_XML_BYTES)
        return error_raise_errno(
            err,
            ERR_FAILED,
            EFBIG,
            "XML text of %zu bytes is too large (at most %zu)",
            n,
            LIMIT_XML_BYTES);
    struct parse *p = xcalloc(1, sizeof *p);
    p->arena = arena;
    static const XML_Memory_Handling_Suite wiping = {secret_malloc, secret_realloc, secret_free};
    p->parser = XML_ParserCreate_MM(NULL, &wiping, NULL);
    if (!p->parser)
        abort();
    XML_SetUserData(p->parser, p);
    XML_SetElementHandler(p->parser, on_start, on_end);
    XML_SetCharacterDataHandler(p->parser, on_text);
    XML_SetStartDoctypeDeclHandler(p->parser, on_doctype);
    int rc = 0;
    if (XML_Parse(p->parser, n ? text : "", (int)n, XML_TRUE) != XML_STATUS_OK || p->refused) {
        const char *why = p->refused ? p->refused : XML_ErrorString(XML_GetErrorCode(p->parser));
        rc = error_raise_errno(
            err,
            ERR_FAILED,
            EBADMSG,
            "not valid XML: line %" PRIu64 ", column %" PRIu64 ": %s",
            line_of(p->parser),
            column_of(p->parser) + 1,
            why);
    } else {
        *root = p->root;
    }

    for (size_t i = 0; i < LIMIT_XML_DEPTH; i++)
        str_done(&p->levels[i].text);
    XML_ParserFree(p->parser);
    free(p);

    return rc;
}

static struct xml_node *find(struct xml_node *n, const char *name, size_t len)
{
    for (; n; n = n->next)
        if (!strncmp(n->name, name, len) && !n->name[len])
            return n;
    return NULL;
}

struct xml_node *xml_child(const struct xml_node *n, const char *name)
{
    return n ? find(n->first, name, strlen(name)) : NULL;
}

struct xml_node *xml_next(const struct xml_node *n, const char *name)
{
    return n ? find(n->next, name, strlen(name)) : NULL;
}

struct xml_node *xml_path(const struct xml_node *n, const char *path)
{
    struct xml_node *found = NULL;

    while (n && *path) {
        size_t len = strcspn(path, "/");
        n = found = find(n->first, path, len);
        path += len + (path[len] == '/');
    }

    return found;
}

const char *xml_text(const struct xml_node *n, const char *path)
{
    if (path)
        n = xml_path(n, path);
    return n ? n->text : NULL;
}

const char *xml_attr_get(const struct xml_node *n, const char *name)
{
    for (const struct xml_attr *a = n ? n->attrs : NULL; a; a = a->next)
        if (!strcmp(a->name, name))
            return a->value;
    return NULL;
}
