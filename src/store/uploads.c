#include "base/clock.h"
#include "base/mem.h"
#include "store/internal.h"

int store_upload_put(
    struct store *s, const char *bucket, const char *key, const char *upload_id, struct error *err)
{
    struct sql q;
    if (upload_id)
        q = sql_open(
            &s->writer,
            "INSERT INTO uploads(bucket, key, upload_id, begun_ms) VALUES(?1, ?2, ?3, ?4)"
            " ON CONFLICT DO UPDATE SET upload_id = excluded.upload_id, begun_ms = "
            "excluded.begun_ms");
    else
        q = sql_open(&s->writer, "DELETE FROM uploads WHERE bucket = ?1 AND key = ?2");
    sql_text(&q, bucket);
    sql_text(&q, key);
    if (upload_id) {
        sql_text(&q, upload_id);
        sql_int(&q, clock_wall_ms());
    }
    return sql_run(s, &q, NULL, err);
}

int store_upload_get(
    struct store *s, const char *bucket, const char *key, char **upload_id, struct error *err)
{
    struct sql q =
        sql_open(&s->writer, "SELECT upload_id FROM uploads WHERE bucket = ?1 AND key = ?2");
    sql_text(&q, bucket);
    sql_text(&q, key);
    int rc = sql_row(&q);
    *upload_id = rc > 0 ? sql_column(&q, 0) : NULL;
    sql_close(&q);
    return rc < 0 ? store_read_error(&s->writer, "reading an upload", err) : 0;
}
