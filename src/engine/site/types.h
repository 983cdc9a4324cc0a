/* What a browser is told of a static file, by its name. Private to the room. */
#pragma once

const char *static_content_type(const char *key); /* "text/html; charset=utf-8"; never NULL */

/* Pages are asked for each time; names that carry a digest ("app.3f9c41ab.js") never change; the
 * rest for an hour. */
const char *static_cache_control(const char *key);
