/* Python: packages by uv, Poetry, Pipenv, requirements.txt or pyproject.toml into a folder of their
 * own, made where there is a compiler; the program by what it is (Django, FastAPI, Flask,
 * Streamlit) or its main file. */
#include "base/mem.h"
#include "starter/parts.h"

#include <stdio.h>
#include <string.h>

#define OLDEST 9 /* Python 3.… */
#define NOW    13
#define IGNORE "__pycache__\n*.pyc\n.venv\nvenv\n.pytest_cache\n.mypy_cache\n*.sqlite3\n"

static const char *const LISTS[] = {"requirements.txt", "pyproject.toml", "Pipfile"};
static const char *const FILES[] = {
    "main.py",
    "app.py",
    "app/main.py",
    "src/main.py",
    "api/main.py",
    "wsgi.py",
    "asgi.py",
    "application.py",
    "server.py",
    "run.py",
    "src/app.py",
    "app/__init__.py",
    "app/app.py"};

static bool needs(const struct starter_folder *f, const char *package)
{
    for (size_t i = 0; i < ARRAY_LEN(LISTS); i++)
        if (starter_says(f, LISTS[i], package))
            return true;
    return false;
}

/* Of Python 3. */
static unsigned minor_of(const struct starter_folder *f)
{
    unsigned minor = starter_number(f, ".python-version", "3.");

    if (!minor)
        minor = starter_number(f, "runtime.txt", "3.");
    return minor < OLDEST ? NOW : minor;
}

static void install(const struct starter_folder *f, struct str *out, const char *server)
{
    if (starter_has(f, "uv.lock"))
        str_append(
            out,
            "RUN pip install uv\n"
            "COPY pyproject.toml uv.lock ./\n"
            "RUN UV_PROJECT_ENVIRONMENT=/venv UV_PYTHON_DOWNLOADS=never uv sync --frozen --no-dev "
            "--no-install-project\n");
    else if (starter_has(f, "poetry.lock") || starter_says(f, "pyproject.toml", "[tool.poetry"))
        str_appendf(
            out,
            "RUN pip install poetry && python -m venv /venv\n"
            "COPY pyproject.toml %s./\n"
            "RUN . /venv/bin/activate && poetry install --only main --no-root\n",
            starter_has(f, "poetry.lock") ? "poetry.lock " : "");
    else if (starter_has(f, "Pipfile"))
        str_appendf(
            out,
            "RUN pip install pipenv && python -m venv /venv\n"
            "COPY Pipfile %s./\n"
            "RUN . /venv/bin/activate && pipenv install%s\n",
            starter_has(f, "Pipfile.lock") ? "Pipfile.lock " : "",
            starter_has(f, "Pipfile.lock") ? " --deploy" : "");
    else if (starter_has(f, "requirements.txt"))
        str_append(
            out,
            "RUN python -m venv /venv\n"
            "COPY requirements.txt ./\n"
            "RUN /venv/bin/pip install --no-cache-dir -r requirements.txt\n");
    else if (starter_has(f, "pyproject.toml"))
        str_append(
            out,
            "RUN python -m venv /venv\n"
            "COPY . .\n"
            "RUN /venv/bin/pip install --no-cache-dir .\n");
    else
        str_append(out, "RUN python -m venv /venv\n");

    if (server && !needs(f, server))
        str_appendf(
            out,
            starter_has(f, "uv.lock") ? "RUN uv pip install --python /venv/bin/python %s\n"
                                      : "RUN /venv/bin/pip install --no-cache-dir %s\n",
            server);
}

/* Libraries that a package finds when it runs. */
static const char *libraries(const struct starter_folder *f)
{
    if ((needs(f, "psycopg2") && !needs(f, "psycopg2-binary")) ||
        (needs(f, "psycopg") && !needs(f, "psycopg[binary") && !needs(f, "psycopg2-binary")))
        return "libpq5";
    return needs(f, "mysqlclient") ? "libmariadb3" : NULL;
}

