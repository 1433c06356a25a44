"""The pages of the shop."""

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from shop.models import StockCount


def home(request: HttpRequest) -> HttpResponse:
    """The latest counts."""
    lines = [str(count) for count in StockCount.objects.all()[:10]]
    return HttpResponse("\n".join(lines or ["Nothing was counted yet."]) + "\n", "text/plain")


# A job carries no CSRF token, and needs none: it was not made by a browser.
@csrf_exempt
@require_POST
@permission_required("shop.add_stockcount", raise_exception=True)
def count_stock(request: HttpRequest) -> HttpResponse:
    """Write a count, once for each run, whatever the number of its attempts."""
    job = request.META.get("jobqueue.job")
    if job is None:
        return HttpResponse("Only the job queue counts.\n", "text/plain", 403)
    count, made = StockCount.objects.get_or_create(
        run=job["run"],
        defaults={"counted_by": request.user.username, "attempt": job["attempt"]},
    )
    return HttpResponse(f"{count}\n", "text/plain", 201 if made else 200)
