"""The shop in Django's admin."""

from django.contrib import admin

from shop.models import StockCount


@admin.register(StockCount)
class StockCountAdmin(admin.ModelAdmin):
    """Counts can be looked at in the admin."""

    list_display = ("counted_by", "counted_at", "attempt", "run")
