"""The shop's API: GET /products, GET /healthz."""

import json
import logging
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from store import Store

logging.basicConfig(level=os.environ.get("LOG_LEVEL", "info").upper())
log = logging.getLogger("api")
store = Store()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/healthz":
            self.reply(200, {"ok": True, "payments": bool(os.environ.get("STRIPE_KEY"))})
        elif self.path == "/products":
            try:
                self.reply(200, store.products())
            except Exception:
                log.exception("reading products")
                self.reply(503, {"error": "the store cannot be reached"})
        else:
            self.reply(404, {"error": "not found"})

    def reply(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, fmt, *args):
        log.info(fmt, *args)


if __name__ == "__main__":
    store.prepare()
    ThreadingHTTPServer(("", 8000), Handler).serve_forever()
