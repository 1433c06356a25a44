"""The paths of the Django example."""

from django.contrib import admin
from django.urls import path
from shop import later, views

urlpatterns = [
    path("", views.home),
    path("admin/", admin.site.urls),
    path("stock/count", views.count_stock),
    path("stock/counts", later.counts),
    path("stock/counts/<job_id>", later.wait_for_it),
    path("stock/counts/<job_id>/cancel", later.take_it_back),
]
