"""Runs work in dependency order, independent pieces in parallel, at most LIMIT at a time.

After the first failure nothing new begins, and what runs is told by an event that it may end early;
all failures are answered in the order in which they came. `reverse` and `order` are for deletions
and for previews, which go one by one.
"""

import threading
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

LIMIT = 8


def run(deps: dict, work, stop: threading.Event) -> list:
    """Calls `work(node)` once all of `deps[node]` are done. After the first failure nothing new
    starts and `stop` is set.

    Answers [(node, exception)] in the order of failing.
    """
    waiting = {node: set(needs) & set(deps) for node, needs in deps.items()}
    failures: list = []
    running: dict = {}
    with ThreadPoolExecutor(max_workers=LIMIT) as pool:
        while waiting or running:
            if not stop.is_set():
                for node in [n for n, needs in waiting.items() if not needs]:
                    if len(running) >= LIMIT:
                        break
                    del waiting[node]
                    running[pool.submit(work, node)] = node
            if not running:
                if not stop.is_set():
                    raise RuntimeError(f"dependency cycle between {sorted(map(str, waiting))}")
                break
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                node = running.pop(future)
                error = future.exception()
                if error is not None:
                    failures.append((node, error))
                    stop.set()
                    continue
                for needs in waiting.values():
                    needs.discard(node)
    return failures


def reverse(deps: dict) -> dict:
    """node -> the nodes that need it."""
    result: dict = {node: set() for node in deps}
    for node, needs in deps.items():
        for other in needs:
            if other in result:
                result[other].add(node)
    return result


def order(deps: dict) -> list:
    """A topological order, stable in the order of `deps`."""
    done: list = []
    left = {n: set(needs) & set(deps) for n, needs in deps.items()}
    while left:
        ready = [n for n, needs in left.items() if not needs - set(done)]
        if not ready:
            raise ValueError("cycle")
        done.extend(ready)
        for name in ready:
            del left[name]
    return done