/* "app.main:app" of the file that calls `word`; NULL for none. */
static const char *application(struct arena *a, const struct starter_folder *f, const char *word)
{
    for (size_t i = 0; i < ARRAY_LEN(FILES); i++) {
        const char *variable = starter_variable(a, f, FILES[i], word);

        if (variable)
            return arena_printf(a, "%s:%s", starter_module(a, FILES[i]), variable);
        if (starter_says(f, FILES[i], "def create_app(") && starter_says(f, FILES[i], word))
            return arena_printf(a, "%s:create_app()", starter_module(a, FILES[i]));
    }
    return NULL;
}

/* The package that manage.py names: "shop" of "shop.settings". */
static const char *django_project(struct arena *a, const struct starter_folder *f)
{
    const struct starter_file *file = starter_find(f, "manage.py");
    const char *at = file && file->text ? strstr(file->text, "DJANGO_SETTINGS_MODULE") : NULL;

    at = at ? strpbrk(at + strlen("DJANGO_SETTINGS_MODULE\""), "\"'") : NULL;
    if (!at)
        return NULL;

    size_t n = strcspn(++at, ".\"'");
    const char *name = arena_strndup(a, at, n);
    return starter_is_plain(name) ? name : NULL;
}

struct program {
    const char *kind, *server, *command; /* server: a package that it needs besides; NULL */
    unsigned port;
};

static bool program_of(struct arena *a, const struct starter_folder *f, struct program *p)
{
    const char *django = django_project(a, f), *app;

    if (django) {
        *p = (struct program){
            "Django",
            "gunicorn",
            arena_printf(a, "exec gunicorn --bind 0.0.0.0:$PORT %s.wsgi:application", django),
            8000};
    } else if (needs(f, "fastapi") && (app = application(a, f, "FastAPI("))) {
        *p = (struct program){
            "FastAPI",
            "uvicorn",
            arena_printf(a, "exec uvicorn %s --host 0.0.0.0 --port $PORT", app),
            8000};
    } else if (needs(f, "flask") && (app = application(a, f, "Flask("))) {
        *p = (struct program){
            "Flask",
            "gunicorn",
            arena_printf(a, "exec gunicorn --bind 0.0.0.0:$PORT '%s'", app),
            5000};
    } else if (needs(f, "streamlit")) {
        const char *main = starter_has(f, "streamlit_app.py") ? "streamlit_app.py" : "app.py";
        *p = (struct program){
            "Streamlit",
            NULL,
            arena_printf(
                a, "exec streamlit run %s --server.port=$PORT --server.address=0.0.0.0", main),
            8501};
    } else {
        for (size_t i = 0; i < ARRAY_LEN(FILES) && !p->command; i++)
            if (starter_has(f, FILES[i]) && !text_ends(FILES[i], "__init__.py"))
                *p = (struct program){
                    "Python", NULL, arena_printf(a, "exec python %s", FILES[i]), 0};
    }
    return p->command != NULL;
}

bool starter_python(struct arena *a, const struct starter_folder *f, struct starter *out)
{
    cleanup_str struct str text = STR_INIT;
    struct program p = {0};
    const char *libs = libraries(f);
    unsigned minor = minor_of(f);

    if (!program_of(a, f, &p))
        return false;
    p.port = starter_port(f, p.port);

    str_appendf(&text, "FROM python:3.%u AS build\nWORKDIR /app\n", minor);
    install(f, &text, p.server);
    str_appendf(
        &text,
        "\nFROM python:3.%u-slim\n"
        "ENV PYTHONUNBUFFERED=1 PATH=/venv/bin:$PATH%s\n",
        minor,
        p.port ? arena_printf(a, " PORT=%u", p.port) : "");
    if (libs)
        str_appendf(
            &text,
            "RUN apt-get update && apt-get install -y --no-install-recommends %s && rm -rf "
            "/var/lib/apt/lists/*\n",
            libs);
    str_append(
        &text,
        "RUN useradd --create-home app\n"
        "WORKDIR /app\n"
        "COPY --from=build /venv /venv\n"
        "COPY --chown=app:app . .\n"
        "USER app\n");
    if (p.port)
        str_appendf(&text, "EXPOSE %u\n", p.port);
    str_appendf(&text, "CMD [\"sh\", \"-c\", \"%s\"]\n", p.command);

    starter_give(a, out, p.kind, p.port, &text, IGNORE);
    return true;
}
