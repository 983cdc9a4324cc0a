/* The shapes that have no name of their own in a model: one of each for all tables. */
#include "aws/model/model.h"

const struct aws_shape aws_shape_string = {.type = AWS_STRING};
const struct aws_shape aws_shape_secret = {.type = AWS_STRING, .sensitive = true};
const struct aws_shape aws_shape_integer = {.type = AWS_INTEGER};
const struct aws_shape aws_shape_long = {.type = AWS_LONG};
const struct aws_shape aws_shape_double = {.type = AWS_DOUBLE};
const struct aws_shape aws_shape_boolean = {.type = AWS_BOOLEAN};
const struct aws_shape aws_shape_timestamp = {.type = AWS_TIMESTAMP};
const struct aws_shape aws_shape_blob = {.type = AWS_BLOB};
