/* The shell scripts of the containers that prepare a service's files (files.c says why they are
 * there). Content never stands in a script, only the name of the variable that has it; what does
 * stand there, paths and owners, is quoted or was checked to be a number.
 *
 * Whoever may read a file is settled before there is anything to read: the mask lets nobody in but
 * root until chown and chmod have run. */
#include "plan/container/file_script.h"
#include "base/mem.h"
#include "base/str.h"
#include <string.h>

size_t plan_files_folder(const struct plan_files *p, const char *folder)
{
    for (size_t i = 0; i < p->folder_count; i++)
        if (text_eq(p->folders[i], folder))
            return i;
    return p->folder_count;
}

/* As one word of the shell's. */
static void quote(struct str *out, const char *text)
{
    str_append_char(out, '\'');
    for (; *text; text++) {
        if (*text == '\'')
            str_append(out, "'\\''");
        else
            str_append_char(out, *text);
    }
    str_append_char(out, '\'');
}

static bool first_of_folder(const struct plan_files *p, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (text_eq(p->files[k].folder, p->files[i].folder))
            return false;
    return true;
}

void plan_files_copy_script(const struct plan_files *p, struct str *out)
{
    for (size_t i = 0; i < p->file_count; i++) {
        const char *folder = p->files[i].folder;

        if (!p->files[i].hides || !first_of_folder(p, i))
            continue;
        str_append(out, "d=");
        quote(out, folder);
        str_appendf(
            out,
            "; if [ -d \"$d\" ]; then cp -a \"$d/.\" %s/%zu/; fi\n",
            PLAN_FILES_PLACE,
            plan_files_folder(p, folder));
    }
}

const char *plan_files_variable(struct arena *a, size_t i, size_t k)
{
    return k ? arena_printf(a, "FILE_%zu_%zu", i, k) : arena_printf(a, "FILE_%zu", i);
}

static void write_encoded(const struct plan_task_file *f, size_t i, struct str *out)
{
    cleanup_arena struct arena *a = arena_new();

    str_append(out, "printf %s");
    for (size_t k = 0; k < f->pieces; k++)
        str_appendf(out, " \"$%s\"", plan_files_variable(a, i, k));
    str_append(out, " | base64 -d > \"$f\"");
}

static void write_file(const struct plan_files *p, size_t i, struct str *out)
{
    const struct plan_task_file *f = &p->files[i];
    const char *uid = text_empty(f->ref->uid) ? "0" : f->ref->uid;
    const char *gid = text_empty(f->ref->gid) ? "0" : f->ref->gid;
    cleanup_str struct str path = STR_INIT;

    str_appendf(&path, "%s/%zu/%s", PLAN_FILES_PLACE, plan_files_folder(p, f->folder), f->name);
    str_append(out, "f=");
    quote(out, str_get(&path));

    /* What the copier brought there may be a link to elsewhere. */
    str_append(out, "; rm -f \"$f\"; ");
    if (strchr(f->name, '/'))
        str_append(out, "(umask 022; mkdir -p \"${f%/*}\"); ");

    if (f->empty)
        str_append(out, ": > \"$f\"");
    else if (f->encoded)
        write_encoded(f, i, out);
    else
        str_appendf(out, "printf %%s \"$FILE_%zu\" > \"$f\"", i);

    str_appendf(out, "; chown %s:%s \"$f\"; chmod %04o \"$f\"\n", uid, gid, f->mode);
}

void plan_files_write_script(const struct plan_files *p, struct str *out)
{
    str_append(out, "umask 077\n");
    for (size_t i = 0; i < p->file_count; i++)
        write_file(p, i, out);
}
