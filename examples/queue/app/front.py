"""Takes jobs in: POST /jobs, GET /jobs/NUMBER, GET /healthz."""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import redis

LARGEST = 64 * 1024
store = redis.from_url(os.environ["QUEUE_URL"], socket_timeout=5)


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        if self.path != "/jobs" or not 0 < length <= LARGEST:
            return self.reply(400, {"error": "POST /jobs with a text of at most 64 KiB"})
        number = store.incr("jobs")
        store.hset(f"job:{number}", mapping={"state": "waiting", "text": self.rfile.read(length)})
        store.lpush("waiting", number)
        return self.reply(202, {"job": number})

    def do_GET(self):
        if self.path == "/healthz":
            return self.reply(200, {"ok": True})
        number = self.path.removeprefix("/jobs/")
        job = store.hgetall(f"job:{number}") if number.isdigit() else None
        if not job:
            return self.reply(404, {"error": "no such job"})
        return self.reply(200, {key.decode(): value.decode() for key, value in job.items()})

    def reply(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    ThreadingHTTPServer(("", 8000), Handler).serve_forever()
