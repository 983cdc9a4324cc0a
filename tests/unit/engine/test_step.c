/* Lines of a Dockerfile, found by what the builder logs. */
#include "engine/build/step.h"
#include "unit/lib/suite.h"

#include "base/mem.h"
#include <string.h>

static const char FILE_TEXT[] = "# syntax=docker/dockerfile:1\n"
                                "FROM node:20 AS base\n"
                                "WORKDIR /app\n"
                                "RUN npm ci \\\n"
                                "  # quietly\n"
                                "  --omit=dev\n"
                                "RUN <<EOF\n"
                                "RUN true\n"
                                "EOF\n"
                                "COPY --from=x . .\n"
                                "\n"
                                "FROM node:20-slim\r\n"
                                "WORKDIR /app\r\n"
                                "run true\r\n"
                                "RUN twice\n"
                                "RUN twice\n"
                                "CMD [\"node\"]";

START_TEST(lines)
{
    static const struct {
        const char *step;
        int stage;
        unsigned line;
    } rows[] = {
        {"RUN npm ci   --omit=dev", 0, 4},
        {"RUN npm ci --omit=dev", -1, 4},
        {"WORKDIR /app", 0, 3},
        {"WORKDIR /app", 1, 13},
        {"WORKDIR /app", -1, 0},
        {"RUN <<EOF", 0, 7},
        {"RUN true", 0, 0},
        {"run true", 1, 14},
        {"RUN twice", 1, 0},
        {"CMD [\"node\"]", 1, 17},
        {"RUN nowhere", 0, 0},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        unsigned line = build_step_line(FILE_TEXT, strlen(FILE_TEXT), rows[i].stage, rows[i].step);
        ck_assert_msg(line == rows[i].line, "%s: line %u", rows[i].step, line);
    }
    ck_assert_uint_eq(build_step_line("", 0, 0, "RUN x"), 0);
}
END_TEST

START_TEST(the_log)
{
    ck_assert_str_eq(build_step_of("INFO[0004] RUN npm ci"), "RUN npm ci");
    ck_assert_str_eq(build_step_of("INFO[0004] copy . ."), "copy . .");
    ck_assert_ptr_null(build_step_of("INFO[0004] Running: [x]"));
    ck_assert_ptr_null(build_step_of("WARN[0004] RUN x"));
    ck_assert_ptr_null(build_step_of("RUN npm ci"));
    ck_assert_int_eq(
        build_stage_of("INFO[0000] Building stage 'a:1' [idx: '2', base-idx: '-1']"), 2);
    ck_assert_int_eq(build_stage_of("INFO[0000] RUN x"), -1);
}
END_TEST

SUITE("engine/build/step", lines, the_log)
