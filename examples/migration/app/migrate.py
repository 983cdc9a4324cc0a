"""Brings the schema up to date, a step at a time; the number of steps done stands in the database."""

import os

import psycopg

STEPS = [
    "CREATE TABLE notes (id bigserial PRIMARY KEY, text text NOT NULL)",
    "ALTER TABLE notes ADD COLUMN made timestamptz NOT NULL DEFAULT now()",
]


def main():
    with psycopg.connect(os.environ["DATABASE_URL"], connect_timeout=10) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS steps (done integer NOT NULL)")
        # Two that run at once wait for each other here.
        connection.execute("LOCK TABLE steps IN EXCLUSIVE MODE")
        row = connection.execute("SELECT max(done) FROM steps").fetchone()
        done = row[0] or 0
        for number, step in enumerate(STEPS[done:], done + 1):
            print(f"step {number}: {step}", flush=True)
            connection.execute(step)
            connection.execute("INSERT INTO steps VALUES (%s)", (number,))
    print(f"the schema has {len(STEPS)} steps", flush=True)


if __name__ == "__main__":
    main()
