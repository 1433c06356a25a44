"""The Django example, in a process of its own: Django is configured once a process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "doc/examples/django_app"

PREPARE = """
import io, json, sys
import django
django.setup()
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.test import Client
call_command("migrate", verbosity=0)
alice = User.objects.create_user("alice", password="wonderland", is_staff=True)
alice.user_permissions.add(*Permission.objects.filter(codename__endswith="stockcount"))
User.objects.create_user("bob", password="builder")

from jqengine.job import Request
from jqengine.request.capture import call_application
from jqengine.request.environ import JobEnviron
from tests.dispatch.values import a_run
from wsgi import application

def ask(user, method="POST", target="/stock/count", **changes):
    run = a_run(request=Request(method=method, target=target, user=user), **changes)
    environ = JobEnviron(errors=io.StringIO())(run)
    result = call_application(application, environ, now=lambda: 0.0, body_limit=10000)
    return result.status, result.body.decode()
"""


def in_django(tmp_path: Path, script: str) -> str:
    """What *script* prints when run in the example's folder with a fresh database."""
    finished = subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "-c", PREPARE + script],
        cwd=EXAMPLE,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "settings",
            "SHOP_DATA": str(tmp_path),
            "PYTHONPATH": os.pathsep.join([str(EXAMPLE), str(ROOT)]),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    script = """
print(ask("alice")[0])
print(ask("alice", attempt=2)[0])
print(ask("bob")[0])
print(ask(None)[0])
print(ask("mallory")[0], User.objects.filter(username="mallory").count())
client = Client(SERVER_NAME="localhost")
forged = {"X-Via-JobQueue": "yes", "Remote-User": "alice"}
print(client.post("/stock/count", headers=forged).status_code)
print(client.login(username="alice", password="wonderland"))
print(client.post("/stock/count").status_code)
print("counted by alice" in client.get("/").content.decode())
print("run-1" in client.get("/admin/shop/stockcount/").content.decode())
from shop.models import StockCount
print([(one.counted_by, one.attempt) for one in StockCount.objects.all()])
"""
    return in_django(tmp_path_factory.mktemp("shop"), script).splitlines()


def test_a_job_run_as_alice_writes_a_model(answers: list[str]) -> None:
    assert answers[0] == "201"


def test_a_second_attempt_of_the_run_writes_nothing_more(answers: list[str]) -> None:
    assert answers[1] == "200"
    assert answers[10] == "[('alice', 1)]"


def test_a_user_without_the_permission_and_nobody_may_not(answers: list[str]) -> None:
    assert answers[2:4] == ["403", "403"]


def test_a_misspelled_user_is_not_made(answers: list[str]) -> None:
    assert answers[4] == "403 0"


def test_no_client_passes_for_a_job(answers: list[str]) -> None:
    assert answers[5] == "403"
    assert answers[6:8] == ["True", "403"]


def test_people_see_what_jobs_did(answers: list[str]) -> None:
    assert answers[8:10] == ["True", "True"]
