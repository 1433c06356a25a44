from jqengine.sinktools import SinkPlugin

append = SinkPlugin(("append",), "append_sink.AppendSink")
