/* Protobuf messages as JSON lines.
 *
 * The client links no JSON library, and needs none: messages are walked by their own descriptors,
 * so a field that is added to the protocol is printed without a line of code here. Members that are
 * empty are left out, as protobuf's own JSON does with defaults. Text is escaped as JSON asks, and
 * DEL and control characters beside, so that what a build tool printed cannot move somebody's
 * cursor. */
#include "client/view/json_out.h"

#include "base/mem.h"
#include "base/str.h"

#include <string.h>

/* Bytes of the character at p, 0 when it is no UTF-8 (a path may hold anything). */
static size_t character(const char *p)
{
    unsigned char c = (unsigned char)*p;
    size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

    return strnlen(p, n) == n && text_utf8_valid(p, n) ? n : 0;
}

/* RFC 8259, section 7: the text is UTF-8, so what is not becomes U+FFFD. */
void json_out_text(FILE *f, const char *text)
{
    fputc('"', f);

    for (const char *next = text ? text : ""; *next;) {
        const unsigned char *p = (const unsigned char *)next;
        size_t n = character(next);

        next += n ? n : 1;
        if (!n)
            fputs("\\ufffd", f);
        else if (n > 1)
            fwrite(p, 1, n, f);
        else if (*p == '"' || *p == '\\')
            fprintf(f, "\\%c", *p);
        else if (*p == '\n')
            fputs("\\n", f);
        else if (*p < 0x20 || *p == 0x7f)
            fprintf(f, "\\u%04x", *p);
        else
            fputc(*p, f);
    }

    fputc('"', f);
}

static void print_message(FILE *f, const ProtobufCMessage *m);

/* By name; a value of a newer daemon by its number. */
static void print_enum(FILE *f, const ProtobufCEnumDescriptor *d, int value)
{
    const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value(d, value);
    if (v)
        json_out_text(f, v->name);
    else
        fprintf(f, "%d", value);
}

/* Templates and policies are text in bytes fields. */
static void print_bytes(FILE *f, const ProtobufCBinaryData *b)
{
    cleanup_free char *text = xstrndup((const char *)b->data, b->len);
    json_out_text(f, text_utf8_valid(text, strlen(text)) ? text : "(binary)");
}

/* The member lies at `at` in the form that its type has in the struct. */
static void print_value(FILE *f, const ProtobufCFieldDescriptor *field, const void *at)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        json_out_text(f, *(char *const *)at);
        break;
    case PROTOBUF_C_TYPE_BYTES:
        print_bytes(f, at);
        break;
    case PROTOBUF_C_TYPE_BOOL:
        fputs(*(const protobuf_c_boolean *)at ? "true" : "false", f);
        break;
    case PROTOBUF_C_TYPE_ENUM:
        print_enum(f, field->descriptor, *(const int *)at);
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        print_message(f, *(ProtobufCMessage *const *)at);
        break;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        fprintf(f, "%lld", (long long)*(const int64_t *)at);
        break;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        fprintf(f, "%llu", (unsigned long long)*(const uint64_t *)at);
        break;
    case PROTOBUF_C_TYPE_FLOAT:
        fprintf(f, "%.9g", (double)*(const float *)at);
        break;
    case PROTOBUF_C_TYPE_DOUBLE:
        fprintf(f, "%.17g", *(const double *)at);
        break;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        fprintf(f, "%u", *(const uint32_t *)at);
        break;
    default:
        fprintf(f, "%d", *(const int32_t *)at);
    }
}

/* Of one element of a repeated member. */
static size_t value_size(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_STRING:
        return sizeof(char *);
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(ProtobufCMessage *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_ENUM:
        return sizeof(int);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    default:
        return 4;
    }
}

/* A number is empty when all of its bytes are zero, whatever its type. */
static bool is_empty(const ProtobufCFieldDescriptor *field, const void *at)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        return text_empty(*(char *const *)at);
    case PROTOBUF_C_TYPE_MESSAGE:
        return *(ProtobufCMessage *const *)at == NULL;
    case PROTOBUF_C_TYPE_BYTES:
        return ((const ProtobufCBinaryData *)at)->len == 0;
    default: {
        static const char zero[8] = {0};
        return memcmp(at, zero, value_size(field->type)) == 0;
    }
    }
}

/* A repeated member is a count and a pointer, at the offsets that the descriptor names. */
static void print_list(FILE *f, const ProtobufCFieldDescriptor *field, const ProtobufCMessage *m)
{
    size_t n;
    const char *items;

    memcpy(&n, (const char *)m + field->quantifier_offset, sizeof n);
    memcpy(&items, (const char *)m + field->offset, sizeof items);
    fputc('[', f);

    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            fputc(',', f);
        print_value(f, field, items + i * value_size(field->type));
    }

    fputc(']', f);
}

/* An empty list is left out, as an empty text is. */
static bool list_empty(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *m)
{
    size_t n;

    memcpy(&n, (const char *)m + field->quantifier_offset, sizeof n);
    return n == 0;
}

/* Members in the order of their numbers, which is that of the descriptor. */
static void print_message(FILE *f, const ProtobufCMessage *m)
{
    bool first = true;

    fputc('{', f);

    for (unsigned i = 0; m && i < m->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &m->descriptor->fields[i];
        bool list = field->label == PROTOBUF_C_LABEL_REPEATED;
        const void *at = (const char *)m + field->offset;
        if (list ? list_empty(field, m) : is_empty(field, at))
            continue;

        if (!first)
            fputc(',', f);
        first = false;
        json_out_text(f, field->name);
        fputc(':', f);

        if (list)
            print_list(f, field, m);
        else
            print_value(f, field, at);
    }

    fputc('}', f);
}

/* Flushed: a line is of use when it is there. */
void json_out_message(FILE *f, const ProtobufCMessage *m)
{
    print_message(f, m);
    fputc('\n', f);
    fflush(f);
}

void json_out_part(FILE *f, const ProtobufCMessage *m)
{
    print_message(f, m);
}

/* The same facts as on standard error, for programs; what is not known is not there. */
void json_out_error(FILE *f, const struct error *err, const char *losses)
{
    fputs("{\"error\":{\"kind\":", f);
    json_out_text(f, error_kind_name(err->kind));
    fprintf(f, ",\"exit_code\":%d,\"message\":", error_kind_exit(err->kind));
    json_out_text(f, err->message);

    const struct {
        const char *name, *value;
    } extra[] = {
        {"hint", err->hint},
        {"file", err->file},
        {"aws_code", err->aws_code},
        {"request_id", err->request_id}};

    for (size_t i = 0; i < ARRAY_LEN(extra); i++)
        if (extra[i].value) {
            fprintf(f, ",\"%s\":", extra[i].name);
            json_out_text(f, extra[i].value);
        }

    if (err->line)
        fprintf(f, ",\"line\":%u,\"column\":%u", err->line, err->column);
    if (losses)
        fprintf(f, ",\"losses\":%s", losses);
    fputs("}}\n", f);
    fflush(f);
}
