"""``append:FILE`` adds one line of JSON to a file for each result."""

import json
import os

from zope.interface import implementer

from jqengine.errors import BadValue
from jqengine.interfaces import IResultSink


@implementer(IResultSink)
class AppendSink:
    durable = True
    compares = False
    options = {"label": str}

    def __init__(self, url, tools):
        if not url.target:
            raise BadValue("append: names no file; expected append:FILE")
        self.path = os.path.join(tools.directory, url.target)
        self.label = url.options.get("label", "")
        self.in_thread = tools.in_thread
        self.lane = f"append:{self.path}"

    def deliver(self, parcel):
        line = json.dumps([parcel.id, self.label, parcel.run.name, parcel.result.status])
        return self.in_thread(lambda: self.append(line))

    def append(self, line):
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(f"{line}\n")
