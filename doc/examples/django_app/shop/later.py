"""Counts that a person asks for: scheduled, listed, taken back and waited for in views.

``JobQueue()`` finds the engine by ``JOBQUEUE_AMP``.  The engine sets it for the
application it hosts; under another server say it yourself.
"""

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_POST, require_safe

from jqengine.client import Job, JobQueue
from jqengine.errors import BadSchedule, NoSuchJob, NotInTime, NotPossible

queue = JobQueue()
may_count = permission_required("shop.add_stockcount", raise_exception=True)


@may_count
def counts(request: HttpRequest) -> HttpResponse:
    """List the counts that are still to come, or ask for one, now or ``when`` it is said."""
    user = request.user.username
    if request.method != "POST":
        jobs = queue.jobs(user=user, target="/stock/count", state="scheduled")
        return JsonResponse([shown(job) for job in jobs], safe=False)
    try:
        job = queue.schedule(
            "/stock/count", method="POST", user=user, when=request.POST.get("when")
        )
    except BadSchedule as error:
        return HttpResponse(f"{error}\n", "text/plain", 400)
    return JsonResponse(shown(job), status=202)


@require_safe
@may_count
def wait_for_it(request: HttpRequest, job_id: str) -> HttpResponse:
    """The count, as soon as it is there."""
    try:
        result = own(request, job_id).wait(timeout=10)
    except NotInTime:
        return HttpResponse("Not yet.\n", "text/plain", 202)
    return HttpResponse(result.body, "text/plain", result.status)


@require_POST
@may_count
def take_it_back(request: HttpRequest, job_id: str) -> HttpResponse:
    """Cancel a count that has not begun."""
    try:
        return JsonResponse(shown(own(request, job_id).cancel()))
    except NotPossible as error:
        return HttpResponse(f"{error}\n", "text/plain", 409)


def own(request: HttpRequest, job_id: str) -> Job:
    """A job of the user, and nobody else's."""
    try:
        job = queue.job(job_id)
    except NoSuchJob:
        raise Http404 from None
    if job.view.user != request.user.username:
        raise Http404
    return job


def shown(job: Job) -> dict[str, Any]:
    """What a page says of a job."""
    return {"id": job.id, "state": job.state, "due": job.due and job.due.isoformat()}
