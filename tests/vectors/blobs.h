/* The vectors write blobs as plain text and timestamps as numbers; our values hold base64. Turns
 * one into the other by shape. */
#pragma once

#include "aws/model/model.h"
#include "data/json.h"

json_t *blobs_encode(const struct aws_shape *shape, const json_t *v); /* new reference */
