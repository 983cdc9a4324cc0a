#include "plan/common/context.h"

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
