/* What AWS offers of managed stores (offers.c, written by tests/tools/aws_stores.py, which says how
 * old it is). A region that is not known is taken to offer everything. */
#pragma once

#include <stdbool.h>

enum offers_kind { OFFERS_RDS, OFFERS_CACHE };

/* In order, the oldest first, NULL at the end. engine: "postgres", "redis", "valkey". */
const char *const *offers_versions(const char *engine);

/* Whether the region has the family ("t4g") of instance classes. */
bool offers_family(enum offers_kind kind, const char *region, const char *family);
