/* Go, Ruby, PHP and Java: what a build tool of theirs makes, in an image that has no such tool.
 *
 * A part each, in this order: where the program is (a package with main(), a framework, a front
 * file), which version the project asks for, then the text. What a file does not say is taken as
 * its community has it: the newest release with long support, the port of the framework. */
#include "base/mem.h"
#include "starter/parts.h"

#include <string.h>

#define GO_NOW 26

/* ---- Go ---- */

/* The package with main(): the folder itself, or one of cmd/; NULL for none. */
static const char *go_package(struct arena *a, const struct starter_folder *f)
{
    const char *found = NULL;

    for (size_t i = 0; i < f->count; i++) {
        const char *path = f->files[i].path;
        const char *slash = text_starts(path, "cmd/") ? strchr(path + 4, '/') : NULL;

        if (!slash || !text_ends(path, ".go") || !starter_is_plain(path))
            continue;
        const char *package = arena_strndup(a, path, (size_t)(slash - path));
        if (!found || strcmp(package, found) < 0 || text_ends(path, "/server/main.go"))
            found = package;
    }

    if (starter_has(f, "main.go") || !found) {
        for (size_t i = 0; i < f->count; i++)
            if (text_ends(f->files[i].path, ".go") && !strchr(f->files[i].path, '/'))
                return ".";
    }
    return found ? arena_printf(a, "./%s", found) : NULL;
}

bool starter_go(struct arena *a, const struct starter_folder *f, struct starter *out)
{
    cleanup_str struct str text = STR_INIT;
    static const char *const kept[] = {
        "templates", "static", "public", "views", "migrations", "web"};
    const char *package = starter_has(f, "go.mod") ? go_package(a, f) : NULL;
    unsigned port = starter_port(f, 8080), minor = starter_number(f, "go.mod", "\ngo 1.");

    if (!package)
        return false;

    str_appendf(
        &text,
        "FROM golang:1.%u AS build\n"
        "WORKDIR /src\n"
        "COPY go.mod %s./\n"
        "RUN go mod download\n"
        "COPY . .\n"
        "RUN CGO_ENABLED=0 go build -o /app %s\n"
        "\n"
        "FROM gcr.io/distroless/static-debian12:nonroot\n"
        "ENV PORT=%u\n"
        "WORKDIR /srv\n"
        "COPY --from=build /app /app\n",
        minor > GO_NOW ? minor : GO_NOW,
        starter_has(f, "go.sum") ? "go.sum " : "",
        package,
        port);
    for (size_t i = 0; i < ARRAY_LEN(kept); i++)
        if (starter_has_in(f, kept[i]))
            str_appendf(&text, "COPY %s ./%s\n", kept[i], kept[i]);
    str_appendf(&text, "EXPOSE %u\nCMD [\"/app\"]\n", port);

    starter_give(a, out, "Go", port, &text, "bin\n*.test\n");
    return true;
}

/* ---- Ruby ---- */

static const char *ruby_command(struct arena *a, const struct starter_folder *f)
{
    if (starter_says(f, "Gemfile", "'rails'") || starter_says(f, "Gemfile", "\"rails\""))
        return "exec bundle exec rails server -b 0.0.0.0 -p $PORT";
    if (starter_has(f, "config.ru"))
        return starter_says(f, "Gemfile", "puma") ? "exec bundle exec puma -b tcp://0.0.0.0:$PORT"
                                                  : "exec bundle exec rackup -o 0.0.0.0 -p $PORT";
    static const char *const files[] = {"app.rb", "main.rb", "server.rb"};
    for (size_t i = 0; i < ARRAY_LEN(files); i++)
        if (starter_has(f, files[i]))
            return arena_printf(a, "exec bundle exec ruby %s", files[i]);
    return NULL;
}

bool starter_ruby(struct arena *a, const struct starter_folder *f, struct starter *out)
{
    cleanup_str struct str text = STR_INIT;
    const char *command = starter_has(f, "Gemfile") ? ruby_command(a, f) : NULL;
    bool rails = command && strstr(command, "rails");
    unsigned port = starter_port(f, rails ? 3000 : 9292);
    unsigned minor = starter_number(f, ".ruby-version", "3.");
    const char *version = arena_printf(a, "3.%u", minor < 2 ? 4 : minor);

    if (!command)
        return false;

    str_appendf(
        &text,
        "FROM ruby:%s AS build\n"
        "WORKDIR /app\n"
        "ENV BUNDLE_PATH=/bundle BUNDLE_WITHOUT=development:test\n"
        "COPY Gemfile %s./\n"
        "RUN bundle install\n"
        "COPY . .\n",
        version,
        starter_has(f, "Gemfile.lock") ? "Gemfile.lock " : "");
    if (rails && starter_has_in(f, "app"))
        str_append(
            &text,
            "RUN RAILS_ENV=production SECRET_KEY_BASE_DUMMY=1 bundle exec rails "
            "assets:precompile\n");
    str_appendf(
        &text,
        "\nFROM ruby:%s-slim\n"
        "ENV BUNDLE_PATH=/bundle BUNDLE_WITHOUT=development:test RAILS_ENV=production "
        "RACK_ENV=production RAILS_LOG_TO_STDOUT=1 PORT=%u\n"
        "RUN apt-get update && apt-get install -y --no-install-recommends libpq5 libyaml-0-2 && rm "
        "-rf "
        "/var/lib/apt/lists/* && useradd --create-home app\n"
        "WORKDIR /app\n"
        "COPY --from=build /bundle /bundle\n"
        "COPY --from=build --chown=app:app /app ./\n"
        "USER app\n"
        "EXPOSE %u\n"
        "CMD [\"sh\", \"-c\", \"%s\"]\n",
        version,
        port,
        port,
        command);

    starter_give(a, out, rails ? "Rails" : "Ruby", port, &text, "log\ntmp\nnode_modules\n");
    return true;
}

