/* Paths of the caller's settings, as the AWS CLI expands them: variables first, then the home
 * folder. Relative ones begin where the caller stands, which is its working folder and not what its
 * PWD says: the daemon's own folder never counts. */
#include "aws/settings/profiles.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include <ctype.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

static void append_variables(const struct env *env, const char *path, struct str *out)
{
    for (const char *p = path; *p;) {
        bool brace = p[0] == '$' && p[1] == '{';
        const char *start = p + (brace ? 2 : 1);
        size_t n = 0;

        if (*p != '$') {
            str_append_char(out, *p++);
            continue;
        }
        if (brace)
            n = strcspn(start, "}");
        else
            while (isalnum((unsigned char)start[n]) || start[n] == '_')
                n++;
        cleanup_free char *name = xstrndup(start, n);
        const char *value = n && (!brace || start[n]) ? env_get(env, name) : NULL;
        const char *end = brace && start[n] ? start + n + 1 : start + n;
        if (value)
            str_append(out, value);
        else
            str_append_bytes(out, p, (size_t)(end - p)); /* unknown: left as it stands */
        p = end;
    }
}

static const char *home_folder(const struct env *env)
{
    const char *home = env_get_nonempty(env, "HOME");
    const struct passwd *pw = home ? NULL : getpwuid(getuid());

    return home ? home : pw ? pw->pw_dir : "/";
}

/* Takes `path` and gives it back, or the same file seen from outside of the caller. */
static char *of_process(const struct env *env, char *path)
{
    static const struct {
        const char *own, *seen;
    } forms[] = {{"/dev/fd/", "fd/"}, {"/dev/stdin", "fd/0"}, {"/proc/self/", ""}};
    long pid = env_process(env);

    for (size_t i = 0; pid && i < ARRAY_LEN(forms); i++) {
        if (!text_starts(path, forms[i].own))
            continue;

        char *seen = xasprintf("/proc/%ld/%s%s", pid, forms[i].seen, path + strlen(forms[i].own));
        free(path);
        return seen;
    }

    return path;
}

char *aws_path_expand(const struct env *env, const char *path)
{
    struct str text = STR_INIT;

    append_variables(env, path, &text);
    cleanup_free char *plain = str_take(&text);
    cleanup_free char *full = path_expand_home(plain, home_folder(env));

    return aws_path_literal(env, full);
}

char *aws_path_literal(const struct env *env, const char *path)
{
    const char *cwd = env_cwd(env);

    return of_process(env, cwd ? path_join(cwd, path) : xstrdup(path));
}
