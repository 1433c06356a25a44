"""What the shop keeps."""

from django.db import models


class StockCount(models.Model):
    """One count of the stock, made by a job."""

    run = models.CharField(max_length=64, unique=True)
    counted_by = models.CharField(max_length=150)
    counted_at = models.DateTimeField(auto_now_add=True)
    attempt = models.PositiveIntegerField()

    class Meta:
        """Newest first."""

        ordering = ["-id"]

    def __str__(self) -> str:
        return f"counted by {self.counted_by} at {self.counted_at:%Y-%m-%d %H:%M:%S}"
