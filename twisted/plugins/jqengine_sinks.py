"""The labels by which the engine finds its own sinks, one for each."""

from jqengine.sinktools import SinkPlugin

file = SinkPlugin(("file",), "jqengine.sinks.file.FileSink")
mail = SinkPlugin(("mailto",), "jqengine.sinks.mail.MailSink")
publish = SinkPlugin(("publish",), "jqengine.sinks.publish.PublishSink")
stdout = SinkPlugin(("stdout",), "jqengine.sinks.stdout.StdoutSink")
webhook = SinkPlugin(("https", "http"), "jqengine.sinks.webhook.WebhookSink")
