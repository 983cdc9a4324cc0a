/* The git repository that a folder lies in, as far as its files say: no program is run, nothing is
 * written. Blocking; for a thread of the pool. */
#pragma once

struct git_place {
    char *top;    /* the folder that holds .git */
    char *remote; /* URL of the remote `origin`, else of the first one; NULL when there is none */
    char *commit, *branch; /* that is checked out; each NULL when not known (git_head.c) */
};

/* False when `folder` lies in no repository. `home` (NULL ok) is where the user's own git settings
 * are, for `url.….insteadOf`. Free with git_place_done() in any case. */
_Bool git_find(const char *folder, const char *home, struct git_place *out);
void git_place_done(struct git_place *p);

/* ---- between git.c and git_head.c ---- */

/* A file of git's, malloc'd; NULL when it cannot be read. */
char *git_text(const char *folder, const char *name);
/* The folder of a worktree's own files, and *common of those that all share; both malloc'd. */
char *git_folders(const char *top, char **common);
/* Fills commit and branch. */
void git_head(const char *top, struct git_place *out);
