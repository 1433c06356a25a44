"""Eager mode with Django's own test client, in a process of its own: Django is set up once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = '''
import sys

sys.modules["program"] = sys.modules["__main__"]

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="x",
    ROOT_URLCONF="program",
    ALLOWED_HOSTS=["*"],
    INSTALLED_APPS=["django.contrib.sessions"],
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    MIDDLEWARE=[
        "program.ResumedRequestMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
    ],
)
django.setup()

from django.core.wsgi import get_wsgi_application
from django.middleware.csrf import get_token, rotate_token
from django.http import HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.test import Client, SimpleTestCase
from django.urls import path

from jqengine.client import JobQueue
from jqengine.testing import eager

queue = JobQueue()


class ResumedRequestMiddleware:
    """As the page on continuations has it."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if "jobqueue.continuation" in request.META:
            request.csrf_processing_done = True
        return self.get_response(request)


def token(request):
    """What a login does to the token of the form that is on the screen."""
    rotate_token(request)
    return HttpResponse(get_token(request))


def schedule(request):
    request.META["jobqueue"].on_success().schedule("/job", method="POST", data={"a": "b"})
    return HttpResponse("scheduled", status=int(request.GET.get("status", 200)))


def broken(request):
    request.META["jobqueue"].on_success().schedule("/job")
    raise ZeroDivisionError


def stream(request):
    request.META["jobqueue"].on_success().schedule("/job")
    return StreamingHttpResponse(iter(["a", "b"]))


def job(request):
    return HttpResponse(f"{request.method} {request.POST.get('a')}")


job.csrf_exempt = True


def form(request):
    """Saves the form, whose body has been read, and comes back to it by link."""
    state = request.META.get("jobqueue.continuation", {}).get("state")
    if state is None:
        name = request.POST["name"]
        request.session["visits"] = request.session.get("visits", 0) + 1
        return HttpResponseRedirect(queue.continuation(request, state={"name": name}).url)
    return HttpResponse(f"{state['name']} {request.POST['name']} {request.session['visits']}")


urlpatterns = [
    path("", schedule), path("broken", broken), path("stream", stream), path("job", job),
    path("form", form), path("token", token),
]
application = get_wsgi_application()


class Tests(SimpleTestCase):
    def setUp(self):
        context = eager(application, session_cookie="sessionid")
        self.engine = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)

    def test_success(self):
        assert self.client.get("/").content == b"scheduled"
        [ran] = self.engine.run_due()
        assert ran.text == "POST b", ran

    def test_failure(self):
        assert self.client.get("/?status=409").status_code == 409
        with self.assertRaises(ZeroDivisionError):
            self.client.get("/broken")
        assert Client(raise_request_exception=False).get("/broken").status_code == 500
        assert self.engine.jobs == []

    def test_streaming(self):
        response = self.client.get("/stream")
        assert b"".join(response.streaming_content) == b"ab"
        assert len(self.engine.jobs) == 1

    def test_link(self):
        link = self.client.post("/form", {"name": "Ada"})["Location"]
        assert Client().get(link).status_code == 410
        response = self.client.get(link)
        assert response.content == b"Ada Ada 1", response.content
        assert response["Cache-Control"] == "no-store"
        assert response.wsgi_request.method == "POST"
        refused = self.client.get(link)
        assert (refused.status_code, refused.content[:9]) == (410, b"This link")

    def test_csrf(self):
        """A saved form has the token of its time, which a login makes void."""
        client = Client(enforce_csrf_checks=True)
        assert client.post("/form", {"name": "Ada"}).status_code == 403
        form = {"name": "Ada", "csrfmiddlewaretoken": client.get("/token").content.decode()}
        link = client.post("/form", form)["Location"]
        client.get("/token")
        assert client.post("/form", form).status_code == 403
        assert client.get(link).content == b"Ada Ada 1"


if __name__ == "__main__":
    import unittest

    unittest.main()
'''


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("django")
    (folder / "program.py").write_text(PROGRAM)
    done = subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "program.py", "-v"],
        cwd=folder,
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.stderr


@pytest.mark.parametrize("name", ["success", "failure", "streaming", "link", "csrf"])
def test_djangos_client(said: str, name: str) -> None:
    assert f"test_{name} (__main__.Tests.test_{name})" in said, said
    part = said.partition(f"Tests.test_{name})")[2]
    assert part.partition("... ")[2].startswith("ok"), said
