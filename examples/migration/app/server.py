"""Notes: POST /notes, GET /notes, GET /healthz."""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg

LARGEST = 64 * 1024


def connect():
    return psycopg.connect(os.environ["DATABASE_URL"], connect_timeout=5)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/healthz":
            return self.reply(200, {"ok": True})
        if self.path != "/notes":
            return self.reply(404, {"error": "not found"})
        with connect() as connection:
            rows = connection.execute("SELECT text, made FROM notes ORDER BY id DESC LIMIT 100")
            return self.reply(200, [{"text": text, "made": made.isoformat()} for text, made in rows])

    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        if self.path != "/notes" or not 0 < length <= LARGEST:
            return self.reply(400, {"error": "POST /notes with a text of at most 64 KiB"})
        text = self.rfile.read(length).decode(errors="replace")
        with connect() as connection:
            connection.execute("INSERT INTO notes (text) VALUES (%s)", (text,))
        return self.reply(201, {"ok": True})

    def reply(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    ThreadingHTTPServer(("", 8000), Handler).serve_forever()
