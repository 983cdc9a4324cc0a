"""Does one job after the other. What it has in hand lies in a list of its own, so that a worker that
dies loses nothing: the next one that starts puts it back."""

import os
import signal
import socket
import time

import redis

store = redis.from_url(os.environ["QUEUE_URL"], socket_timeout=30)
ending = False


def end(number, frame):
    global ending
    ending = True


def work(text):
    time.sleep(2)  # stands for what takes time
    return len(text)


def main():
    signal.signal(signal.SIGTERM, end)
    name, seen = socket.gethostname(), "in-hand"
    while store.rpoplpush(seen, "waiting"):
        pass
    while not ending:
        number = store.brpoplpush("waiting", seen, timeout=5)
        if number is None:
            continue
        job = f"job:{number.decode()}"
        result = work(store.hget(job, "text") or b"")
        store.hset(job, mapping={"state": "done", "worker": name, "result": result})
        store.lrem(seen, 1, number)
        print(f"{job} is done", flush=True)


if __name__ == "__main__":
    main()
