"""A small Flask application, and how its jobs act for its users.

People log in with a form and a session cookie.  A job has no cookie: the
engine says who it is for in ``REMOTE_USER``, and :func:`load_user` believes
it.  Everything behind that point is the same for both.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import notes_jobs
from flask import (
    Flask,
    Response,
    abort,
    current_app,
    g,
    redirect,
    render_template_string,
    request,
    session,
    url_for,
)
from werkzeug.exceptions import HTTPException
from werkzeug.utils import secure_filename

USERS = {"alice": "wonderland", "bob": "builder"}


def create_app(folder: str | None = None) -> Flask:
    """The application, keeping its files in *folder*."""
    app = Flask(__name__)
    app.config["SECRET_KEY"] = os.environ.get("NOTES_SECRET", "only for the example")
    app.config["MAX_CONTENT_LENGTH"] = 4 * 1024 * 1024
    folder = folder or os.environ.get("NOTES_FOLDER") or tempfile.mkdtemp(prefix="notes-")
    app.config["FOLDER"] = Path(folder)
    app.before_request(load_user)
    app.register_error_handler(HTTPException, show_http_error)
    app.register_error_handler(Exception, show_crash)
    app.register_blueprint(notes_jobs.blueprint)
    for rule, view, methods in (
        ("/", home, ["GET"]),
        ("/login", login, ["GET", "POST"]),
        ("/logout", logout, ["POST"]),
        ("/notes", upload, ["POST"]),
        ("/export", export, ["GET"]),
        ("/digest", digest, ["POST"]),
        ("/broken", broken, ["GET"]),
    ):
        app.add_url_rule(rule, view_func=view, methods=methods)
    return app


def load_user() -> None:
    """The user of this request: of its job, else of its session.

    ``REMOTE_USER`` is only ever set by the engine; no client can send it.
    """
    g.job = request.environ.get("jobqueue.job")
    g.user = request.environ.get("REMOTE_USER") or session.get("user")


def require_user() -> str:
    """The user's name, or 401."""
    if not g.user:
        abort(401)
    return str(g.user)


def folder_of(user: str) -> Path:
    """Where the notes of *user* are."""
    folder: Path = current_app.config["FOLDER"] / secure_filename(user)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def home() -> str:
    """Who you are, and your notes."""
    names = sorted(one.name for one in folder_of(g.user).iterdir()) if g.user else []
    return render_template_string(HOME, user=g.user, names=names)


def login() -> str | Response:
    """The form, and the session that comes of it."""
    if request.method == "GET":
        return render_template_string(LOGIN)
    name = request.form.get("name", "")
    if USERS.get(name) != request.form.get("password"):
        abort(403, "Name or password is wrong.")
    session["user"] = name
    return redirect(url_for("home"), 303)


def logout() -> Response:
    """The end of the session."""
    session.clear()
    return redirect(url_for("home"), 303)


def upload() -> tuple[str, int]:
    """Keep an uploaded file as a note."""
    sent = request.files.get("note")
    name = secure_filename(sent.filename or "") if sent else ""
    if not sent or not name:
        abort(400, "A file named 'note' is needed.")
    sent.save(folder_of(require_user()) / name)
    return f"Kept {name}.\n", 201


def export() -> Response:
    """All notes of the user, streamed one by one."""
    folder = folder_of(require_user())

    def lines() -> Iterator[str]:
        for note in sorted(folder.iterdir()):
            yield f"== {note.name}\n"
            yield note.read_text(errors="replace")
            yield "\n"

    return Response(lines(), mimetype="text/plain")


def digest() -> tuple[str, int]:
    """What the nightly job asks for: count the notes of its user."""
    user = require_user()
    if g.job is None:
        abort(403, "Only the job queue may ask for a digest.")
    count = sum(1 for one in folder_of(user).iterdir() if one.name != "digest.txt")
    text = f"{user} had {count} notes at {g.job['due']} ({request.form.get('format', 'short')}).\n"
    (folder_of(user) / "digest.txt").write_text(text)
    return text, 200


def broken() -> str:
    """A view that fails."""
    raise RuntimeError(f"this view is broken since {time.strftime('%Y')}")


def show_http_error(error: HTTPException) -> tuple[str, int]:
    """Errors in the application's own words, with their status."""
    return f"{error.name}: {error.description}\n", error.code or 500


def show_crash(error: Exception) -> tuple[str, int]:
    """A crash is a 500 for browsers and jobs alike, so that a job is tried again."""
    current_app.logger.error("%s %s failed: %r", request.method, request.path, error)
    return "Something went wrong.\n", 500


HOME = """<!doctype html><title>Notes</title>
{% if user %}
<p>You are {{ user }}.</p>
<ul>{% for name in names %}<li>{{ name }}</li>{% endfor %}</ul>
<form method=post action=/notes enctype=multipart/form-data>
<input type=file name=note><button>Upload</button></form>
<p><a href=/export>Export</a></p>
<form method=post action=/logout><button>Log out</button></form>
{% else %}<p><a href=/login>Log in</a></p>{% endif %}
"""

LOGIN = """<!doctype html><title>Log in</title>
<form method=post><input name=name><input name=password type=password><button>Log in</button></form>
"""
