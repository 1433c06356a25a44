"""The first tables of the shop."""

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="StockCount",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("run", models.CharField(max_length=64, unique=True)),
                ("counted_by", models.CharField(max_length=150)),
                ("counted_at", models.DateTimeField(auto_now_add=True)),
                ("attempt", models.PositiveIntegerField()),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
    ]
