/* JSON lines from protobuf messages, by their descriptors: fields by their names, enums by theirs,
 * bytes as text when they are UTF-8. Members that are empty are left out, but for those of the
 * first level of a list row. One line a message. */
#pragma once

#include "base/error.h"
#include <protobuf-c/protobuf-c.h>
#include <stdio.h>

void json_out_message(FILE *f, const ProtobufCMessage *m); /* with a newline */
void json_out_part(FILE *f, const ProtobufCMessage *m);    /* without one, not flushed */
/* {"error": {…}}; `losses`: a JSON array that goes into it, or NULL. */
void json_out_error(FILE *f, const struct error *err, const char *losses);
void json_out_text(FILE *f, const char *text); /* a quoted string */
