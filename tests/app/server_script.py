"""Serves and runs jobs on the reactor that is named, asks itself, and says what came."""

from __future__ import annotations

import http.client
import sys
from functools import partial

if sys.argv[1] == "asyncio":
    from twisted.internet import asyncioreactor

    asyncioreactor.install()
elif sys.argv[1] == "epoll":
    from twisted.internet import epollreactor

    epollreactor.install()

from twisted.internet import reactor
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.threads import deferToThread

from jqengine.app.environ import ErrorStream
from jqengine.app.jobs import JobHost
from jqengine.app.resource import WSGIResource
from jqengine.app.service import HttpService
from jqengine.app.site import HostedSite
from jqengine.app.threads import ApplicationThreads
from jqengine.clock import SystemClock
from jqengine.request.capture import call_application
from jqengine.request.environ import JobEnviron
from tests.app.test_jobs import a_run


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    if environ["PATH_INFO"] == "/stream":
        return (b"%d\n" % number * 1000 for number in range(1000))
    return [environ["PATH_INFO"].encode()]


def ask(port: int) -> list[object]:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    answers: list[object] = []
    for path in ("/one", "/two", "/stream"):
        client.request("POST", path, body=b"x" * 200_000)
        body = client.getresponse().read()
        answers.append(body.decode() if len(body) < 100 else len(body))
    client.close()
    return answers


async def main() -> None:
    web, job = (ApplicationThreads(reactor, name, 2) for name in ("web", "job"))
    site = HostedSite(WSGIResource(reactor, web, application), reactor=reactor, clock=SystemClock())
    endpoint = TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")
    http_service = HttpService(reactor=reactor, site=site, endpoints=[endpoint], drain_timeout=5.0)
    delivered: Deferred = Deferred()
    host = JobHost(
        reactor,
        job,
        build=JobEnviron(errors=ErrorStream()),
        call=partial(call_application, application, now=SystemClock().now, body_limit=1000),
        deliver=delivered.callback,
        spare=1,
    )
    await http_service.listen()
    for service in (web, job, http_service):
        service.startService()
    print(type(reactor).__name__, await deferToThread(ask, http_service.addresses()[0].port))
    host.run([a_run(1)])
    print([(run.id, result.status, result.body) for run, result in await delivered])
    for service in (http_service, web, job):
        await service.stopService()


def run() -> None:
    done = ensureDeferred(main())
    done.addErrback(lambda failure: failure.printTraceback())
    done.addBoth(lambda _: reactor.stop())


reactor.callWhenRunning(run)
reactor.run()
