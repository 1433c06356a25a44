"""Requests that become jobs because their clients prefer it."""

from __future__ import annotations

from collections.abc import Callable

from twisted.web.resource import IResource

from jqengine.app.respondasync import RespondAsync
from jqengine.assembly.surroundings import Surroundings
from jqengine.config import Settings
from jqengine.interfaces import IDeliveryStore, IStore
from jqengine.job import Policy


def respond_async_or(
    application: IResource,
    settings: Settings,
    world: Surroundings,
    store: IStore,
    new_id: Callable[[float], str],
    wake: Callable[[], None],
) -> IResource:
    """*application*, before it what ``--respond-async`` asks for; itself if that is nothing."""
    if not settings.respond_async:
        return application
    policy = Policy(attempts=settings.attempts, backoff=settings.backoff, timeout=settings.timeout)
    resource: IResource = RespondAsync(
        application,
        prefixes=settings.respond_async,
        store=store,
        results=IDeliveryStore(store),
        clock=world.clock,
        policy=policy,
        new_id=new_id,
        random_bytes=world.random.randbytes,
        wake=wake,
    )
    return resource
