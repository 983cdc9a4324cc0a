#include "base/mem.h"
#include "plan/common/context.h"
#include <stdio.h>
#include <string.h>

json_t *plan_json(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    json_error_t e;
    json_t *j = json_vpack_ex(&e, 0, fmt, ap);
    va_end(ap);
    if (!j) {
        fprintf(stderr, "plan: bad JSON format \"%s\": %s\n", fmt, e.text);
        abort();
    }
    return j;
}

json_t *plan_tags(const char *name, const char *service)
{
    json_t *by_name = name ? object(key("Key", "Name"), key("Value", name)) : NULL;
    json_t *by_service =
        service ? object(key("Key", "defang:service"), key("Value", service)) : NULL;

    return array(by_name, by_service);
}

size_t plan_json_length(const char *text)
{
    size_t n = 2;

    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        n += *p < 0x20 ? 6 : *p == '"' || *p == '\\' ? 2 : 1;
    return n;
}
