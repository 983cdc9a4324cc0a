/* inotify over the folders of `develop.watch`.
 *
 *   rules ─▶ a watch on each folder below their paths ─▶ names of files that changed
 *                  ▲                                            │ which rule counts them?
 *                  └── a new folder is watched too              ▼
 *                                                 quiet for QUIET_MS ─▶ the services
 *
 * Of a path that is a file its folder is watched: editors write another file and rename it. What
 * the kernel could not keep (a queue that ran over) counts as a change of everything. Folders that
 * a rule ignores are not watched at all: node_modules alone has thousands. */
#include "client/commands/watch_files.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define QUIET_MS 500
#define MOST_MS  5000 /* of a build that writes on and on: what there is by then is deployed */
#define EVENTS                                                                                     \
    (IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR |           \
     IN_EXCL_UNLINK)

struct folder {
    int watch;
    char *path;
};

struct watch_files {
    Defang__WatchRule *const *rules;
    size_t rule_count;
    int inotify;
    VEC(struct folder) folders;
};

/* ---- what counts ---- */

/* A pattern of .dockerignore: of the whole path or of a folder that it is in; a leading double star
 * of any part of it. */
static bool pattern_matches(const char *pattern, const char *path)
{
    cleanup_free char *clean = NULL;

    while (text_starts(pattern, "./") || *pattern == '/')
        pattern += *pattern == '/' ? 1 : 2;
    clean = xstrdup(pattern);
    for (size_t n = strlen(clean); n && clean[n - 1] == '/'; n--)
        clean[n - 1] = '\0';
    if (!*clean)
        return false;

    const char *deep = text_starts(clean, "**/") ? clean + 3 : NULL;
    size_t n = strlen(clean);
    if (n > 3 && strcmp(clean + n - 3, "/**") == 0)
        clean[n - 3] = '\0';

    for (const char *p = path; p; p = strchr(p, '/') ? strchr(p, '/') + 1 : NULL) {
        if (fnmatch(deep ? deep : clean, p, FNM_PATHNAME | FNM_LEADING_DIR) == 0)
            return true;
        if (!deep)
            return false;
    }
    return false;
}

static bool any_matches(char *const *patterns, size_t count, const char *path)
{
    for (size_t i = 0; i < count; i++)
        if (pattern_matches(patterns[i], path))
            return true;
    return false;
}

/* Repositories, and what editors write beside a file. */
static bool never_counts(const char *path)
{
    static char *const patterns[] = {
        (char *)"**/.git",
        (char *)"**/.hg",
        (char *)"**/.svn",
        (char *)"**/*~",
        (char *)"**/.*.sw?",
        (char *)"**/.#*",
        (char *)"**/4913",
        (char *)"**/.DS_Store"};

    return any_matches(patterns, ARRAY_LEN(patterns), path);
}

/* A folder that is ignored has nothing that counts. */
static bool is_ignored(const Defang__WatchRule *rule, const char *path)
{
    return *path && (never_counts(path) || any_matches(rule->ignore, rule->n_ignore, path));
}

bool watch_rule_counts(const Defang__WatchRule *rule, const char *path)
{
    if (is_ignored(rule, path))
        return false;
    return !rule->n_include || any_matches(rule->include, rule->n_include, path);
}

/* Relative to the rule's path, "" for that itself; NULL: not of it. */
static const char *inside(const Defang__WatchRule *rule, const char *path)
{
    size_t n = strcmp(rule->path, "/") == 0 ? 0 : strlen(rule->path);

    if (strncmp(path, rule->path, n) != 0 || (path[n] && path[n] != '/'))
        return NULL;
    return path[n] ? path + n + 1 : "";
}

/* ---- folders ---- */

static int watch_one(struct watch_files *w, const char *path, struct error *err)
{
    int watch = inotify_add_watch(w->inotify, path, EVENTS);

    if (watch < 0 && (errno == ENOENT || errno == ENOTDIR || errno == EACCES))
        return 0; /* gone again, or nothing that we may read */
    if (watch < 0) {
        int code = errno;
        int rc = error_raise_errno(err, ERR_FAILED, code, "%s cannot be watched", path);
        if (code == ENOSPC)
            error_hint(
                err,
                "the system watches no more folders: `sudo sysctl "
                "fs.inotify.max_user_watches=524288`, or name less in develop.watch");
        return rc;
    }

    for (size_t i = 0; i < w->folders.len; i++)
        if (w->folders.items[i].watch == watch) {
            free(w->folders.items[i].path);
            w->folders.items[i].path = xstrdup(path);
            return 0;
        }
    vec_push(&w->folders, ((struct folder){watch, xstrdup(path)}));
    return 0;
}

/* Whether something below may count for some rule. */
static bool is_wanted(const struct watch_files *w, const char *path)
{
    for (size_t i = 0; i < w->rule_count; i++) {
        const char *rest = inside(w->rules[i], path);

        if (rest && !is_ignored(w->rules[i], rest))
            return true;
    }
    return false;
}

/* With all below it, without recursion: a list of those that are still to be read. Links are not
 * followed. */
