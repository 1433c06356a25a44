"""The label by which ``twistd`` and ``twist`` find the engine."""

from twisted.application.service import ServiceMaker

jobqueue = ServiceMaker(
    "jobqueue",
    "jqengine.tap",
    "Serve a WSGI application and send it jobs: requests with a time on them.",
    "jobqueue",
)
