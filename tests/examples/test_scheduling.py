"""The examples schedule, list, cancel and wait in their views, under two servers."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

import pytest

from tests.system.engine_process import engine
from tests.system.other_server import gunicorn, needs_gunicorn

EXAMPLES = Path(__file__).parents[2] / "doc/examples"


class Browser:
    """A person with cookies."""

    def __init__(self, port: int) -> None:
        self.jar = CookieJar()
        self._base = f"http://127.0.0.1:{port}"
        self._opener = build_opener(HTTPCookieProcessor(self.jar))

    def get(self, path: str) -> tuple[int, str]:
        return self._open(Request(self._base + path))

    def post(self, path: str, **fields: str) -> tuple[int, str]:
        headers = {"Referer": self._base}
        token = next((one.value for one in self.jar if one.name == "csrftoken"), None)
        if token:
            headers["X-CSRFToken"] = token
        data = urlencode(fields).encode()
        return self._open(Request(self._base + path, data, headers))

    def _open(self, request: Request) -> tuple[int, str]:
        try:
            with self._opener.open(request, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.read().decode()


def log_in_to_flask(browser: Browser) -> None:
    assert browser.post("/login", name="alice", password="wonderland")[0] == 200


def log_in_to_django(browser: Browser) -> None:
    browser.get("/admin/login/")
    status, page = browser.post("/admin/login/?next=/", username="alice", password="wonderland")
    assert status == 200, page


def prepare_django(environment: dict[str, str]) -> None:
    script = (
        "import django; django.setup()\n"
        "from django.contrib.auth.models import Permission, User\n"
        "from django.core.management import call_command\n"
        "call_command('migrate', verbosity=0)\n"
        "alice = User.objects.create_user('alice', password='wonderland', is_staff=True)\n"
        "alice.user_permissions.add(*Permission.objects.filter(codename='add_stockcount'))\n"
    )
    subprocess.run(
        [sys.executable, "-c", script],
        cwd=EXAMPLES / "django_app",
        env={**os.environ, **environment},
        check=True,
    )


APPLICATIONS = {
    "flask": ("flask_app", "notes_app:create_app()", "/digests", log_in_to_flask, "alice had 0"),
    "django": ("django_app", "wsgi", "/stock/counts", log_in_to_django, "counted by alice"),
}


@pytest.mark.parametrize("server", ["engine", pytest.param("gunicorn", marks=needs_gunicorn)])
@pytest.mark.parametrize("name", APPLICATIONS)
def test_an_example(name: str, server: str) -> None:
    folder, app, path, log_in, answer = APPLICATIONS[name]
    with tempfile.TemporaryDirectory(prefix="jq") as state:
        environment = {
            "NOTES_FOLDER": f"{state}/notes",
            "SHOP_DATA": state,
            "DJANGO_SETTINGS_MODULE": "settings",
            "PYTHONPATH": f"{EXAMPLES / folder}:{EXAMPLES.parents[1]}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "JOBQUEUE_AMP": f"unix:{state}/amp.sock",
        }
        if name == "django":
            prepare_django(environment)
        arguments = ("--app", app, "--sink", "off", "--state-dir", state)
        with engine(EXAMPLES / folder, *arguments, environment=environment) as one:
            one.until(lambda: one.has_said("The engine is up"))
            if server == "engine":
                use(Browser(one.port), path, log_in, answer)
            else:
                target = app if ":" in app else f"{app}:application"
                with gunicorn(EXAMPLES / folder, target, environment) as port:
                    use(Browser(port), path, log_in, answer)


def use(browser: Browser, path: str, log_in: Callable[[Browser], None], answer: str) -> None:
    """What a person does."""
    assert browser.get(path)[0] in (401, 403)
    log_in(browser)
    status, text = browser.post(path)
    assert status == 202, text
    status, text = browser.get(f"{path}/{said(text)['id']}")
    assert re.match(answer, text), text
    assert 200 <= status < 300
    status, text = browser.post(path, when="tomorrow at 8am")
    later = said(text)
    assert [one["id"] for one in said(browser.get(path)[1])] == [later["id"]]
    assert said(browser.post(f"{path}/{later['id']}/cancel")[1])["state"] == "cancelled"
    assert said(browser.get(path)[1]) == []
    assert browser.post(path, when="tomorrow asdf")[0] == 400
    assert browser.get(f"{path}/{'0' * 26}")[0] == 404


def said(text: str) -> Any:
    return json.loads(text)