/* ---- PHP ---- */

bool starter_php(struct arena *a, const struct starter_folder *f, struct starter *out)
{
    cleanup_str struct str text = STR_INIT;
    bool composer = starter_has(f, "composer.json"), public = starter_has(f, "public/index.php");
    unsigned port = starter_port(f, 8080);

    if (!public && !starter_has(f, "index.php"))
        return false;

    if (composer)
        str_appendf(
            &text,
            "FROM composer:2 AS build\n"
            "WORKDIR /app\n"
            "COPY composer.json %s./\n"
            "RUN composer install --no-dev --no-scripts --no-autoloader --ignore-platform-reqs\n"
            "COPY . .\n"
            "RUN composer dump-autoload --no-dev --optimize --no-scripts\n"
            "\n",
            starter_has(f, "composer.lock") ? "composer.lock " : "");
    str_appendf(
        &text,
        "FROM php:8.4-apache\n"
        "ENV PORT=%u\n"
        "RUN docker-php-ext-install mysqli pdo_mysql && a2enmod rewrite \\\n"
        "    && sed -i 's/^Listen 80$/Listen ${PORT}/' /etc/apache2/ports.conf \\\n"
        "    && sed -i -e 's/:80>/:${PORT}>/' -e 's#/var/www/html#/var/www/html%s#' "
        "/etc/apache2/sites-available/000-default.conf\n"
        "COPY %s--chown=www-data:www-data %s /var/www/html/\n"
        "USER www-data\n"
        "EXPOSE %u\n",
        port,
        public ? "/public" : "",
        composer ? "--from=build " : "",
        composer ? "/app" : ".",
        port);

    starter_give(
        a,
        out,
        starter_has(f, "artisan") ? "Laravel" : "PHP",
        port,
        &text,
        "vendor\nnode_modules\n");
    return true;
}

/* ---- Java ---- */

/* The release with long support that runs it. */
static unsigned java_version(const struct starter_folder *f)
{
    static const char *const words[][2] = {
        {"pom.xml", "<java.version>"},
        {"pom.xml", "<maven.compiler.release>"},
        {"pom.xml", "<maven.compiler.source>"},
        {"build.gradle", "JavaLanguageVersion.of("},
        {"build.gradle.kts", "JavaLanguageVersion.of("},
        {"build.gradle", "sourceCompatibility"},
        {"build.gradle.kts", "JavaVersion.VERSION_"}};
    unsigned said = 0;

    for (size_t i = 0; i < ARRAY_LEN(words) && !said; i++)
        said = starter_number(f, words[i][0], words[i][1]);
    return said > 21 ? 25 : said > 17 || said == 0 ? 21 : 17;
}

bool starter_java(struct arena *a, const struct starter_folder *f, struct starter *out)
{
    cleanup_str struct str text = STR_INIT;
    bool maven = starter_has(f, "pom.xml");
    bool gradle = starter_has(f, "build.gradle") || starter_has(f, "build.gradle.kts");
    unsigned port = starter_port(f, 8080), version = java_version(f);

    if (!maven && !gradle)
        return false;

    if (maven)
        str_appendf(
            &text,
            "FROM maven:3.9-eclipse-temurin-%u AS build\n"
            "WORKDIR /src\n"
            "COPY . .\n"
            "RUN mvn -B -DskipTests package\n",
            version);
    else
        str_appendf(
            &text,
            "FROM %s%u AS build\n"
            "WORKDIR /src\n"
            "COPY . .\n"
            "RUN %s --no-daemon assemble\n",
            starter_has(f, "gradlew") ? "eclipse-temurin:" : "gradle:8-jdk",
            version,
            starter_has(f, "gradlew") ? "sh ./gradlew" : "gradle");
    str_appendf(
        &text,
        "RUN cp \"$(ls %s/*.jar | grep -v -e '-plain' -e '-sources' -e '-javadoc' -e 'original-' | "
        "head -n 1)\" /app.jar\n"
        "\n"
        "FROM eclipse-temurin:%u-jre\n"
        "ENV PORT=%u\n"
        "RUN useradd --create-home app\n"
        "COPY --from=build /app.jar /app.jar\n"
        "USER app\n"
        "EXPOSE %u\n"
        "CMD [\"sh\", \"-c\", \"exec java -Dserver.port=$PORT -jar /app.jar\"]\n",
        maven ? "target" : "build/libs",
        version,
        port,
        port);

    starter_give(
        a, out, maven ? "Java (Maven)" : "Java (Gradle)", port, &text, "target\nbuild\n.gradle\n");
    return true;
}
