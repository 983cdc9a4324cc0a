/* The schema as a list of migrations: migration i brings user_version i to i+1.
 *
 * Each runs in a transaction of its own together with the new version, so that a crash between two
 * leaves a database that the next start takes further. What a released migration does is never
 * changed, since there are databases that it has made: add one. A database of a newer daemon is
 * refused, one of another program as well, before anything is touched. */
#include "base/mem.h"
#include "store/internal.h"
#include <errno.h>

/* "dfng": tells our database from any other file that SQLite can open. */
#define APPLICATION_ID 0x64666e67

/* clang-format off */
static const char *const migrations[] = {
    /* 1 */
    "CREATE TABLE deployments("
    "  n INTEGER PRIMARY KEY AUTOINCREMENT," /* order of creation */
    "  id TEXT NOT NULL UNIQUE,"
    "  kind TEXT NOT NULL,"
    "  project TEXT NOT NULL,"
    "  stack TEXT NOT NULL,"
    "  account TEXT NOT NULL,"
    "  region TEXT NOT NULL,"
    "  engine TEXT,"
    "  profile TEXT,"
    "  state INTEGER NOT NULL,"
    "  created_ms INTEGER NOT NULL,"
    "  ended_ms INTEGER NOT NULL DEFAULT 0,"
    "  summary TEXT,"
    "  last_sequence INTEGER NOT NULL DEFAULT 0,"
    "  inputs BLOB) STRICT;"

    /* One job per project and stack, kept by the database itself. */
    "CREATE UNIQUE INDEX deployments_unfinished"
    "  ON deployments(account, region, project, stack) WHERE ended_ms = 0;"
    "CREATE INDEX deployments_project ON deployments(project, stack, n);"

    "CREATE TABLE steps("
    "  deployment INTEGER NOT NULL REFERENCES deployments(n),"
    "  step TEXT NOT NULL,"
    "  entered_ms INTEGER NOT NULL,"
    "  left_ms INTEGER NOT NULL DEFAULT 0,"
    "  PRIMARY KEY(deployment, step)) STRICT, WITHOUT ROWID;"

    "CREATE TABLE intents("
    "  deployment INTEGER NOT NULL REFERENCES deployments(n),"
    "  key TEXT NOT NULL,"
    "  value TEXT NOT NULL,"
    "  PRIMARY KEY(deployment, key)) STRICT, WITHOUT ROWID;"

    "CREATE TABLE events("
    "  deployment INTEGER NOT NULL REFERENCES deployments(n),"
    "  sequence INTEGER NOT NULL,"
    "  data BLOB NOT NULL,"
    "  PRIMARY KEY(deployment, sequence)) STRICT, WITHOUT ROWID;"

    "CREATE TABLE projects("
    "  account TEXT NOT NULL,"
    "  region TEXT NOT NULL,"
    "  project TEXT NOT NULL,"
    "  stack TEXT NOT NULL,"
    "  key TEXT NOT NULL,"
    "  value TEXT NOT NULL,"
    "  PRIMARY KEY(account, region, project, stack, key)) STRICT, WITHOUT ROWID;"

    "CREATE TABLE credentials("
    "  name TEXT PRIMARY KEY NOT NULL,"
    "  sealed BLOB NOT NULL,"
    "  expires_ms INTEGER NOT NULL) STRICT;"

    "CREATE TABLE uploads("
    "  bucket TEXT NOT NULL,"
    "  key TEXT NOT NULL,"
    "  upload_id TEXT NOT NULL,"
    "  begun_ms INTEGER NOT NULL,"
    "  PRIMARY KEY(bucket, key)) STRICT, WITHOUT ROWID;"

    "CREATE TABLE probes(n INTEGER PRIMARY KEY, bytes BLOB) STRICT;",

    /* 2: an upload's id is an intent of its deployment; the table had no user. */
    "DROP TABLE uploads;",

    /* What failures left; items of one key replace each other, in the place of the first. */
    "CREATE TABLE evidence("
    "  n INTEGER PRIMARY KEY,"
    "  deployment INTEGER NOT NULL REFERENCES deployments(n),"
    "  key TEXT NOT NULL,"
    "  data TEXT NOT NULL,"
    "  bytes INTEGER NOT NULL," /* of data: counted, not read */
    "  UNIQUE(deployment, key)) STRICT;",

    /* That somebody wanted it canceled outlives every state. */
    "ALTER TABLE deployments ADD COLUMN canceled_ms INTEGER NOT NULL DEFAULT 0;",

    /* Whose a deployment is; what an older daemon began has none. */
    "ALTER TABLE deployments ADD COLUMN principal TEXT;",

    /* Its inputs are sealed (seal.c); what an older daemon began has them in clear. */
    "ALTER TABLE deployments ADD COLUMN sealed INTEGER NOT NULL DEFAULT 0;",
};
/* clang-format on */

int store_schema_version(void)
{
    return (int)ARRAY_LEN(migrations);
}

static int pragma_int(struct store *s, const char *text, int64_t *value)
{
    struct sql q = sql_open(&s->writer, text);
    return sql_get_int(&q, 0, value);
}

/* An empty file is ours to fill; anything else must carry our id. */
static int check_owner(struct store *s, int64_t version, struct error *err)
{
    int64_t application = 0, tables = 0;

    if (pragma_int(s, "PRAGMA application_id", &application) < 0 ||
        pragma_int(s, "SELECT count(*) FROM sqlite_schema", &tables) < 0)
        return store_read_error(&s->writer, "reading the schema", err);

    if (application == APPLICATION_ID || (version == 0 && tables == 0))
        return 0;

    error_raise_errno(
        err,
        ERR_REFUSED,
        EEXIST,
        "%s/%s is a database of another program",
        s->folder,
        STORE_DB_NAME);
    error_hint(err, "Move it away, or choose another state folder with XDG_STATE_HOME.");

    return -EEXIST;
}

/* The change and its number in one transaction. */
static int migrate(struct store *s, int from, struct error *err)
{
    cleanup_free char *stamp =
        xasprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", APPLICATION_ID, from + 1);

    if (store_exec(&s->writer, "BEGIN EXCLUSIVE") == SQLITE_OK &&
        store_exec(&s->writer, migrations[from]) == SQLITE_OK &&
        store_exec(&s->writer, stamp) == SQLITE_OK && store_exec(&s->writer, "COMMIT") == SQLITE_OK)
        return 0;

    int rc = store_read_error(&s->writer, "changing the schema", err);
    if (!sqlite3_get_autocommit(s->writer.db))
        store_exec(&s->writer, "ROLLBACK");
    return rc;
}

/* From wherever the database stands, one migration after the other. */
int store_schema_apply(struct store *s, struct error *err)
{
    int64_t version = 0;

    if (pragma_int(s, "PRAGMA user_version", &version) < 0)
        return store_read_error(&s->writer, "reading the schema's version", err);

    int rc = check_owner(s, version, err);
    if (rc < 0)
        return rc;

    if (version < 0 || version > store_schema_version()) {
        error_raise_errno(
            err,
            ERR_REFUSED,
            ENOTSUP,
            "the state in %s was written by a newer defangd (schema %lld, this one knows %d)",
            s->folder,
            (long long)version,
            store_schema_version());
        error_hint(
            err,
            "Run that newer version again, or choose another state folder with XDG_STATE_HOME.");
        return -ENOTSUP;
    }

    for (int i = (int)version; i < store_schema_version(); i++) {
        rc = migrate(s, i, err);
        if (rc < 0)
            return rc;
    }

    return 0;
}
