"""Pages of the shop: asks the API for the products and fills the template."""

import html
import json
import os
import string
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

API_URL = os.environ.get("API_URL", "http://api:8000")
TITLE = os.environ.get("SHOP_TITLE", "The shop")
PAGE = string.Template(Path(__file__).with_name("page.html").read_text(encoding="utf-8"))


def products():
    with urllib.request.urlopen(f"{API_URL}/products", timeout=3) as reply:
        return json.load(reply)


def render():
    note = "Prices include tax."
    try:
        items = [
            f"  <li><span>{html.escape(p['name'])}</span><span>{p['cents'] / 100:.2f} €</span></li>"
            for p in products()
        ]
    except (OSError, ValueError) as problem:
        items, note = [], f"The shelves are being filled ({type(problem).__name__})."
    return PAGE.substitute(title=html.escape(TITLE), items="\n".join(items), note=html.escape(note))


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/healthz":
            self.reply(200, "text/plain", "ok\n")
        elif self.path == "/":
            self.reply(200, "text/html; charset=utf-8", render())
        else:
            self.reply(404, "text/plain", "not found\n")

    def reply(self, status, kind, text):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    ThreadingHTTPServer(("", 8080), Handler).serve_forever()