static int watch_tree(struct watch_files *w, const char *root, struct error *err)
{
    VEC(char *) left = {0};
    int rc = 0;

    vec_push(&left, xstrdup(root));
    while (left.len && rc == 0) {
        cleanup_free char *path = left.items[--left.len];
        if (w->folders.len >= LIMIT_WATCH_FOLDERS) {
            rc = error_raise(
                err, ERR_FAILED, "more than %d folders are to be watched", LIMIT_WATCH_FOLDERS);
            error_hint(err, "name less in develop.watch, or ignore what does not count");
            break;
        }
        rc = watch_one(w, path, err);

        DIR *dir = rc == 0 ? opendir(path) : NULL;
        for (struct dirent *e; dir && (e = readdir(dir));) {
            cleanup_free char *full = path_join(path, e->d_name);
            struct stat st;

            if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
                lstat(full, &st) == 0 && S_ISDIR(st.st_mode) && is_wanted(w, full))
                vec_push(&left, steal(full));
        }
        if (dir)
            closedir(dir);
    }

    for (size_t i = 0; i < left.len; i++)
        free(left.items[i]);
    vec_free(&left);
    return rc;
}

int watch_files_open(
    Defang__WatchRule *const *rules, size_t count, struct watch_files **out, struct error *err)
{
    struct watch_files *w = xcalloc(1, sizeof *w);
    int rc = 0;

    *w = (struct watch_files){
        .rules = rules, .rule_count = count, .inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK)};
    if (w->inotify < 0)
        rc = error_raise_errno(err, ERR_FAILED, errno, "files cannot be watched");

    for (size_t i = 0; i < count && rc == 0; i++) {
        const char *path = rules[i]->path;
        cleanup_free char *folder = file_is_dir(path) ? xstrdup(path) : path_dirname(path);

        if (!file_exists(path)) {
            rc = error_raise(
                err,
                ERR_USAGE,
                "service %s watches %s, which is not there",
                rules[i]->service,
                path);
            break;
        }
        rc = file_is_dir(path) ? watch_tree(w, folder, err) : watch_one(w, folder, err);
    }

    if (rc < 0) {
        watch_files_free(w);
        return rc;
    }
    *out = w;
    return 0;
}

void watch_files_free(struct watch_files *w)
{
    if (!w)
        return;
    for (size_t i = 0; i < w->folders.len; i++)
        free(w->folders.items[i].path);
    vec_free(&w->folders);
    if (w->inotify >= 0)
        close(w->inotify);
    free(w);
}

size_t watch_files_folders(const struct watch_files *w)
{
    return w->folders.len;
}

/* ---- changes ---- */

void watch_changes_done(struct watch_changes *c)
{
    vec_free(&c->rules);
    free(c->first);
    c->first = NULL;
}

static void add(struct watch_changes *out, const Defang__WatchRule *rule, const char *path)
{
    for (size_t i = 0; i < out->rules.len; i++)
        if (out->rules.items[i] == rule)
            return;
    vec_push(&out->rules, rule);
    if (!out->first)
        out->first = xstrdup(*path ? path : path_basename(rule->path));
}

static int take(
    struct watch_files *w,
    const struct inotify_event *e,
    struct watch_changes *out,
    struct error *err)
{
    const char *folder = NULL;

    for (size_t i = 0; i < w->rule_count && (e->mask & IN_Q_OVERFLOW); i++)
        add(out, w->rules[i], "");
    for (size_t i = 0; i < w->folders.len && !folder; i++)
        if (w->folders.items[i].watch == e->wd)
            folder = w->folders.items[i].path;
    if (!folder || !e->len)
        return 0;

    cleanup_free char *path = path_join(folder, e->name);
    bool is_folder = e->mask & IN_ISDIR;
    /* An empty file is written and closed too; what a new folder holds is in the image. */
    bool changed = !(e->mask & IN_CREATE) || is_folder;
    struct stat st;

    if (!changed && lstat(path, &st) == 0 && S_ISLNK(st.st_mode))
        changed = true;
    for (size_t i = 0; changed && i < w->rule_count; i++) {
        const char *rest = inside(w->rules[i], path);

        if (rest && watch_rule_counts(w->rules[i], rest))
            add(out, w->rules[i], rest);
    }

    bool appeared = is_folder && (e->mask & (IN_CREATE | IN_MOVED_TO));
    return appeared && is_wanted(w, path) ? watch_tree(w, path, err) : 0;
}

static int take_all(struct watch_files *w, struct watch_changes *out, struct error *err)
{
    char buffer[16 * (sizeof(struct inotify_event) + NAME_MAX + 1)]
        __attribute__((aligned(__alignof__(struct inotify_event))));
    ssize_t n;
    int rc = 0;

    while (rc == 0 && (n = read(w->inotify, buffer, sizeof buffer)) > 0)
        for (const char *p = buffer; p < buffer + n && rc == 0;) {
            const struct inotify_event *e = (const struct inotify_event *)p;

            rc = take(w, e, out, err);
            p += sizeof *e + e->len;
        }
    return rc;
}

int watch_files_wait(
    struct watch_files *w, int signals, struct watch_changes *out, struct error *err)
{
    int64_t begun = 0;

    for (;;) {
        struct pollfd fds[] = {{w->inotify, POLLIN, 0}, {signals, POLLIN, 0}};
        int timeout = out->rules.len ? QUIET_MS : -1;
        int n = poll(fds, ARRAY_LEN(fds), timeout);

        if (n < 0 && errno != EINTR)
            return error_raise_errno(err, ERR_FAILED, errno, "waiting for changes");
        if (n > 0 && fds[1].revents)
            return 0;
        if (n == 0 && out->rules.len)
            return 1;
        if (n <= 0)
            continue;

        int rc = take_all(w, out, err);
        if (rc < 0)
            return rc;
        if (out->rules.len && !begun)
            begun = clock_mono_ms();
        if (out->rules.len && clock_mono_ms() - begun > MOST_MS)
            return 1;
    }
}
