"""The demo: one WSGI file without a framework, and its crontab beside it.

Open http://127.0.0.1:8080/ and watch the terminal: the same application that
answers the browser is sent its jobs, and what it answers decides what becomes
of them.
"""

import html
import threading
import time
from collections import deque

started = time.time()
seen = deque(maxlen=30)
lock = threading.Lock()
failures_left = 2
coupons_left = 3


def application(environ, start_response):
    job = environ.get("jobqueue.job")
    path = environ["PATH_INFO"]
    view = VIEWS.get(path)
    if view is None:
        status, body = "404 Not Found", "There is nothing here.\n"
    elif path != "/" and job is None:
        status, body = "403 Forbidden", "Only the job queue may ask for this.\n"
    else:
        status, body = view(environ, job)
    if job is not None:
        with lock:
            seen.appendleft((time.time(), environ, job, status))
    kind = "text/html" if body.startswith("<!doctype") else "text/plain"
    start_response(status, [("Content-Type", f"{kind}; charset=utf-8")])
    return [body.encode()]


def heartbeat(environ, job):
    return "200 OK", f"Up for {time.time() - started:.0f} seconds.\n"


def flaky(environ, job):
    """Fails twice, then works: the engine tries again on its own."""
    global failures_left
    if failures_left:
        failures_left -= 1
        return "503 Service Unavailable", "Not yet.\n"
    return "200 OK", f"It worked at attempt {job['attempt']}.\n"


def coupon(environ, job):
    """Gives three coupons, then answers 410 Gone, which ends the job."""
    global coupons_left
    if not coupons_left:
        return "410 Gone", "That was the last one.\n"
    coupons_left -= 1
    return "200 OK", f"A coupon for {environ['REMOTE_USER']}, {coupons_left} left.\n"


def party(environ, job):
    form = environ["wsgi.input"].read().decode()
    return "200 OK", f"It is time for a party ({form}).\n"


def board(environ, job):
    with lock:
        rows = "".join(row(*one) for one in seen)
    return "200 OK", PAGE.format(rows=rows or "<tr><td colspan=5>No job yet: wait a second.</td></tr>")


def row(when, environ, job, status):
    cells = (
        time.strftime("%H:%M:%S", time.localtime(when)),
        f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}",
        job["user"] or "nobody",
        job["attempt"],
        status,
    )
    kind = "good" if status < "4" else "bad"
    return f"<tr class={kind}>" + "".join(f"<td>{html.escape(str(one))}</td>" for one in cells)


VIEWS = {
    "/": board,
    "/heartbeat": heartbeat,
    "/flaky": flaky,
    "/coupon": coupon,
    "/party": party,
}

PAGE = """<!doctype html>
<html lang=en><meta charset=utf-8><meta http-equiv=refresh content=1>
<meta name=viewport content="width=device-width">
<title>jqengine demo</title>
<style>
  :root {{ color-scheme: light dark; font: 16px/1.6 system-ui, sans-serif }}
  body {{ max-width: 48rem; margin: 3rem auto; padding: 0 1rem }}
  table {{ border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }}
  td, th {{ text-align: left; padding: .25rem 1rem .25rem 0; border-bottom: 1px solid #8884 }}
  .bad td:last-child::before {{ content: "\\2717\\a0"; color: #c0392b }}
  .good td:last-child::before {{ content: "\\2713\\a0"; color: #2e7d32 }}
</style>
<h1>A job is a request with a time on it</h1>
<p>This page came over HTTP. The rows below are requests that the engine made
itself, because <code>jobs.tab</code> says so. The newest is on top.</p>
<table><tr><th>when<th>request<th>user<th>attempt<th>answer</tr>
{rows}</table>
"""
