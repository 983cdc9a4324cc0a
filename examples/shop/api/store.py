"""Products in Postgres, read through Redis."""

import json
import os

import psycopg
import redis

SEED = [("Apple, a kilo", 320), ("Bread, dark", 410), ("Coffee, 500 g", 890)]
CACHE_SECONDS = 30


class Store:
    def __init__(self):
        self.url = os.environ["DATABASE_URL"]
        self.cache = redis.Redis.from_url(os.environ["CACHE_URL"], socket_timeout=2)

    def prepare(self):
        with psycopg.connect(self.url) as db:
            db.execute(
                "create table if not exists products"
                " (id serial primary key, name text not null unique, cents integer not null check (cents > 0))"
            )
            for name, cents in SEED:
                db.execute(
                    "insert into products (name, cents) values (%s, %s) on conflict (name) do nothing",
                    (name, cents),
                )

    def products(self):
        known = self.cached()
        if known is not None:
            return known
        with psycopg.connect(self.url) as db:
            rows = db.execute("select id, name, cents from products order by id").fetchall()
        found = [{"id": i, "name": n, "cents": c} for i, n, c in rows]
        self.remember(found)
        return found

    def cached(self):
        try:
            text = self.cache.get("products")
        except redis.RedisError:
            return None
        return json.loads(text) if text else None

    def remember(self, found):
        try:
            self.cache.set("products", json.dumps(found), ex=CACHE_SECONDS)
        except redis.RedisError:
            pass  # the next reader asks the database again
