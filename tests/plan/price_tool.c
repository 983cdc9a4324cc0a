/* Test tool: what a template costs. For tests/plan/test_cost.py. Prints JSON.
 *
 * price_tool TEMPLATE REGION   {"priced", "basis", "month", "lines", "usage", "unknown"};
 *                              a line is [group, id, what, month]
 * price_tool --table           {"rows": [[key, usd, unit, source]], "regions": [[name, factor]]} */
#include "base/mem.h"
#include "data/object.h"
#include "plan/plan.h"
#include "plan/report/cost.h"
#include <stdio.h>
#include <string.h>

static int print(json_t *j)
{
    cleanup_free char *text = json_print(j, true, false);

    puts(text);
    json_decref(j);
    return 0;
}

static int print_table(void)
{
    static const char *const units[] = {"hour", "month", "GB and month", "GB"};
    size_t n;
    const struct price_row *rows = price_rows(&n);
    json_t *all = json_array(), *regions = json_array();

    for (size_t i = 0; i < n; i++)
        json_push(
            all,
            array(
                json_string(rows[i].key),
                json_real(rows[i].usd),
                json_string(units[rows[i].unit]),
                json_string(rows[i].source)));

    const struct price_region *region = price_regions(&n);
    for (size_t i = 0; i < n; i++)
        json_push(regions, array(json_string(region[i].name), json_real(region[i].factor)));
    return print(object(key("rows", all), key("regions", regions)));
}

static json_t *text_list(const char **list, size_t n)
{
    json_t *j = json_array();

    for (size_t i = 0; i < n; i++)
        json_push(j, json_string(list[i]));
    return j;
}

static int print_cost(const char *path, const char *region)
{
    json_error_t e;
    cleanup_json json_t *template = json_load_file(path, 0, &e);

    if (!template) {
        fprintf(stderr, "price_tool: %s: %s\n", path, e.text);
        return 2;
    }

    cleanup_cost struct cost c;
    cost_of(template, region, &c);

    json_t *lines = array();
    for (size_t i = 0; i < c.len; i++)
        json_push(
            lines,
            array(
                json_string(c.lines[i].group),
                json_string(c.lines[i].logical_id),
                json_string(c.lines[i].what),
                json_real(c.lines[i].month)));

    return print(object(
        key("priced", c.priced),
        key("basis", c.basis),
        key("month", c.month),
        key("lines", lines),
        key("usage", text_list(c.usage, c.usage_len)),
        key("unknown", text_list(c.unknown, c.unknown_len))));
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--table") == 0)
        return print_table();
    if (argc == 3)
        return print_cost(argv[1], argv[2]);
    fprintf(stderr, "usage: price_tool TEMPLATE REGION | --table\n");
    return 2;
}
