/* Cases that do not apply, with the reason: read from tests/vectors/NOT_APPLICABLE.md, where a line
 * "- `ID PART` — reason" names them. */
#pragma once

/* The reason, or NULL when the case runs. A line applies to every id that ends with its text. */
const char *exception_reason(const char *id);
