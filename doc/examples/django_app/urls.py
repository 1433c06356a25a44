"""The paths of the Django example."""

from django.contrib import admin
from django.urls import path
from shop import views

urlpatterns = [
    path("", views.home),
    path("admin/", admin.site.urls),
    path("stock/count", views.count_stock),
]
